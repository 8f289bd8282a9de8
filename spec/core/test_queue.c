/*
** test_queue.c: calls that wait for their turn, or to try again.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "queue.h"
#include "result.h"

#define S INT64_C(1000000)
#define NOW (100 * S)
#define MARGIN INT64_C(10000) /* pace.c's */

static hl_queue queue;

static void begin (int64_t requests) {
  hl_queue_init(&queue, (hl_window){requests, 10 * S});
}

static hl_call *call_for (const char *token, long timeout_ms) {
  const hl_options account = {.token = token, .timeout_ms = timeout_ms};
  hl_problems problems;
  hl_settings s;
  hl_call *call;

  hl_problems_init(&problems);
  hl_settings_init(&s, &account, &problems);
  call = hl_call_make(
      &s, "abc", 3, hl_fields_new(cJSON_Parse("{\"name\":\"a\"}")), NULL, NOW);
  hl_settings_free(&s);
  hl_problems_free(&problems);
  assert_non_null(call);
  assert_int_equal(call->state, HL_CALL_PREPARED);
  return call;
}

static hl_call *join (const char *token, long timeout_ms, int64_t now_us) {
  hl_call *call = call_for(token, timeout_ms);

  assert_true(hl_queue_join(&queue, call, now_us));
  assert_int_equal(call->state, HL_CALL_QUEUED);
  return call;
}

static hl_call *next (int64_t now_us) {
  bool no_memory = true;
  hl_call *call = hl_queue_next(&queue, now_us, &no_memory);

  assert_false(no_memory);
  if (call != NULL)
    hl_call_sending(call, now_us);
  return call;
}

/* A result as of the network; NULL: it was broken off. */
static void ends (hl_call *call, const hl_result *r, int64_t now_us) {
  call->state = HL_CALL_ENDED;
  hl_queue_ended(call, r, now_us);
}

static void rests (hl_call *call, const hl_result *r, int64_t until_us,
                   int64_t now_us) {
  ends(call, r, now_us);
  call->resume_us = until_us;
  hl_queue_rest(&queue, call);
  assert_int_equal(call->state, HL_CALL_WAITING);
}

static void gone (hl_call *call) {
  hl_queue_leave(&queue, call);
  assert_null(call->lane);
  call->state = HL_CALL_SETTLED;
  hl_call_destroy(call);
}

static hl_result of_kind (hl_kind kind, hl_phase phase, int status) {
  hl_result r = {.kind = kind,
                 .phase = phase,
                 .status = status,
                 .rate_limit = {-1, -1, -1, -1, -1, false},
                 .retry_after_ms = -1};
  return r;
}

/*------------------------------------------------------------------- order */

static void they_leave_in_their_order (void **state) {
  hl_call *calls[5];
  size_t i;

  (void)state;
  begin(3);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = join("a", 60000, NOW);
  for (i = 0; i < 3; i++) {
    assert_ptr_equal(next(NOW), calls[i]);
    assert_true(calls[i]->has_ticket);
  }
  assert_null(next(NOW));
  assert_int_equal(queue.n_turns, 2);
  for (i = 0; i < 3; i++)
    ends(calls[i], NULL, NOW + 1);
  assert_null(next(NOW + 1));
  assert_int_equal(hl_queue_due(&queue, NOW + 1), NOW + 1 + 10 * S + MARGIN);
  assert_ptr_equal(next(NOW + 1 + 10 * S + MARGIN), calls[3]);
  assert_ptr_equal(next(NOW + 1 + 10 * S + MARGIN), calls[4]);
  assert_int_equal(hl_queue_due(&queue, NOW), INT64_MAX);
  for (i = 0; i < COUNT(calls); i++)
    gone(calls[i]);
  hl_queue_free(&queue);
}

/* Who started first goes first, also after a rest. */
static void a_rest_keeps_the_order (void **state) {
  const hl_result lost = of_kind(HL_NETWORK, HL_PHASE_CONNECT, 0);
  hl_call *calls[4];
  size_t i;

  (void)state;
  begin(2);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = join("a", 60000, NOW);
  assert_ptr_equal(next(NOW), calls[0]);
  assert_ptr_equal(next(NOW), calls[1]);
  rests(calls[1], &lost, NOW + 5, NOW);
  rests(calls[0], &lost, NOW + 5, NOW);
  assert_ptr_equal(next(NOW), calls[2]); /* they left two places */
  rests(calls[2], &lost, NOW + 4, NOW);
  assert_int_equal(hl_queue_due(&queue, NOW), NOW);
  assert_int_equal(queue.n_turns, 1);
  for (i = 0; i < 2; i++)
    assert_ptr_equal(next(NOW + 5), calls[i]);
  assert_null(next(NOW + 5));
  assert_int_equal(calls[2]->state, HL_CALL_QUEUED);
  ends(calls[0], &lost, NOW + 6);
  assert_ptr_equal(next(NOW + 6), calls[2]);
  ends(calls[1], &lost, NOW + 6);
  assert_ptr_equal(next(NOW + 6), calls[3]);
  for (i = 0; i < COUNT(calls); i++)
    gone(calls[i]);
  hl_queue_free(&queue);
}

static void rests_end_soonest_first (void **state) {
  static const int64_t until[] = {50, 10, 30, 20, 40};
  static const size_t order[] = {1, 3, 2, 4, 0};
  hl_call *calls[5];
  size_t i;

  (void)state;
  begin(0);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = join("a", 60000, NOW);
  for (i = 0; i < COUNT(calls); i++)
    assert_ptr_equal(next(NOW), calls[i]);
  for (i = 0; i < COUNT(calls); i++)
    rests(calls[i], NULL, NOW + until[i], NOW);
  for (i = 0; i < COUNT(order); i++) {
    int64_t at = NOW + until[order[i]];
    assert_row(i, hl_queue_due(&queue, NOW) == at);
    assert_null(next(at - 1));
    assert_ptr_equal(next(at), calls[order[i]]);
    gone(calls[order[i]]);
  }
  hl_queue_free(&queue);
}

/*------------------------------------------------------------------- lanes */

static size_t n_lanes (void) {
  size_t n = 0;
  hl_link *link;

  for (link = queue.lanes.next; link != &queue.lanes; link = link->next)
    n++;
  return n;
}

static void tokens_do_not_hinder_each_other (void **state) {
  const hl_result refused = of_kind(HL_RATE_LIMITED, HL_PHASE_TRANSFER, 429);
  hl_call *a[2], *b[2];
  size_t i;

  (void)state;
  begin(1);
  for (i = 0; i < 2; i++)
    a[i] = join("a", 60000, NOW);
  for (i = 0; i < 2; i++)
    b[i] = join("b", 60000, NOW);
  assert_ptr_equal(next(NOW), a[0]);
  assert_ptr_equal(next(NOW), b[0]);
  assert_null(next(NOW));
  assert_int_equal(n_lanes(), 2);
  ends(a[0], &refused, NOW + S);
  ends(b[0], NULL, NOW + 2);
  assert_int_equal(hl_queue_ready(&queue, a[1], NULL, NOW + S),
                   NOW + 11 * S + MARGIN);
  assert_int_equal(hl_queue_ready(&queue, b[1], NULL, NOW + S),
                   NOW + 2 + 10 * S + MARGIN);
  assert_true(hl_queue_ready(&queue, NULL, "c", NOW + S) <= NOW + S);
  assert_ptr_equal(next(NOW + 2 + 10 * S + MARGIN), b[1]);
  assert_null(next(NOW + 2 + 10 * S + MARGIN));
  assert_ptr_equal(next(NOW + 11 * S + MARGIN), a[1]);
  for (i = 0; i < 2; i++) {
    gone(a[i]);
    gone(b[i]);
  }
  hl_queue_free(&queue);
}

/* A lane goes when nobody is in it and its window is empty, as soon as there
** is another token. */
static void lanes_are_swept (void **state) {
  hl_call *call;
  char token[32];
  int i;

  (void)state;
  begin(5);
  for (i = 0; i < 20; i++) {
    snprintf(token, sizeof(token), "token %d", i);
    call = join(token, 60000, NOW + i * S);
    assert_ptr_equal(next(NOW + i * S), call);
    ends(call, NULL, NOW + i * S);
    gone(call);
    assert_true(n_lanes() <= 12);
  }
  call = join("a", 60000, NOW + 40 * S); /* all at once */
  assert_int_equal(n_lanes(), 1);
  gone(join("b", 60000, NOW + 99 * S));
  assert_int_equal(n_lanes(), 2); /* `a` has a call */
  gone(call);
  gone(join("c", 60000, NOW + 99 * S));
  assert_int_equal(n_lanes(), 1);
  hl_queue_free(&queue);

  begin(0); /* nothing to remember */
  gone(join("a", 60000, NOW));
  gone(join("b", 60000, NOW));
  assert_int_equal(n_lanes(), 1);
  hl_queue_free(&queue);
}

/*--------------------------------------------------------------- deadlines */

static void waiting_ends_with_the_deadline (void **state) {
  const hl_result lost = of_kind(HL_NETWORK, HL_PHASE_CONNECT, 0);
  hl_call *out, *late, *later, *resting;

  (void)state;
  begin(2);
  out = join("a", 50000, NOW);
  resting = join("a", 6000, NOW);
  assert_ptr_equal(next(NOW), out);
  assert_ptr_equal(next(NOW), resting);
  later = join("a", 4000, NOW);
  late = join("a", 3000, NOW);
  assert_int_equal(hl_queue_due(&queue, NOW), NOW + 3 * S);
  assert_null(hl_queue_overdue(&queue, NOW + 3 * S - 1));
  assert_ptr_equal(hl_queue_overdue(&queue, NOW + 3 * S), late);
  gone(late);
  assert_null(hl_queue_overdue(&queue, NOW + 3 * S));
  assert_int_equal(hl_queue_due(&queue, NOW + 3 * S), NOW + 4 * S);
  rests(resting, &lost, NOW + 6 * S - 1, NOW + 3 * S);
  assert_ptr_equal(next(NOW + 3 * S), later); /* in its place */
  assert_null(hl_queue_overdue(&queue, NOW + 5 * S));
  assert_int_equal(hl_queue_due(&queue, NOW + 5 * S), NOW + 6 * S - 1);
  /* nobody looked in time: it has rested, and it is too late */
  assert_ptr_equal(hl_queue_overdue(&queue, NOW + 7 * S), resting);
  gone(resting);
  assert_null(
      hl_queue_overdue(&queue, NOW + 100 * S)); /* `out` does not wait */
  assert_int_equal(hl_queue_due(&queue, NOW + 100 * S), INT64_MAX);
  gone(out);
  gone(later);
  hl_queue_free(&queue);
}

/* Deadlines of calls that left do not make anybody wake again and again. */
static void old_deadlines_are_forgotten (void **state) {
  hl_call *first, *second, *third;

  (void)state;
  begin(1);
  first = join("a", 1000, NOW);
  second = join("a", 2000, NOW);
  third = join("a", 50000, NOW);
  assert_ptr_equal(next(NOW), first);
  gone(second);
  assert_null(hl_queue_overdue(&queue, NOW + 2 * S));
  assert_true(hl_queue_due(&queue, NOW + 2 * S) > NOW + 3 * S);
  gone(first);
  gone(third);
  hl_queue_free(&queue);
}

/*------------------------------------------------------------------- ready */

static void it_knows_who_is_ahead (void **state) {
  hl_call *calls[5], *rested;
  size_t i;

  (void)state;
  begin(2);
  assert_true(hl_queue_ready(&queue, NULL, "a", NOW) <= NOW);
  rested = join("a", 60000, NOW);
  assert_ptr_equal(next(NOW), rested);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = join("a", 60000, NOW);
  assert_ptr_equal(next(NOW), calls[0]);
  ends(calls[0], NULL, NOW + S);
  rests(rested, NULL, NOW + 2 * S, NOW + 2 * S);
  assert_null(next(NOW + 2 * S)); /* it is ahead of all again */
  assert_int_equal(hl_queue_ready(&queue, rested, NULL, NOW + 2 * S),
                   NOW + 11 * S + MARGIN);
  assert_int_equal(hl_queue_ready(&queue, calls[1], NULL, NOW + 2 * S),
                   NOW + 12 * S + MARGIN);
  /* the others after that, one way or the other */
  for (i = 2; i < COUNT(calls); i++)
    assert_row(i, hl_queue_ready(&queue, calls[i], NULL, NOW + 2 * S) >=
                      NOW + 12 * S + MARGIN);
  gone(rested);
  for (i = 0; i < COUNT(calls); i++)
    gone(calls[i]);
  hl_queue_free(&queue);
}

/* The caution of a first burst ends with the first answer, so it is no reason
** to give a call up. */
static void caution_is_no_reason_to_give_up (void **state) {
  const hl_result done = of_kind(HL_OK, HL_PHASE_TRANSFER, 200);
  hl_call *calls[101];
  size_t i;

  (void)state;
  begin(100);
  for (i = 0; i < COUNT(calls); i++) {
    calls[i] = join("a", 500, NOW);
    if (i < 25)
      assert_ptr_equal(next(NOW), calls[i]);
  }
  assert_null(next(NOW));
  for (i = 25; i < 100; i++)
    assert_row(i, hl_queue_ready(&queue, calls[i], NULL, NOW) <
                      calls[i]->deadline_us);
  assert_true(hl_queue_ready(&queue, calls[100], NULL, NOW) >=
              calls[100]->deadline_us);
  assert_true(hl_queue_ready(&queue, NULL, "a", NOW) > NOW);
  ends(calls[0], &done, NOW + 1);
  for (i = 25; i < 100; i++)
    assert_ptr_equal(next(NOW + 1), calls[i]);
  assert_null(next(NOW + 1));
  for (i = 0; i < COUNT(calls); i++)
    gone(calls[i]);
  hl_queue_free(&queue);
}

static void without_a_limit_nobody_waits (void **state) {
  hl_call *calls[300];
  const hl_result refused = of_kind(HL_RATE_LIMITED, HL_PHASE_TRANSFER, 429);
  size_t i;

  (void)state;
  begin(0);
  for (i = 0; i < COUNT(calls); i++) {
    calls[i] = join("a", 60000, NOW);
    assert_int_equal(hl_queue_ready(&queue, calls[i], NULL, NOW), NOW);
  }
  assert_int_equal(hl_queue_due(&queue, NOW), NOW);
  for (i = 0; i < COUNT(calls); i++) {
    assert_ptr_equal(next(NOW), calls[i]);
    assert_false(calls[i]->has_ticket);
  }
  ends(calls[0], &refused, NOW);
  assert_int_equal(hl_queue_ready(&queue, NULL, "a", NOW), NOW);
  for (i = 0; i < COUNT(calls); i++)
    gone(calls[i]);
  hl_queue_free(&queue);
}

/*------------------------------------------------------------------ ending */

/* Which ends leave the place free at once. */
static void what_may_have_been_counted_holds_its_place (void **state) {
  static const struct {
    hl_kind kind;
    hl_phase phase;
    int status;
    bool is_free;
  } rows[] = {
      {HL_OK, HL_PHASE_TRANSFER, 200, false},
      {HL_REJECTED, HL_PHASE_TRANSFER, 422, false},
      {HL_NETWORK, HL_PHASE_CONNECT, 0, true},
      {HL_TIMEOUT, HL_PHASE_CONNECT, 0, true},
      {HL_TLS, HL_PHASE_CONNECT, 0, true},
      {HL_NETWORK, HL_PHASE_WAIT, 0, false},
      {HL_TIMEOUT, HL_PHASE_WAIT, 0, false},
      {HL_NETWORK, HL_PHASE_TRANSFER, 0, false},
      {HL_PROTOCOL, HL_PHASE_TRANSFER, 204, false},
      {HL_PROTOCOL, HL_PHASE_WAIT, 0, false},
      /* an answer there was no memory for, say: nobody knows */
      {HL_MEMORY, HL_PHASE_NONE, 0, false},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result r = of_kind(rows[i].kind, rows[i].phase, rows[i].status);
    hl_call *call;
    begin(1);
    call = join("a", 60000, NOW);
    assert_ptr_equal(next(NOW), call);
    ends(call, &r, NOW);
    ends(call, &r, NOW); /* it has no ticket any more */
    assert_row(i, (hl_queue_ready(&queue, NULL, "a", NOW) <= NOW) ==
                      rows[i].is_free);
    gone(call);
    hl_queue_free(&queue);
  }
}

static void what_is_broken_off_holds_its_place (void **state) {
  hl_call *call;

  (void)state;
  begin(1);
  call = join("a", 60000, NOW);
  assert_ptr_equal(next(NOW), call);
  ends(call, NULL, NOW + S);
  gone(call);
  assert_int_equal(hl_queue_ready(&queue, NULL, "a", NOW + S),
                   NOW + 11 * S + MARGIN);
  hl_queue_free(&queue);
}

/* Taken out from wherever it is. */
static void it_can_leave_anywhere (void **state) {
  hl_call *first, *second, *third;

  (void)state;
  begin(2);
  first = join("a", 60000, NOW);
  second = join("a", 60000, NOW);
  third = join("a", 60000, NOW);
  assert_ptr_equal(next(NOW), first);
  gone(second);
  assert_int_equal(queue.n_turns, 1);
  rests(first, NULL, NOW + 5, NOW);
  gone(first);
  assert_ptr_equal(next(NOW + 5), third);
  assert_null(next(NOW + 5));
  gone(third);
  assert_int_equal(queue.n_turns, 0);
  assert_int_equal(hl_queue_due(&queue, NOW), INT64_MAX);
  hl_queue_free(&queue);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(they_leave_in_their_order),
      cmocka_unit_test(a_rest_keeps_the_order),
      cmocka_unit_test(rests_end_soonest_first),
      cmocka_unit_test(tokens_do_not_hinder_each_other),
      cmocka_unit_test(lanes_are_swept),
      cmocka_unit_test(waiting_ends_with_the_deadline),
      cmocka_unit_test(old_deadlines_are_forgotten),
      cmocka_unit_test(it_knows_who_is_ahead),
      cmocka_unit_test(caution_is_no_reason_to_give_up),
      cmocka_unit_test(without_a_limit_nobody_waits),
      cmocka_unit_test(what_may_have_been_counted_holds_its_place),
      cmocka_unit_test(what_is_broken_off_holds_its_place),
      cmocka_unit_test(it_can_leave_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
