/*
** test_pace.c: how many requests may leave under a rate limit, and when.
**
** Single claims first; then thousands of random schedules against a server
** that counts in a sliding window, each request at some moment between its
** departure and its answer. A failure names its seed: give it to `explain`.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dice.h"
#include "pace.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define MARGIN (10 * MS)              /* pace.c's */
#define HUGE_N (INT64_MAX / 1000 - 1) /* the most that a header can say */

static const hl_rate_limit silent = {-1, -1, -1, -1, -1, false};

static hl_rate_limit told (int64_t limit, int64_t left, int64_t interval_ms) {
  hl_rate_limit seen = silent;

  seen.limit = limit;
  seen.remaining = left;
  seen.interval_ms = interval_ms;
  return seen;
}

static hl_pace pace_of (int64_t requests, int64_t interval_us) {
  hl_pace p;

  hl_pace_init(&p, (hl_window){requests, interval_us});
  return p;
}

/* Let as many leave at that moment as may; the tickets are kept. */
static size_t leave_all (hl_pace *p, hl_ticket *tickets, size_t most,
                         int64_t now_us) {
  size_t n = 0;

  while (n < most && hl_pace_ready(p, 0, now_us) <= now_us) {
    assert_true(hl_pace_leave(p, &tickets[n], now_us));
    n++;
  }
  return n;
}

static void end_all (hl_pace *p, const hl_ticket *tickets, size_t n,
                     hl_ending how, int64_t now_us) {
  size_t i;

  for (i = 0; i < n; i++)
    hl_pace_end(p, &tickets[i], how, &silent, -1, now_us);
}

/*----------------------------------------------------------- single claims */

static void a_place_is_held_until_an_interval_after_the_end (void **state) {
  hl_pace p = pace_of(2, 10 * S);
  hl_ticket t[3];

  (void)state;
  assert_true(hl_pace_is_idle(&p, 0));
  assert_int_equal(leave_all(&p, t, 3, 0), 2);
  assert_false(hl_pace_is_idle(&p, 1000 * S));
  assert_int_equal(hl_pace_ready(&p, 0, 3 * S), 13 * S + MARGIN);
  hl_pace_end(&p, &t[0], HL_COUNTED, &silent, -1, 4 * S);
  hl_pace_end(&p, &t[1], HL_COUNTED, &silent, -1, 5 * S);
  assert_int_equal(hl_pace_ready(&p, 0, 6 * S), 14 * S + MARGIN);
  assert_int_equal(hl_pace_ready(&p, 1, 6 * S), 15 * S + MARGIN);
  assert_true(hl_pace_ready(&p, 2, 6 * S) <= 24 * S + 2 * MARGIN);
  assert_int_equal(leave_all(&p, t, 3, 14 * S + MARGIN - 1), 0);
  assert_int_equal(leave_all(&p, t, 3, 14 * S + MARGIN), 1);
  hl_pace_end(&p, &t[0], HL_COUNTED, &silent, -1, 15 * S);
  assert_false(hl_pace_is_idle(&p, 25 * S + MARGIN - 1));
  assert_true(hl_pace_is_idle(&p, 25 * S + MARGIN));
  hl_pace_free(&p);
}

static void what_never_left_holds_no_place (void **state) {
  hl_pace p = pace_of(2, 10 * S);
  hl_ticket t[3];

  (void)state;
  assert_int_equal(leave_all(&p, t, 3, 0), 2);
  hl_pace_end(&p, &t[1], HL_UNSENT, NULL, -1, S);
  assert_int_equal(leave_all(&p, t, 3, S), 1);
  assert_int_equal(leave_all(&p, t, 3, S), 0);
  hl_pace_free(&p);
}

/* 25 at first; all once an answer came, or none did for a second. */
static void a_first_burst_is_cautious (void **state) {
  hl_ticket t[200];
  hl_pace p = pace_of(100, 10 * S);

  (void)state;
  assert_int_equal(leave_all(&p, t, 200, 5 * S), 25);
  assert_int_equal(leave_all(&p, t, 200, 6 * S - 1), 0);
  assert_int_equal(leave_all(&p, t, 200, 6 * S), 75);
  hl_pace_free(&p);

  p = pace_of(100, 10 * S);
  assert_int_equal(leave_all(&p, t, 200, 5 * S), 25);
  hl_pace_end(&p, &t[7], HL_COUNTED, &silent, -1, 5 * S + 1);
  assert_int_equal(leave_all(&p, t, 200, 5 * S + 1), 75);
  hl_pace_free(&p);

  p = pace_of(25, 10 * S);
  assert_int_equal(leave_all(&p, t, 200, 0), 25);
  hl_pace_free(&p);
}

/* A request that was lost is no word from the server. */
static void a_loss_does_not_end_caution (void **state) {
  hl_ticket t[200];
  hl_pace p = pace_of(100, 10 * S);

  (void)state;
  assert_int_equal(leave_all(&p, t, 200, 0), 25);
  hl_pace_end(&p, &t[7], HL_COUNTED, NULL, -1, 1);
  assert_int_equal(leave_all(&p, t, 200, 1), 0);
  assert_int_equal(leave_all(&p, t, 200, S), 75);
  hl_pace_free(&p);
}

static void a_smaller_limit_is_learnt (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit seen = told(30, 29, 20000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 200, 0), 25);
  hl_pace_end(&p, &t[0], HL_COUNTED, &seen, -1, 1);
  assert_int_equal(leave_all(&p, t + 25, 100, 1), 5);
  end_all(&p, t + 1, 29, HL_COUNTED, 2);
  assert_int_equal(hl_pace_ready(&p, 0, 3), 20 * S + MARGIN + 1);
  assert_int_equal(hl_pace_ready(&p, 1, 3), 20 * S + MARGIN + 2);
  hl_pace_free(&p);
}

/* A larger one is not taken up: it was configured for a reason. */
static void a_larger_limit_is_not (void **state) {
  hl_pace p = pace_of(10, 10 * S);
  hl_rate_limit seen = told(100, 99, 1000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 200, 0), 10);
  hl_pace_end(&p, &t[0], HL_COUNTED, &seen, -1, 1);
  assert_int_equal(leave_all(&p, t, 200, 1), 0);
  assert_int_equal(hl_pace_ready(&p, 0, 1), 10 * S + MARGIN + 1);
  hl_pace_free(&p);
}

/* Who used the limit in one interval most likely does so in the next ... */
static void others_are_expected_again (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit seen = told(100, 20, 10000), none = told(-1, -1, -1);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 1, 0), 1);
  hl_pace_end(&p, &t[0], HL_COUNTED, &seen, -1, S);
  assert_int_equal(leave_all(&p, t, 200, S), 20); /* 79 are taken */
  assert_int_equal(hl_pace_ready(&p, 0, S), 11 * S + MARGIN);
  end_all(&p, t, 20, HL_COUNTED, 2 * S);
  assert_int_equal(leave_all(&p, t, 200, 30 * S), 21); /* and still are */
  hl_pace_end(&p, &t[0], HL_COUNTED, &none, -1, 30 * S);
  assert_int_equal(leave_all(&p, t, 200, 30 * S), 79); /* nobody said so */
  hl_pace_free(&p);
}

/* ... but one place is left to find out whether it is so. */
static void others_leave_a_place_for_news (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit full = told(100, 0, 10000), free_again = told(100, 99, 10000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 1, 0), 1);
  hl_pace_end(&p, &t[0], HL_REFUSED, &full, -1, S);
  assert_int_equal(leave_all(&p, t, 200, 11 * S + MARGIN - 1), 0);
  assert_int_equal(leave_all(&p, t, 200, 11 * S + MARGIN), 1);
  hl_pace_end(&p, &t[0], HL_COUNTED, &free_again, -1, 12 * S);
  assert_int_equal(leave_all(&p, t, 200, 12 * S), 99);
  hl_pace_free(&p);
}

/* One that left after the answered one was not counted in its answer yet. */
static void later_departures_are_not_others (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit seen = told(100, 50, 10000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 3, 0), 3);
  hl_pace_end(&p, &t[0], HL_COUNTED, &seen, -1, 1); /* 49 and itself */
  assert_int_equal(p.others, 49);
  assert_int_equal(leave_all(&p, t + 3, 190, 1), 100 - 49 - 3);
  hl_pace_end(&p, &t[2], HL_COUNTED, &seen, -1, 2); /* 47 and three of ours */
  assert_int_equal(p.others, 47);
  hl_pace_free(&p);
}

/* Sixty at once, answers in any order, nobody else: forty places are left. */
static void answers_that_overtake_hide_no_place (void **state) {
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < 300; seed++) {
    dice d = dice_of(seed);
    hl_pace p = pace_of(100, 10 * S);
    hl_ticket t[100];
    int64_t left[60], moved; /* what the answer to each says */
    size_t order[60], i, k;
    assert_int_equal(leave_all(&p, t, 1, 0), 1);
    hl_pace_end(&p, &t[0], HL_COUNTED, &silent, -1, 1);
    assert_int_equal(leave_all(&p, t, 60, 2 * S), 60);
    for (i = 0; i < 60; i++) { /* counted, and answered, in two orders */
      k = (size_t)dice_range(&d, 0, (int64_t)i);
      left[i] = 98 - (int64_t)i;
      moved = left[k];
      left[k] = left[i];
      left[i] = moved;
      k = (size_t)dice_range(&d, 0, (int64_t)i);
      order[i] = i;
      order[i] = order[k];
      order[k] = i;
    }
    for (i = 0; i < 60; i++) {
      hl_rate_limit seen = told(100, left[order[i]], 10000);
      hl_pace_end(&p, &t[order[i]], HL_COUNTED, &seen, -1, 2 * S + 1);
    }
    i = leave_all(&p, t, 100, 3 * S);
    if (i != 39) /* and one for the first */
      fail_msg("seed %llu: %zu may leave", (unsigned long long)seed, i);
    hl_pace_free(&p);
  }
}

/* What was refused took no place. */
static void a_refusal_holds_no_place (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit seen = told(100, 0, 2000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 1, 0), 1);
  hl_pace_end(&p, &t[0], HL_REFUSED, &seen, -1, S);
  assert_int_equal(leave_all(&p, t, 200, 3 * S + MARGIN - 1), 0);
  assert_int_equal(leave_all(&p, t, 200, 3 * S + MARGIN), 1);
  hl_pace_end(&p, &t[0], HL_COUNTED, NULL, -1, 3 * S + MARGIN);
  hl_pace_free(&p);
}

static void a_refusal_closes_for_an_interval (void **state) {
  static const struct {
    int64_t limit, left, interval_ms, retry_after_ms;
    bool daily;
    int64_t ready_us; /* after it came at 1 s */
  } rows[] = {
      {-1, -1, -1, -1, false, 11 * S + MARGIN},
      {100, 0, 10000, -1, false, 11 * S + MARGIN},
      {100, 50, 10000, -1, false, 11 * S + MARGIN},
      {30, 0, 2000, -1, false, 3 * S + MARGIN},
      {-1, -1, -1, 20000, false, 21 * S},
      {-1, -1, -1, 2000, false, 3 * S}, /* it knows better */
      {-1, -1, -1, HUGE_N * 1000, false, 3601 * S},
      {0, 0, 0, 0, false, S},
      {HUGE_N, 0, HUGE_N, -1, false, 11 * S + MARGIN},
      {HUGE_N, HUGE_N, 3600000, -1, false, 3601 * S + MARGIN},
      {100, 0, 10000, -1, true, S}, /* not the burst limit's */
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_pace p = pace_of(100, 10 * S);
    hl_rate_limit seen = told(rows[i].limit, rows[i].left, rows[i].interval_ms);
    hl_ticket t;
    seen.daily_spent = rows[i].daily;
    assert_int_equal(leave_all(&p, &t, 1, 0), 1);
    hl_pace_end(&p, &t, HL_REFUSED, &seen, rows[i].retry_after_ms, S);
    if (hl_pace_ready(&p, 0, S) != rows[i].ready_us)
      fail_msg("row %zu: %lld", i, (long long)hl_pace_ready(&p, 0, S));
    hl_pace_free(&p);
  }
}

/* An answer that was long on its way says nothing of the others now. */
static void old_news_is_no_news (void **state) {
  hl_pace p = pace_of(100, 10 * S);
  hl_rate_limit seen = told(100, 0, 10000);
  hl_ticket t;

  (void)state;
  assert_int_equal(leave_all(&p, &t, 1, 0), 1);
  hl_pace_end(&p, &t, HL_COUNTED, &seen, -1, 6 * S);
  assert_true(hl_pace_ready(&p, 0, 6 * S) <= 6 * S);
  hl_pace_free(&p);
}

static void without_a_limit_only_the_servers_counts (void **state) {
  hl_pace p = pace_of(0, 10 * S);
  hl_rate_limit seen = told(3, 2, 1000);
  hl_ticket t[200];

  (void)state;
  assert_int_equal(leave_all(&p, t, 200, 0), 200);
  end_all(&p, t, 199, HL_UNSENT, 0);
  hl_pace_end(&p, &t[199], HL_COUNTED, &seen, -1, 1);
  assert_int_equal(leave_all(&p, t, 200, 1), 2);
  hl_pace_free(&p);
}

static void its_ring_grows_and_turns (void **state) {
  hl_pace p = pace_of(7, S);
  hl_ticket t[7];
  int64_t now_us = 0;
  size_t n;
  int round;

  (void)state;
  for (round = 0; round < 100; round++) {
    n = leave_all(&p, t, (size_t)(1 + round % 7), now_us);
    now_us += 50 * MS;
    end_all(&p, t, n, round % 5 == 0 ? HL_UNSENT : HL_COUNTED, now_us);
    assert_true(p.n <= 7 && p.room <= 32);
    now_us += 100 * MS;
  }
  hl_pace_free(&p);
  hl_pace_free(&p);
}

/*------------------------------------------------------------- the world */

#define ROUNDS 3000
#define MOST 400 /* requests of one schedule, with those sent again */

typedef struct world {
  uint64_t seed;
  dice dice;
  /* the server */
  hl_window limit;
  bool headers, retry_after;
  int64_t counted[4 * MOST];
  size_t n_counted;
  /* the way */
  int64_t latency_min, latency_max;
  int loss_percent, unsent_percent; /* of requests */
  int moment; /* when it counts: 0, at once; 100, last; -1: any */
  /* other programs */
  int64_t others_every; /* 0: none */
  int64_t others_next;
  int64_t refused_before; /* 429s for requests that left before that ... */
  size_t refused_early, refused; /* ... and after */
  /* us */
  hl_window own;
  size_t todo, at_once;
  size_t sent;
  int64_t departures[MOST];
  bool exact;             /* nothing happens that makes a promise too late */
  int64_t promised[MOST]; /* the latest promise for this departure */
} world;

typedef struct flight {
  hl_ticket ticket;
  int64_t counts_us, ends_us; /* -1: it was counted */
  hl_ending how;
  bool lost;
  hl_rate_limit seen;
  int64_t retry_after_ms;
} flight;

static size_t in_window (const world *w, int64_t now_us) {
  size_t i = w->n_counted;

  while (i > 0 && w->counted[i - 1] > now_us - w->limit.interval_us)
    i--;
  return w->n_counted - i;
}

static void mark (world *w, int64_t now_us) {
  if (w->n_counted == COUNT(w->counted)) {
    memmove(w->counted, w->counted + MOST,
            (w->n_counted - MOST) * sizeof(w->counted[0]));
    w->n_counted -= MOST;
  }
  w->counted[w->n_counted++] = now_us;
}

/* The server sees a request. */
static void count (world *w, flight *f) {
  size_t used = in_window(w, f->counts_us);
  int64_t left;

  if (used < (size_t)w->limit.requests) {
    mark(w, f->counts_us);
    used++;
  } else {
    f->how = HL_REFUSED;
    if (f->ticket.left_us < w->refused_before)
      w->refused_early++;
    else
      w->refused++;
    if (w->retry_after)
      f->retry_after_ms = w->limit.interval_us / 1000 + 1;
  }
  left = w->limit.requests - (int64_t)used;
  if (w->headers)
    f->seen = told(w->limit.requests, left, w->limit.interval_us / 1000);
  f->counts_us = -1;
}

static void depart (world *w, hl_pace *p, flight *f, int64_t now_us) {
  int64_t latency = dice_range(&w->dice, w->latency_min, w->latency_max);
  int64_t percent = w->moment >= 0 ? w->moment : dice_range(&w->dice, 0, 100);

  *f = (flight){.how = HL_COUNTED, .seen = silent, .retry_after_ms = -1};
  if (w->sent == MOST)
    fail_msg("seed %llu: no end", (unsigned long long)w->seed);
  if (w->exact && now_us < w->promised[w->sent])
    fail_msg("seed %llu: request %zu left before it could",
             (unsigned long long)w->seed, w->sent);
  w->departures[w->sent++] = now_us;
  assert_true(hl_pace_leave(p, &f->ticket, now_us));
  f->ends_us = now_us + latency;
  f->counts_us = now_us + latency * percent / 100;
  if (dice_percent(&w->dice, w->unsent_percent)) {
    f->how = HL_UNSENT;
    f->counts_us = -1;
  }
  f->lost = dice_percent(&w->dice, w->loss_percent);
}

static void arrive (world *w, hl_pace *p, flight *f, int64_t now_us) {
  bool lost = f->lost && f->how == HL_COUNTED;

  hl_pace_end(p, &f->ticket, f->how,
              lost || f->how == HL_UNSENT ? NULL : &f->seen, f->retry_after_ms,
              now_us);
  if (w->refused_before == INT64_MAX && !lost && f->how != HL_UNSENT)
    w->refused_before = now_us; /* the first word from the server */
  if (f->how != HL_COUNTED)
    w->todo++;
}

static int64_t sooner (int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* What the server does up to that moment, in the order of time. */
static void serve (world *w, flight *flights, size_t n, int64_t now_us) {
  for (;;) {
    flight *first = NULL;
    size_t i;
    for (i = 0; i < n; i++)
      if (flights[i].counts_us >= 0 && flights[i].counts_us <= now_us &&
          (first == NULL || flights[i].counts_us < first->counts_us))
        first = &flights[i];
    if (w->others_every > 0 && w->others_next <= now_us &&
        (first == NULL || w->others_next < first->counts_us)) {
      if (in_window(w, w->others_next) < (size_t)w->limit.requests)
        mark(w, w->others_next);
      w->others_next += dice_range(&w->dice, 1, 2 * w->others_every);
    } else if (first != NULL) {
      count(w, first);
    } else {
      return;
    }
  }
}

static void promise (world *w, const hl_pace *p, int64_t now_us) {
  size_t k;

  for (k = 0; k < w->todo && k < 40 && w->sent + k < MOST; k++) {
    int64_t at = hl_pace_earliest(p, k, now_us);
    if (w->promised[w->sent + k] < at)
      w->promised[w->sent + k] = at;
  }
}

/* Send all that is to be sent; when the last one ended. */
static int64_t live (world *w) {
  flight flights[MOST];
  int64_t now_us = 1000 * S, ready_us, start_us = now_us, next_us;
  hl_pace p = pace_of(w->own.requests, w->own.interval_us);
  size_t n = 0, i;

  w->others_next = now_us - w->limit.interval_us;
  w->refused_before = INT64_MAX;
  while (w->todo > 0 || n > 0) {
    serve(w, flights, n, now_us);
    for (i = n; i-- > 0;)
      if (flights[i].ends_us <= now_us) {
        arrive(w, &p, &flights[i], now_us);
        memmove(&flights[i], &flights[i + 1], (--n - i) * sizeof(flights[0]));
      }
    ready_us = hl_pace_ready(&p, 0, now_us);
    while (w->todo > 0 && n < w->at_once && ready_us <= now_us) {
      depart(w, &p, &flights[n++], now_us);
      w->todo--;
      ready_us = hl_pace_ready(&p, 0, now_us);
    }
    if (w->exact)
      promise(w, &p, now_us);
    next_us = w->todo > 0 && n < w->at_once ? ready_us : INT64_MAX;
    for (i = 0; i < n; i++)
      next_us = sooner(next_us, flights[i].ends_us);
    if (w->todo > 0 && n == 0 && ready_us > now_us &&
        hl_pace_ready(&p, 0, ready_us) > ready_us)
      fail_msg("seed %llu: a promise that is not kept",
               (unsigned long long)w->seed);
    if (next_us != INT64_MAX && next_us <= now_us && (w->todo > 0 || n > 0) &&
        (n == 0 || next_us < now_us))
      fail_msg("seed %llu: time stands still", (unsigned long long)w->seed);
    if (next_us == INT64_MAX)
      break;
    now_us = next_us > now_us ? next_us : now_us + 1;
  }
  hl_pace_free(&p);
  return now_us - start_us;
}

/* Never more departures than configured within what was configured. */
static bool departs_within (const world *w, hl_window limit) {
  size_t i, most = (size_t)limit.requests;

  for (i = most; i < w->sent; i++)
    if (w->departures[i] - w->departures[i - most] < limit.interval_us)
      return false;
  return true;
}

static world world_of (uint64_t seed) {
  world w = {.seed = seed, .dice = dice_of(seed)};

  w.limit.requests = dice_range(&w.dice, 1, 40);
  w.limit.interval_us = dice_range(&w.dice, 1000, 10000) * MS;
  w.own = w.limit;
  w.latency_min = dice_range(&w.dice, 1, 200) * MS;
  w.latency_max = w.latency_min + dice_range(&w.dice, 0, 700) * MS;
  w.moment = dice_percent(&w.dice, 50) ? -1 : (int)dice_range(&w.dice, 0, 100);
  w.headers = true;
  w.todo = (size_t)dice_range(&w.dice, 1, 120);
  w.at_once = (size_t)dice_range(&w.dice, 1, 80);
  return w;
}

/* All but the waits for the server itself: generations of `limit`. */
static int64_t least (const hl_window *limit, size_t n, int64_t latency_us) {
  int64_t generations = ((int64_t)n + limit->requests - 1) / limit->requests;

  return (generations - 1) * (limit->interval_us + latency_us) + latency_us;
}

#define SEED(w) ((unsigned long long)(w)->seed)

/*----------------------------------------------------------- random claims */

/* Configured like the server, or more cautiously: no 429, headers or not. */
static void a_right_limit_is_never_passed (void **state) {
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    world w = world_of(seed);
    w.headers = dice_percent(&w.dice, 50);
    w.loss_percent = dice_percent(&w.dice, 30) ? 20 : 0;
    w.unsent_percent = dice_percent(&w.dice, 30) ? 20 : 0;
    w.latency_max *= dice_percent(&w.dice, 20) ? 20 : 1;
    w.exact = w.unsent_percent == 0 && !w.headers;
    if (dice_percent(&w.dice, 30))
      w.own.requests = dice_range(&w.dice, 1, w.limit.requests);
    if (dice_percent(&w.dice, 30))
      w.own.interval_us += dice_range(&w.dice, 1, 10000) * MS;
    (void)live(&w);
    if (w.refused + w.refused_early > 0)
      fail_msg("seed %llu: %zu refused", SEED(&w), w.refused + w.refused_early);
    if (w.unsent_percent == 0 && !departs_within(&w, w.own))
      fail_msg("seed %llu: too many left", SEED(&w));
  }
}

/* Configured for more than the server allows: its headers tell in time. */
static void a_lower_limit_is_learnt_in_time (void **state) {
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    world w = world_of(seed);
    w.own.requests = w.limit.requests + dice_range(&w.dice, 1, 100);
    w.loss_percent = dice_percent(&w.dice, 30) ? 20 : 0;
    if (dice_percent(&w.dice, 30)) /* longer than any answer takes */
      w.own.interval_us = dice_range(&w.dice, 1000, 10000) * MS;
    (void)live(&w);
    if (w.refused > 0)
      fail_msg("seed %llu: %zu refused", SEED(&w), w.refused);
    if (w.limit.requests >= 25 && w.refused_early > 0)
      fail_msg("seed %llu: %zu refused at first", SEED(&w), w.refused_early);
    if (w.refused_early == 0 && !departs_within(&w, w.own))
      fail_msg("seed %llu: too many left", SEED(&w));
  }
}

/* Steady answers, nobody else: next to no time is given away. */
static void steady_answers_lose_no_time (void **state) {
  double worst = 0;
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    world w = world_of(seed);
    int64_t took_us, best_us;
    w.latency_max = w.latency_min;
    w.moment = w.moment < 0 ? 50 : w.moment;
    w.at_once = MOST;
    if (dice_percent(&w.dice, 50) && w.limit.requests >= 25)
      w.own.requests += dice_range(&w.dice, 0, 60);
    best_us = least(&w.limit, w.todo, w.latency_min);
    if (w.own.requests > 25 && w.todo > 25)
      best_us += w.latency_min; /* of the first answer */
    took_us = live(&w);
    if (worst < (double)took_us / (double)best_us)
      worst = (double)took_us / (double)best_us;
    if ((double)took_us > 1.05 * (double)best_us)
      fail_msg("seed %llu: %lld in place of %lld us", SEED(&w),
               (long long)took_us, (long long)best_us);
  }
  if (getenv("HL_SPEC_FIGURES") != NULL)
    print_message("steady: %.3f of the least\n", worst);
}

/* Answers that overtake each other, losses: still no time without end. */
static void restless_answers_lose_little (void **state) {
  double worst = 0, sum = 0;
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    world w = world_of(seed);
    double ratio;
    int64_t best_us;
    w.at_once = MOST;
    w.loss_percent = dice_percent(&w.dice, 30) ? 10 : 0;
    if (dice_percent(&w.dice, 30))
      w.latency_max = w.limit.interval_us / 2;
    best_us = least(&w.limit, w.todo, w.latency_max) + w.latency_max;
    ratio = (double)live(&w) / (double)best_us;
    worst = worst < ratio ? ratio : worst;
    sum += ratio;
    if (w.refused + w.refused_early > 0 || ratio > 1.1)
      fail_msg("seed %llu: %zu refused, %.2f of the least", SEED(&w),
               w.refused + w.refused_early, ratio);
  }
  if (getenv("HL_SPEC_FIGURES") != NULL)
    print_message("restless: %.3f of the least, mean %.3f\n", worst,
                  sum / ROUNDS);
}

/* Beside other programs, with or without headers and Retry-After. */
static void others_slow_it_down_and_no_more (void **state) {
  double worst = 0, sum = 0;
  size_t refused = 0, sent = 0;
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    world w = world_of(seed);
    double ratio;
    hl_window half = w.limit;
    half.requests = (half.requests + 1) / 2;
    w.headers = dice_percent(&w.dice, 70);
    w.retry_after = dice_percent(&w.dice, 30);
    w.others_every = /* less than half of what there is */
        w.limit.interval_us * dice_range(&w.dice, 25, 100) / 10 /
        w.limit.requests;
    if (w.limit.requests < 4)
      w.others_every = 4 * w.limit.interval_us;
    w.todo = (size_t)dice_range(&w.dice, 1, 3 * w.limit.requests);
    ratio = (double)least(&half, w.todo, w.latency_max) +
            (double)(w.latency_max + w.limit.interval_us);
    ratio = (double)live(&w) / ratio;
    worst = worst < ratio ? ratio : worst;
    sum += ratio;
    refused += w.refused + w.refused_early;
    sent += w.sent;
    if (ratio > 2)
      fail_msg("seed %llu: %.2f of what half would take", SEED(&w), ratio);
  }
  if (getenv("HL_SPEC_FIGURES") != NULL)
    print_message("others: %.3f of half's, mean %.3f; %zu of %zu refused\n",
                  worst, sum / ROUNDS, refused, sent);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_place_is_held_until_an_interval_after_the_end),
      cmocka_unit_test(what_never_left_holds_no_place),
      cmocka_unit_test(a_first_burst_is_cautious),
      cmocka_unit_test(a_loss_does_not_end_caution),
      cmocka_unit_test(a_smaller_limit_is_learnt),
      cmocka_unit_test(a_larger_limit_is_not),
      cmocka_unit_test(others_are_expected_again),
      cmocka_unit_test(others_leave_a_place_for_news),
      cmocka_unit_test(later_departures_are_not_others),
      cmocka_unit_test(answers_that_overtake_hide_no_place),
      cmocka_unit_test(a_refusal_holds_no_place),
      cmocka_unit_test(a_refusal_closes_for_an_interval),
      cmocka_unit_test(old_news_is_no_news),
      cmocka_unit_test(without_a_limit_only_the_servers_counts),
      cmocka_unit_test(its_ring_grows_and_turns),
      cmocka_unit_test(a_right_limit_is_never_passed),
      cmocka_unit_test(a_lower_limit_is_learnt_in_time),
      cmocka_unit_test(steady_answers_lose_no_time),
      cmocka_unit_test(restless_answers_lose_little),
      cmocka_unit_test(others_slow_it_down_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
