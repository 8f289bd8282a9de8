/*
** test_policy.c: whether and when to try again.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

#define INTERVAL_US INT64_C(7000000)
#define LEFT_US INT64_C(30000000)

static hl_result result_of (hl_kind kind, hl_phase phase, int status) {
  hl_result r = {.kind = kind,
                 .phase = phase,
                 .status = status,
                 .rate_limit = {-1, -1, -1, -1, -1, false},
                 .retry_after_ms = -1};
  return r;
}

/* The first of three attempts, with a fair coin and the time of the world. */
static hl_trial trial_of (const hl_result *r) {
  hl_trial t = {.result = r,
                .attempts = 1,
                .retries = 2,
                .interval_us = INTERVAL_US,
                .left_us = LEFT_US,
                .dice = 0.5};
  return t;
}

static hl_verdict judge (const hl_result *r) {
  hl_trial t = trial_of(r);

  return hl_policy_retry(&t);
}

/*---------------------------------------------------------------- whether */

#define ANY (-1)
#define NO "it would end the same way again"

/* The first row that fits says what is due. */
static const struct {
  int kind, phase, from, to; /* status */
  bool again;
  int64_t wait_us;
  const char *reason;
} due[] = {
    {HL_OK, ANY, 0, 999, false, 0, "done"},
    {HL_RATE_LIMITED, ANY, 0, 999, true, INTERVAL_US,
     "the burst limit was reached"},
    {HL_NETWORK, HL_PHASE_CONNECT, 0, 999, true, 125000,
     "no connection: nothing was sent"},
    {HL_NETWORK, ANY, 0, 999, true, 125000, "the connection broke"},
    {HL_TIMEOUT, HL_PHASE_CONNECT, 0, 999, true, 125000,
     "no connection in time"},
    {HL_TIMEOUT, ANY, 0, 999, true, 125000, "no answer in time"},
    {HL_SERVER, ANY, 502, 504, true, 125000, "a gateway's error"},
    {ANY, ANY, 0, 999, false, 0, NO},
};

static size_t row_for (int kind, int phase, int status) {
  size_t i = 0;

  while ((due[i].kind != ANY && due[i].kind != kind) ||
         (due[i].phase != ANY && due[i].phase != phase) ||
         status < due[i].from || status > due[i].to)
    i++;
  return i;
}

static void it_decides_by_kind_phase_and_status (void **state) {
  static const int statuses[] = {0,   101, 200, 204, 301, 400, 401,
                                 403, 404, 408, 409, 422, 425, 429,
                                 500, 501, 502, 503, 504, 505, 599};
  int kind, phase;
  size_t i;

  (void)state;
  for (kind = HL_OK; kind <= HL_CANCELLED; kind++)
    for (phase = HL_PHASE_NONE; phase <= HL_PHASE_TRANSFER; phase++)
      for (i = 0; i < COUNT(statuses); i++) {
        hl_result r = result_of((hl_kind)kind, (hl_phase)phase, statuses[i]);
        hl_verdict v = judge(&r);
        size_t row = row_for(kind, phase, statuses[i]);
        if (v.again != due[row].again || v.wait_us != due[row].wait_us ||
            strcmp(v.reason, due[row].reason) != 0)
          fail_msg("%s, phase %d, status %d: %s", hl_kind_name((hl_kind)kind),
                   phase, statuses[i], v.reason);
      }
}

/* Also when the server names a time, or there are ever so many retries. */
static void a_spent_day_is_the_end (void **state) {
  hl_result r = result_of(HL_RATE_LIMITED, HL_PHASE_TRANSFER, 429);
  hl_trial t = trial_of(&r);
  hl_verdict v;

  (void)state;
  r.rate_limit.daily_spent = true;
  r.retry_after_ms = 0;
  t.retries = 1000;
  t.left_us = INT64_MAX;
  v = hl_policy_retry(&t);
  assert_false(v.again);
  assert_int_equal(v.wait_us, 0);
  assert_string_equal(v.reason, "the daily limit was reached");
}

/* What a refusal says of time does not make it another answer. */
static void a_refusal_stays_one (void **state) {
  static const hl_kind rows[] = {HL_UNAUTHORIZED, HL_FORBIDDEN, HL_NOT_FOUND,
                                 HL_DUPLICATE,    HL_REJECTED,  HL_TLS,
                                 HL_PROTOCOL,     HL_MEMORY,    HL_CANCELLED,
                                 HL_INVALID,      HL_OK};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_result r = result_of(rows[i], HL_PHASE_TRANSFER, 503);
    r.retry_after_ms = 1;
    r.retryable = true;
    assert_row(i, !judge(&r).again);
  }
}

static void retries_come_to_an_end (void **state) {
  static const struct {
    int attempts, retries;
    bool again;
    const char *reason;
  } rows[] = {
      {1, 0, false, "retries are turned off"},
      {1, -1, false, "retries are turned off"},
      {1, 1, true, "the connection broke"},
      {2, 1, false, "no attempts left"},
      {3, 3, true, "the connection broke"},
      {4, 3, false, "no attempts left"},
      {1000, 1000, true, "the connection broke"},
      {1001, 1000, false, "no attempts left"},
      {INT32_MAX, INT32_MAX, true, "the connection broke"},
  };
  hl_result r = result_of(HL_NETWORK, HL_PHASE_WAIT, 0);
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_trial t = trial_of(&r);
    hl_verdict v;
    t.attempts = rows[i].attempts;
    t.retries = rows[i].retries;
    v = hl_policy_retry(&t);
    assert_row(i, v.again == rows[i].again);
    assert_row(i, v.again || v.wait_us == 0);
    assert_string_equal(v.reason, rows[i].reason);
  }
}

/*------------------------------------------------------------------- when */

#define TOO_LATE "the wait does not fit the deadline"

static void it_waits_as_it_was_told (void **state) {
  static const struct {
    hl_kind kind;
    int64_t retry_after_ms, interval_ms;
    int64_t wait_us; /* -1: not again */
  } rows[] = {
      {HL_RATE_LIMITED, 0, -1, 0},
      {HL_RATE_LIMITED, 0, 3000, 0},
      {HL_RATE_LIMITED, 2000, -1, 2000000},
      {HL_RATE_LIMITED, 2000, 3000, 2000000},
      {HL_RATE_LIMITED, 29999, -1, 29999000},
      {HL_RATE_LIMITED, 30000, -1, -1},
      {HL_RATE_LIMITED, 86400000, 3000, -1},
      {HL_RATE_LIMITED, -1, 3000, 3000000},
      {HL_RATE_LIMITED, -1, 1, 1000},
      {HL_RATE_LIMITED, -1, 30000, -1},
      {HL_RATE_LIMITED, -1, -1, INTERVAL_US},
      {HL_SERVER, 0, -1, 0},
      {HL_SERVER, 4000, -1, 4000000}, /* longer than ours, and allowed */
      {HL_SERVER, 20000, 1, 20000000},
      {HL_SERVER, 30000, -1, -1},
      {HL_SERVER, -1, 1, 125000}, /* the interval is a 429's affair */
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_result r = result_of(rows[i].kind, HL_PHASE_TRANSFER, 503);
    hl_verdict v;
    r.retry_after_ms = rows[i].retry_after_ms;
    r.rate_limit.interval_ms = rows[i].interval_ms;
    v = judge(&r);
    assert_row(i, v.again == (rows[i].wait_us >= 0));
    assert_row(i, v.wait_us == (v.again ? rows[i].wait_us : 0));
    assert_row(i, v.again == (strcmp(v.reason, TOO_LATE) != 0));
  }
}

/* From 0 to a bound that doubles from 250 ms up to 10 s. */
static void it_draws_lots (void **state) {
  hl_result r = result_of(HL_NETWORK, HL_PHASE_WAIT, 0);
  static const double dice[] = {0, 0.5, 0.999, 1 - 1.0 / 9007199254740992.0};
  int64_t most = 250000;
  int attempts;
  size_t i;

  (void)state;
  for (attempts = 1; attempts <= 50; attempts++) {
    for (i = 0; i < COUNT(dice); i++) {
      hl_trial t = trial_of(&r);
      hl_verdict v;
      t.attempts = attempts;
      t.retries = 100;
      t.dice = dice[i];
      v = hl_policy_retry(&t);
      assert_row(attempts, v.again);
      assert_row(attempts, v.wait_us == (int64_t)((double)most * dice[i]));
      assert_row(attempts, v.wait_us >= 0 && v.wait_us < most);
    }
    most = most * 2 < HL_BACKOFF_MAX_US ? most * 2 : HL_BACKOFF_MAX_US;
  }
  assert_int_equal(most, HL_BACKOFF_MAX_US);
}

/* No number of a server's makes a wait that has ended before it began. */
static void it_takes_any_number (void **state) {
  static const int64_t rows[] = {
      INT64_C(9999999999) * 1000, INT64_C(10000000000000) * 1000,
      INT64_MAX / 1000, INT64_MAX / 1000 + 1, INT64_MAX};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_result r = result_of(HL_RATE_LIMITED, HL_PHASE_TRANSFER, 429);
    r.retry_after_ms = rows[i];
    assert_row(i, !judge(&r).again);
    r.retry_after_ms = -1;
    r.rate_limit.interval_ms = rows[i];
    assert_row(i, !judge(&r).again);
  }
}

/* An interval of nothing is none: two at once would be refused again. */
static void an_interval_of_0_is_not_heeded (void **state) {
  hl_result r = result_of(HL_RATE_LIMITED, HL_PHASE_TRANSFER, 429);

  (void)state;
  r.rate_limit.interval_ms = 0;
  assert_int_equal(judge(&r).wait_us, INTERVAL_US);
}

static void a_wait_must_end_before_the_deadline (void **state) {
  static const struct {
    int64_t retry_after_ms, left_us;
    bool again;
  } rows[] = {
      {5, 5001, true},        {5, 5000, false},      {5, 4999, false},
      {0, 1, true},           {0, 0, false},         {0, -1, false},
      {-1, 125001, true},     {-1, 125000, false},   {-1, 0, false},
      {-1, INT64_MIN, false}, {-1, INT64_MAX, true},
  };
  hl_result r = result_of(HL_SERVER, HL_PHASE_TRANSFER, 503);
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_trial t = trial_of(&r);
    hl_verdict v;
    r.retry_after_ms = rows[i].retry_after_ms;
    t.left_us = rows[i].left_us;
    v = hl_policy_retry(&t);
    assert_row(i, v.again == rows[i].again);
    assert_row(i, v.again || v.wait_us == 0);
    assert_string_equal(v.reason, v.again ? "a gateway's error" : TOO_LATE);
  }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_decides_by_kind_phase_and_status),
      cmocka_unit_test(a_spent_day_is_the_end),
      cmocka_unit_test(a_refusal_stays_one),
      cmocka_unit_test(retries_come_to_an_end),
      cmocka_unit_test(it_waits_as_it_was_told),
      cmocka_unit_test(it_draws_lots),
      cmocka_unit_test(it_takes_any_number),
      cmocka_unit_test(an_interval_of_0_is_not_heeded),
      cmocka_unit_test(a_wait_must_end_before_the_deadline),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
