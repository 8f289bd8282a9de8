/*
** policy.h: whether and when to try again.
**
** A decision is a function from facts to a verdict: the time that is left and
** the dice come in as arguments.
*/
#ifndef HL_POLICY_H
#define HL_POLICY_H

#include "highlevel.h"

/* The longest wait that is ours to choose; a server may ask for a longer. */
#define HL_BACKOFF_MAX_US INT64_C(10000000)

/* What the decision is made of. */
typedef struct hl_trial {
  const hl_result *result; /* of the attempt that just ended */
  int attempts;            /* made so far, that one included */
  int retries;             /* allowed after the first */
  int64_t interval_us;     /* of the rate limit, if the answer names none */
  int64_t left_us;         /* until the deadline */
  double dice;             /* from 0 up to, not including, 1 */
} hl_trial;

typedef struct hl_verdict {
  bool again;
  int64_t wait_us;    /* before the next attempt */
  const char *reason; /* for the log: why again, or why not */
} hl_verdict;

/*
** Tried again, while attempts and time are left: a burst 429; no connection;
** a connection that broke or an answer that did not come, as a PUT can be
** repeated; 502, 503, 504. Never: another answer, a spent daily budget, a
** certificate, an answer that is not HTTP or JSON. The wait is Retry-After if
** the answer has one, else the rate limit's interval for a 429, else drawn
** from 0 to 250 ms, doubled with each attempt up to 10 s ("full jitter"). One
** that reaches the deadline is not begun.
*/
hl_verdict hl_policy_retry (const hl_trial *t);

#endif
