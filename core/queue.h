/*
** queue.h: calls that wait, for their turn under the rate limit or to try
** again.
**
** One pace for each token, as the server counts for each token; calls with
** the same one leave in the order they were started. Nothing happens here by
** itself: whoever carries the calls asks, with the time at hand, which may
** leave, and tells how they ended.
*/
#ifndef HL_QUEUE_H
#define HL_QUEUE_H

#include "call.h"
#include "list.h"
#include "pace.h"

typedef struct hl_queue {
  hl_window limit;     /* `requests` 0: calls never wait for a turn */
  hl_link lanes;       /* of hl_lane: one for each token lately used */
  hl_link resting;     /* calls that will try again, soonest first */
  size_t n_turns;      /* calls that wait for their turn */
  int64_t deadline_us; /* no waiting call has an earlier one */
  uint64_t order;      /* calls ever taken in */
} hl_queue;

void hl_queue_init (hl_queue *q, hl_window limit);

/* Every call must have left. */
void hl_queue_free (hl_queue *q);

/* Take in a call that was never here. False: out of memory. */
bool hl_queue_join (hl_queue *q, hl_call *call, int64_t now_us);

/* Let a call whose attempt ended wait until `call->resume_us`. */
void hl_queue_rest (hl_queue *q, hl_call *call);

/* Take a call out, wherever it waits. */
void hl_queue_leave (hl_queue *q, hl_call *call);

/*
** One call after the other that may leave now, and holds its place in the
** window from here on; NULL: no more. `*no_memory`: it could not be given one.
*/
hl_call *hl_queue_next (hl_queue *q, int64_t now_us, bool *no_memory);

/* One call after the other whose deadline has passed while it waited. */
hl_call *hl_queue_overdue (hl_queue *q, int64_t now_us);

/* When the next of all this is due; INT64_MAX: never by itself. */
int64_t hl_queue_due (const hl_queue *q, int64_t now_us);

/* An attempt ended: what its answer says of the limit is learnt. `r` is NULL
** for one that was broken off. */
void hl_queue_ended (hl_call *call, const hl_result *r, int64_t now_us);

/* When this waiting call may leave, at the earliest; or (NULL) one more with
** this token, as things are. */
int64_t hl_queue_ready (const hl_queue *q, const hl_call *call,
                        const char *token, int64_t now_us);

#endif
