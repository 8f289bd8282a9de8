/*
** pace.h: how many requests may leave under a rate limit, and when.
**
** The limit is a sliding window: never more than `requests` within any
** `interval`. (A token bucket lets almost twice as many into the first one.)
** The server counts a request at some moment between its departure and its
** answer, so a request holds its place from the one until an interval after
** the other. What the X-RateLimit-* headers say is heeded beside what was
** configured: a smaller limit, and places taken by other programs.
**
** Pure: the time comes in as an argument, in microseconds, and never goes
** back.
*/
#ifndef HL_PACE_H
#define HL_PACE_H

#include "highlevel.h"

/* At most so many in so long a time. */
typedef struct hl_window {
  int64_t requests; /* 0: no such limit */
  int64_t interval_us;
} hl_window;

typedef struct hl_pace {
  hl_window own;    /* as configured */
  hl_window theirs; /* as the server's headers say, once they did */

  int64_t *ended;      /* when answers came, oldest first: a ring */
  size_t room;         /* its size: always enough for those on the way too */
  size_t first, n;     /* the part in use */
  int64_t on_the_way;  /* left, and not ended yet */
  uint64_t departures; /* ever */

  int64_t others; /* places of their window that other programs hold ... */
  int64_t others_until_us; /* ... until then at the latest, if not again */
  uint64_t others_told_by; /* the answer to this departure said so */
  int64_t closed_until_us; /* the server asked for silence until then */
  int64_t first_us;        /* of the first departure; -1 before it */
  bool heard;              /* from the server, at least once */
} hl_pace;

/* Of one request on its way: for what its end tells. */
typedef struct hl_ticket {
  uint64_t number;
  int64_t left_us;
} hl_ticket;

/* How a request ended, as far as the pace is concerned. */
typedef enum hl_ending {
  HL_UNSENT,  /* it never left, so nobody counted it */
  HL_COUNTED, /* answered, or lost when it may have been counted */
  HL_REFUSED  /* 429 */
} hl_ending;

void hl_pace_init (hl_pace *p, hl_window own);
void hl_pace_free (hl_pace *p);

/* When a request could leave with `ahead` others before it, as things are:
** `now_us` or earlier means at once. */
int64_t hl_pace_ready (const hl_pace *p, size_t ahead, int64_t now_us);

/* The same if the answer that a cautious first burst waits for came now. The
** true time may be later, never earlier. */
int64_t hl_pace_earliest (const hl_pace *p, size_t ahead, int64_t now_us);

/* A request leaves; the pace must be ready. False: out of memory. */
bool hl_pace_leave (hl_pace *p, hl_ticket *ticket, int64_t now_us);

/* It ended. `seen` and `retry_after_ms` are what its answer said; NULL and -1
** without one. */
void hl_pace_end (hl_pace *p, const hl_ticket *ticket, hl_ending how,
                  const hl_rate_limit *seen, int64_t retry_after_ms,
                  int64_t now_us);

/* Nothing is on its way, and no window remembers anything. */
bool hl_pace_is_idle (const hl_pace *p, int64_t now_us);

#endif
