/*
** pace.c: the rate limit's windows under any course of events.
**
** Requests leave when they may, end in any way and order, and their answers
** say anything; time goes on in any steps.
*/
#include "pace.h"

#include "bytes.h"

#define MS INT64_C(1000)
#define MARGIN (10 * MS)    /* pace.c's */
#define HOUR (3600000 * MS) /* the longest that a server is heeded for */
#define HEADER_MAX (INT64_MAX / 1000 - 1)
#define EVENTS 300
#define FLIGHTS 128

typedef struct flight {
  hl_ticket ticket;
  size_t departure;
} flight;

typedef struct departure {
  int64_t left_us;
  int64_t ended_us; /* INT64_MAX: on its way still */
  bool counts;      /* for all that we know */
} departure;

typedef struct world {
  bytes bytes;
  hl_pace pace;
  int64_t now_us;
  flight flights[FLIGHTS]; /* on their way */
  size_t n;
  departure left[2 * EVENTS];
  size_t n_left;
} world;

/*------------------------------------------------------------------ claims */

/* Counted, or on the way, at that moment or within the interval before it. */
static int64_t held (const world *w, int64_t interval_us) {
  int64_t n = 0;
  size_t i;

  for (i = 0; i < w->n_left; i++)
    n += w->left[i].counts && (w->left[i].ended_us == INT64_MAX ||
                               w->left[i].ended_us + interval_us > w->now_us);
  return n;
}

/* That one more may leave now, the limits allow. */
static void claim_room (const world *w) {
  const hl_pace *p = &w->pace;

  claim(p->closed_until_us <= w->now_us);
  if (p->own.requests > 0)
    claim(held(w, p->own.interval_us) < p->own.requests);
  if (p->theirs.requests > 0)
    claim(held(w, p->theirs.interval_us) < p->theirs.requests);
}

static void claim_sound (const world *w) {
  const hl_pace *p = &w->pace;

  claim(p->on_the_way == (int64_t)w->n);
  claim(p->n + w->n <= p->room || p->room == 0);
  claim(p->room <= 4 * (w->n_left + 1));
  claim(p->others >= 0);
  claim(p->theirs.requests >= 0);
  claim(p->theirs.interval_us <= HOUR + MARGIN ||
        p->theirs.interval_us <= p->own.interval_us);
  claim(p->closed_until_us <= w->now_us + HOUR + p->own.interval_us + MARGIN);
}

/* More before it, later or at the same time; and never without end. */
static void claim_order (const world *w) {
  int64_t before = INT64_MIN, forever;
  size_t ahead;

  forever = w->now_us + 2 * (HOUR + w->pace.own.interval_us + 2 * MARGIN);
  for (ahead = 0; ahead < 40; ahead += 1 + ahead / 2) {
    int64_t ready = hl_pace_ready(&w->pace, ahead, w->now_us);
    int64_t earliest = hl_pace_earliest(&w->pace, ahead, w->now_us);
    claim(earliest <= ready);
    claim(before <= ready);
    claim(ready <= forever);
    before = ready;
  }
}

/* What no window reaches is not remembered, even if a server should tell of a
** longer one later. */
static void forget (world *w) {
  const hl_pace *p = &w->pace;
  int64_t interval_us = p->own.interval_us > p->theirs.interval_us
                            ? p->own.interval_us
                            : p->theirs.interval_us;
  size_t i;

  for (i = 0; i < w->n_left; i++)
    if (w->left[i].ended_us <= w->now_us - interval_us)
      w->left[i].counts = false;
}

/*------------------------------------------------------------------ events */

static void leave (world *w) {
  flight *f = &w->flights[w->n];

  if (w->n == FLIGHTS || w->n_left == COUNT(w->left) ||
      hl_pace_ready(&w->pace, 0, w->now_us) > w->now_us)
    return;
  claim_room(w);
  forget(w);
  claim(hl_pace_leave(&w->pace, &f->ticket, w->now_us));
  claim(f->ticket.left_us == w->now_us);
  f->departure = w->n_left;
  w->left[w->n_left++] = (departure){w->now_us, INT64_MAX, true};
  w->n++;
}

static int64_t any_number (bytes *b) {
  static const int64_t some[] = {
      -1, 0, 1, 2, 25, 100, 10000, 3600000, 3600001, INT32_MAX, HEADER_MAX};
  unsigned how = bytes_one(b);

  if (how < 128)
    return some[how % COUNT(some)];
  if (how < 192)
    return (int64_t)bytes_word(b, 1);
  return bytes_range(b, -1, HEADER_MAX);
}

static void any_answer (bytes *b, hl_rate_limit *seen, int64_t *retry_after) {
  *seen = (hl_rate_limit){-1, -1, -1, -1, -1, false};
  *retry_after = -1;
  if (bytes_one(b) % 4 != 0) {
    seen->limit = any_number(b);
    seen->remaining = any_number(b);
    seen->interval_ms = any_number(b);
  }
  if (bytes_one(b) % 4 == 0)
    *retry_after = any_number(b) * 1000;
  if (*retry_after < 0)
    *retry_after = -1;
  seen->daily_spent = bytes_one(b) % 16 == 15;
}

static void end (world *w, size_t i, hl_ending how) {
  departure *d = &w->left[w->flights[i].departure];
  hl_rate_limit seen;
  int64_t retry_after;
  bool answered;

  any_answer(&w->bytes, &seen, &retry_after);
  answered =
      how == HL_REFUSED || (how == HL_COUNTED && bytes_one(&w->bytes) % 8 != 0);
  hl_pace_end(&w->pace, &w->flights[i].ticket, how, answered ? &seen : NULL,
              answered ? retry_after : -1, w->now_us);
  d->ended_us = w->now_us;
  d->counts = how == HL_COUNTED;
  w->flights[i] = w->flights[--w->n];
}

static void pass_time (world *w) {
  int64_t at = hl_pace_ready(&w->pace, 0, w->now_us);

  switch (bytes_range(&w->bytes, 0, 5)) {
  case 0: /* just there, or just short of it */
    w->now_us = at > w->now_us ? at : w->now_us;
    break;
  case 1:
    w->now_us = at - 1 > w->now_us ? at - 1 : w->now_us;
    break;
  case 2:
    w->now_us += (int64_t)bytes_word(&w->bytes, 1);
    break;
  case 3:
    w->now_us += (int64_t)bytes_word(&w->bytes, 2) * MS;
    break;
  case 4:
    w->now_us += (int64_t)bytes_word(&w->bytes, 3);
    break;
  default:
    w->now_us += (int64_t)bytes_word(&w->bytes, 5);
  }
}

static void event (world *w) {
  unsigned what = bytes_one(&w->bytes);
  size_t n;

  if (what < 100) {
    for (n = what % 32; n > 0; n--)
      leave(w);
  } else if (what < 180) {
    if (w->n > 0)
      end(w, bytes_one(&w->bytes) % w->n,
          what < 150   ? HL_COUNTED
          : what < 165 ? HL_REFUSED
                       : HL_UNSENT);
  } else {
    pass_time(w);
  }
  claim_sound(w);
}

/* With nothing on its way, who waits until it is ready may leave in the end. A
** promise may be too early, if a server's interval has become shorter since it
** told of others; but each wait takes its time, and old news is forgotten. */
static void claim_it_goes_on (world *w) {
  int64_t at, start = w->now_us, waits = 0;

  while (w->n > 0)
    end(w, 0, HL_COUNTED);
  while ((at = hl_pace_ready(&w->pace, 0, w->now_us)) > w->now_us) {
    w->now_us = at;
    if (++waits == 50 && w->pace.others_until_us > at)
      w->now_us = w->pace.others_until_us;
    claim(w->now_us - start <= 2 * (HOUR + w->pace.own.interval_us + MARGIN));
    claim(waits <= 3 + (w->now_us - start) / MARGIN && waits < 54);
  }
  if (w->n_left < COUNT(w->left))
    claim_room(w);
  w->now_us += 2 * (HOUR + w->pace.own.interval_us + MARGIN);
  claim(hl_pace_is_idle(&w->pace, w->now_us));
  claim(hl_pace_ready(&w->pace, 0, w->now_us) <= w->now_us);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const int64_t some[] = {0, 1, 2, 24, 25, 26, 100, 1000000};
  static world w;
  hl_window own;
  int events = 0;

  w.bytes = bytes_of(data, size);
  w.n = w.n_left = 0;
  own.requests = some[bytes_range(&w.bytes, 0, COUNT(some) - 1)];
  own.interval_us = bytes_range(&w.bytes, 0, 3) > 0
                        ? bytes_range(&w.bytes, 1, 20000) * MS
                        : bytes_range(&w.bytes, 1, INT32_MAX) * MS;
  w.now_us = bytes_range(&w.bytes, 0, 1) * (INT64_C(1) << 50);
  hl_pace_init(&w.pace, own);
  while (bytes_left(&w.bytes) > 0 && events++ < EVENTS) {
    event(&w);
    if (events % 8 == 0)
      claim_order(&w);
  }
  claim_order(&w);
  claim_it_goes_on(&w);
  hl_pace_free(&w.pace);
  return 0;
}
