/*
** pace.c: how many requests may leave under a rate limit, and when.
*/
#include "pace.h"

#include <stdlib.h>
#include <string.h>

/*
** The smallest limit known (trial accounts), and how long a burst keeps to it
** while no answer has told the real one. Too short to matter if the server is
** slow, long enough for a first answer from across an ocean.
*/
#define CAUTIOUS_REQUESTS 25
#define CAUTION_US INT64_C(1000000)

/* For clocks that tick in milliseconds on the other side. */
#define MARGIN_US INT64_C(10000)

/* An interval that no server means: an hour. */
#define INTERVAL_MAX_MS INT64_C(3600000)

void hl_pace_init (hl_pace *p, hl_window own) {
  memset(p, 0, sizeof(*p));
  p->own = own;
  p->own.interval_us += MARGIN_US;
  p->first_us = -1;
}

void hl_pace_free (hl_pace *p) {
  free(p->ended);
  p->ended = NULL;
  p->room = 0;
  p->n = 0;
}

/*------------------------------------------------------------------- ring */

static int64_t ended_at (const hl_pace *p, size_t i) {
  size_t at = p->first + i;

  return p->ended[at < p->room ? at : at - p->room];
}

/* Room for one more departure, which will be an end one day. */
static bool make_room (hl_pace *p) {
  size_t needed = p->n + (size_t)p->on_the_way + 1;
  size_t room = needed * 2, i;
  int64_t *longer;

  if (needed <= p->room)
    return true;
  longer = malloc(room * sizeof(*longer));
  if (longer == NULL)
    return false;
  for (i = 0; i < p->n; i++)
    longer[i] = ended_at(p, i);
  free(p->ended);
  p->ended = longer;
  p->room = room;
  p->first = 0;
  return true;
}

static void remember (hl_pace *p, int64_t now_us) {
  size_t at = p->first + p->n++;

  p->ended[at < p->room ? at : at - p->room] = now_us;
}

static int64_t longest (const hl_pace *p) {
  return p->own.interval_us > p->theirs.interval_us ? p->own.interval_us
                                                    : p->theirs.interval_us;
}

static void forget (hl_pace *p, int64_t now_us) {
  int64_t since = now_us - longest(p);

  while (p->n > 0 && ended_at(p, 0) <= since) {
    p->first = p->first + 1 < p->room ? p->first + 1 : 0;
    p->n--;
  }
}

/* The oldest end that a window still counts; they are in order. */
static size_t oldest_in (const hl_pace *p, int64_t interval_us,
                         int64_t now_us) {
  size_t low = 0, high = p->n;

  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (ended_at(p, mid) + interval_us > now_us)
      high = mid;
    else
      low = mid + 1;
  }
  return low;
}

/*------------------------------------------------------------------ ready */

/*
** Places that others hold, or held when they were last heard of: who used the
** limit in one interval most likely does so in the next. News that old leaves
** one place at least, or nothing would ever be heard again.
*/
static int64_t others_then (const hl_pace *p, int64_t at_us) {
  if (p->others_until_us > at_us || p->others < p->theirs.requests)
    return p->others;
  return p->theirs.requests - 1;
}

/* When `w` has a place, while others hold some of it. */
static int64_t window_ready (const hl_pace *p, const hl_window *w,
                             int64_t others, size_t ahead, int64_t now_us) {
  size_t i = oldest_in(p, w->interval_us, now_us);
  int64_t lacking = p->on_the_way + (int64_t)(p->n - i) + others +
                    (int64_t)ahead + 1 - w->requests;
  int64_t at = now_us;

  while (lacking > 0) {
    int64_t end =
        i < p->n ? ended_at(p, i) + w->interval_us : now_us + w->interval_us;
    if (w == &p->theirs && p->others_until_us > at &&
        p->others_until_us <= end &&
        others > others_then(p, p->others_until_us)) {
      lacking -= others - others_then(p, p->others_until_us);
      others = others_then(p, p->others_until_us);
      at = p->others_until_us;
    } else if (i < p->n) {
      lacking--;
      i++;
      at = end;
    } else { /* those on the way end now at the earliest */
      return end;
    }
  }
  return at;
}

int64_t hl_pace_earliest (const hl_pace *p, size_t ahead, int64_t now_us) {
  int64_t at = now_us, other;

  if (p->own.requests > 0)
    at = window_ready(p, &p->own, 0, ahead, now_us);
  if (p->theirs.requests > 0) {
    other = window_ready(p, &p->theirs, others_then(p, now_us), ahead, now_us);
    if (at < other)
      at = other;
  }
  return at > p->closed_until_us ? at : p->closed_until_us;
}

/* Until when a first burst that nobody has answered yet is held back. */
static int64_t caution_ends (const hl_pace *p, size_t ahead, int64_t now_us) {
  hl_window careful = p->own;
  int64_t at, end = p->first_us + CAUTION_US;

  if (p->heard || p->own.requests <= CAUTIOUS_REQUESTS || p->first_us < 0)
    return now_us;
  careful.requests = CAUTIOUS_REQUESTS;
  at = window_ready(p, &careful, 0, ahead, now_us);
  return at < end ? at : end;
}

int64_t hl_pace_ready (const hl_pace *p, size_t ahead, int64_t now_us) {
  int64_t at = hl_pace_earliest(p, ahead, now_us);
  int64_t careful = caution_ends(p, ahead, now_us);

  return at > careful ? at : careful;
}

bool hl_pace_is_idle (const hl_pace *p, int64_t now_us) {
  return p->on_the_way == 0 && p->closed_until_us <= now_us &&
         (p->n == 0 || ended_at(p, p->n - 1) + longest(p) <= now_us);
}

/*----------------------------------------------------------- leave and end */

bool hl_pace_leave (hl_pace *p, hl_ticket *ticket, int64_t now_us) {
  forget(p, now_us);
  if (!make_room(p))
    return false;
  if (p->first_us < 0)
    p->first_us = now_us;
  p->on_the_way++;
  ticket->number = ++p->departures;
  ticket->left_us = now_us;
  return true;
}

static int64_t at_most (int64_t n, int64_t most) {
  return n < most ? n : most;
}

/*
** How many places others hold: those taken when this answer was written, less
** our own. Requests that left after the answered one are taken for not yet
** counted in it, which is so while they arrive in the order they left; so of
** answers that overtake each other the one to the latest departure tells, or
** our own would be taken for others'. An answer that took its time speaks of a
** time too long ago.
*/
static void count_others (hl_pace *p, const hl_ticket *ticket, int64_t used,
                          bool refused, int64_t now_us) {
  int64_t ours = p->on_the_way +
                 (int64_t)(p->n - oldest_in(p, p->theirs.interval_us, now_us));
  int64_t later = (int64_t)(p->departures - ticket->number);

  if (now_us - ticket->left_us > p->theirs.interval_us / 2)
    return;
  if (!refused && ticket->number < p->others_told_by &&
      p->others_until_us > now_us)
    return;
  p->others_told_by = ticket->number;
  ours -= at_most(ours, later);
  p->others = used > ours ? used - ours : 0;
  p->others_until_us = now_us + p->theirs.interval_us;
}

static void learn (hl_pace *p, const hl_ticket *ticket,
                   const hl_rate_limit *seen, bool refused, int64_t now_us) {
  int64_t limit = seen->limit > 0 ? seen->limit : p->theirs.requests;
  int64_t left = refused ? 0 : seen->remaining;

  if (seen->interval_ms > 0 && seen->interval_ms <= INTERVAL_MAX_MS)
    p->theirs.interval_us = seen->interval_ms * 1000 + MARGIN_US;
  else if (p->theirs.interval_us == 0)
    p->theirs.interval_us = p->own.interval_us;
  if (limit <= 0 && refused) /* not said: then it was ours that was reached */
    limit = p->own.requests;
  if (limit <= 0)
    return; /* nothing was ever said of it */
  p->theirs.requests = limit;
  if (left < 0 && p->others_until_us <= now_us)
    p->others = 0; /* there was room: no more is known */
  if (left >= 0)
    count_others(p, ticket, limit > left ? limit - left : 0, refused, now_us);
}

/* How long a refusal stands: the server knows best, if it says so. */
static int64_t refusal_us (const hl_pace *p, int64_t retry_after_ms) {
  if (retry_after_ms >= 0)
    return at_most(retry_after_ms, INTERVAL_MAX_MS) * 1000;
  return p->theirs.interval_us > 0 ? p->theirs.interval_us : p->own.interval_us;
}

/*
** Nobody leaves until those that were refused may try again, and go first: or
** whoever came later would take the places that they wait for.
*/
static void close_for (hl_pace *p, int64_t us, bool was_said, int64_t now_us) {
  if (was_said)
    p->others_until_us = now_us + us;
  if (p->closed_until_us < now_us + us)
    p->closed_until_us = now_us + us;
}

void hl_pace_end (hl_pace *p, const hl_ticket *ticket, hl_ending how,
                  const hl_rate_limit *seen, int64_t retry_after_ms,
                  int64_t now_us) {
  bool refused = how == HL_REFUSED;

  p->on_the_way--;
  if (how == HL_COUNTED)
    remember(p, now_us);
  if (how == HL_UNSENT)
    return;
  if (seen != NULL) /* what was lost is no word from the server */
    p->heard = true;
  if (seen != NULL && !(refused && seen->daily_spent))
    learn(p, ticket, seen, refused, now_us);
  if (refused && !(seen != NULL && seen->daily_spent))
    close_for(p, refusal_us(p, retry_after_ms), retry_after_ms >= 0, now_us);
}
