/*
** carrier.h: carries the calls of one client, from their start to their end.
**
** Its queue says who may leave, its engine moves the bytes. It never waits:
** whoever drives it waits with the poller, until it is due. One thread at a
** time.
*/
#ifndef HL_CARRIER_H
#define HL_CARRIER_H

#include "call.h"
#include "poller.h"

typedef struct hl_carrier hl_carrier;

/* Both must outlive it. NULL: out of memory. */
hl_carrier *hl_carrier_new (const hl_settings *s, hl_poller *poller);

/* No call may run any more. */
void hl_carrier_free (hl_carrier *c);

/*
** In a child process, in place of hl_carrier_free: calls and connections are
** the parent's, which goes on with them. Here the calls end as cancelled; the
** connections are left alone, as closing them would say goodbye on them.
*/
void hl_carrier_desert (hl_carrier *c);

/* Take a prepared call on. It may be settled at once. */
void hl_carrier_start (hl_carrier *c, hl_call *call);

/* End a running call, or all of them, for a reason not their own. */
void hl_carrier_stop (hl_carrier *c, hl_call *call, hl_kind kind,
                      const char *why);
void hl_carrier_stop_all (hl_carrier *c, hl_kind kind, const char *why);

/* Calls that were started and are not settled. */
int hl_carrier_running (const hl_carrier *c);

/* Decide what follows for attempts that have ended. How many were there? */
int hl_carrier_conclude (hl_carrier *c);

/* The same, and all else there is to do now. */
int hl_carrier_turn (hl_carrier *c);

/* When the next turn is due, if nothing comes before; INT64_MAX: never. */
int64_t hl_carrier_due (const hl_carrier *c, int64_t now_us);

/* A call with news, each once until there is more; NULL: no more. */
hl_call *hl_carrier_next (hl_carrier *c);

/* When one more call with this token could leave, at the earliest. */
int64_t hl_carrier_ready (const hl_carrier *c, const char *token,
                          int64_t now_us);

/* What the server last said of the limits of the client's token. */
const hl_rate_limit *hl_carrier_limits (const hl_carrier *c);

#endif
