/*
** result.h: making what the public header calls an hl_result.
*/
#ifndef HL_RESULT_H
#define HL_RESULT_H

#include "highlevel.h"
#include "json.h"
#include "problems.h"

#define HL_BODY_KEPT ((size_t)16 * 1024)

/* Nothing was said of them. */
extern const hl_rate_limit hl_no_limits;

/* All unknown, of that kind. NULL: out of memory. */
hl_result *hl_result_new (hl_kind kind);

/* Those of a success; empty until it is one, and once its document is made. */
hl_json_tokens *hl_result_tokens (hl_result *r);

/* The result owns the text that its tokens point into. */
void hl_result_take_text (hl_result *r, char *text);

/* Find the trace among the tokens. False: out of memory. */
bool hl_result_take_trace (hl_result *r);

/* Make the document of the tokens, which end. False: out of memory. */
bool hl_result_plant (hl_result *r);

/* The one that needs no memory. It is shared: never write to it. */
const hl_result *hl_result_memory (void);

/* Give the message; line ends and other control characters become blanks.
** False: out of memory. */
bool hl_result_say (hl_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Copy one complaint of the server's. False: out of memory. */
bool hl_result_complain (hl_result *r, const char *text);

/* HL_INVALID with these problems, which are `p`'s no more. Never NULL. */
const hl_result *hl_result_invalid (hl_problems *p);

/* Give a result away: its kind is returned, and `*why` is it, or NULL when it
** is but the one that needs no memory. */
hl_kind hl_result_give (const hl_result *r, const hl_result **why);

/* HL_INVALID with one problem. Never NULL. */
const hl_result *hl_result_refuse (const char *path, const char *text);

#endif
