/*
** answer.h: what the server said, and what that means.
**
** Pure: no socket, no clock. Whoever carries the bytes feeds header lines and
** body bytes; then the answer is judged once.
*/
#ifndef HL_ANSWER_H
#define HL_ANSWER_H

#include <time.h>

#include "highlevel.h"
#include "text.h"

typedef struct hl_answer {
  int status; /* 0 until the status line has come */
  hl_text body;
  hl_rate_limit rate_limit;
  int64_t retry_after_ms;
  char location[512]; /* of a redirect, for the message; or "" */
  bool html;
  bool as_tokens; /* to be set: a success has tokens in place of a document */
} hl_answer;

void hl_answer_init (hl_answer *a, size_t max_bytes);
void hl_answer_free (hl_answer *a);

/* One line of the head, as libcurl gives it. A status line starts all over
** (after a 100 Continue). `now` turns a Retry-After date into a wait. */
void hl_answer_header (hl_answer *a, const char *line, size_t len, time_t now);

/*
** Judge a complete answer; its body goes to the result. `secret` is blotted
** out of whatever the result of a failure shows. NULL: out of memory.
*/
hl_result *hl_answer_judge (hl_answer *a, const char *secret);

#endif
