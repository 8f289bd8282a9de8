/*
** test_schedule.c: random schedules through queue, calls and policy together.
**
** What client.c does with the engine's help is done here by hand, with a
** clock and a network of the test's own. A failure names its seed.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dice.h"
#include "queue.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define ROUNDS 600
#define CALLS 40
#define TOKENS 3
#define COUNTED_MAX 2048

/* What the server remembers of a token. */
typedef struct account {
  int64_t counted[COUNTED_MAX];
  size_t n;
  uint64_t last_order; /* of the call that left last for the first time */
} account;

/* What is known of a call beside itself. */
typedef struct item {
  hl_call *call; /* NULL once it has ended */
  size_t account;
  int64_t start_us;
  bool started;
  hl_kind last; /* of its last attempt that ended */
  int attempts;
  int64_t counts_us; /* while it is under way; -1: not any more */
  int64_t ends_us;   /* INT64_MAX: it is not under way */
  int status;        /* 0: no answer */
  hl_phase phase;
  int64_t limit_left;
} item;

typedef struct world {
  uint64_t seed;
  dice dice;
  int64_t now_us;
  hl_queue queue;
  hl_window limit;
  bool headers;
  int trouble; /* of a hundred attempts, so many go wrong */
  int latency_ms;
  int others; /* of a hundred counts, another program has one more */
  account accounts[TOKENS];
  item items[CALLS];
  size_t running;
  size_t refused, succeeded, given_up;
} world;

#define claim(w, truth)                                                        \
  do {                                                                         \
    if (!(truth))                                                              \
      fail_msg("seed %llu: %s", (unsigned long long)(w)->seed, #truth);        \
  } while (0)

/*--------------------------------------------------------------- the server */

static size_t in_window (const world *w, const account *a, int64_t now_us) {
  size_t i = a->n;

  while (i > 0 && a->counted[i - 1] > now_us - w->limit.interval_us)
    i--;
  return a->n - i;
}

static void mark (account *a, int64_t now_us) {
  assert_true(a->n < COUNTED_MAX);
  a->counted[a->n++] = now_us;
}

static void count (world *w, item *it) {
  account *a = &w->accounts[it->account];
  size_t most = (size_t)w->limit.requests;

  if (dice_percent(&w->dice, w->others) &&
      in_window(w, a, it->counts_us) < most)
    mark(a, it->counts_us);
  if (it->status == 429) {
    ; /* out of a mood: what is refused takes no place */
  } else if (in_window(w, a, it->counts_us) < most) {
    mark(a, it->counts_us);
  } else if (it->status != 0) {
    it->status = 429;
    w->refused++;
  }
  it->limit_left = w->limit.requests - (int64_t)in_window(w, a, it->counts_us);
  it->counts_us = -1;
}

/* All that is counted up to now, in the order of time. */
static void serve (world *w) {
  for (;;) {
    item *first = NULL;
    size_t i;
    for (i = 0; i < CALLS; i++) {
      item *it = &w->items[i];
      if (it->ends_us != INT64_MAX && it->counts_us >= 0 &&
          it->counts_us <= w->now_us &&
          (first == NULL || it->counts_us < first->counts_us))
        first = it;
    }
    if (first == NULL)
      return;
    count(w, first);
  }
}

/*-------------------------------------------------------------- the network */

static void send (world *w, item *it) {
  static const int bad[] = {0, 0, 0, 502, 503, 504, 500, 422, 401, 429};
  hl_call *call = it->call;
  account *a = &w->accounts[it->account];
  int64_t latency = dice_range(&w->dice, 1, w->latency_ms) * MS;

  claim(w, call->state == HL_CALL_PREPARED);
  claim(w, w->now_us < call->deadline_us);
  if (it->attempts == 0) {
    claim(w, call->order > a->last_order);
    a->last_order = call->order;
  }
  hl_call_sending(call, w->now_us);
  claim(w, call->attempts == ++it->attempts);
  it->status = 200;
  it->phase = HL_PHASE_WAIT;
  if (dice_percent(&w->dice, w->trouble))
    it->status = bad[dice_range(&w->dice, 0, COUNT(bad) - 1)];
  it->ends_us = w->now_us + latency;
  it->counts_us = dice_range(&w->dice, w->now_us, it->ends_us);
  if (it->status == 0 && dice_percent(&w->dice, 50)) {
    it->phase = HL_PHASE_CONNECT;
    it->counts_us = -1;
  }
  if (it->ends_us > call->deadline_us) { /* as libcurl ends it */
    it->ends_us = call->deadline_us;
    it->status = -1;
    if (it->counts_us > it->ends_us)
      it->counts_us = it->ends_us;
  }
}

static void head (hl_call *call, const char *line) {
  hl_answer_header(&call->answer, line, strlen(line), 0);
}

static void number (hl_call *call, const char *name, int64_t n) {
  char line[100];

  snprintf(line, sizeof(line), "%s: %lld\r\n", name, (long long)n);
  head(call, line);
}

static void answer (world *w, item *it) {
  static const int64_t waits[] = {0, 0, 1, 2, 5, 60, INT64_C(9999999999)};
  hl_call *call = it->call;
  char line[64];

  snprintf(line, sizeof(line), "HTTP/1.1 %d X\r\n", it->status);
  head(call, line);
  if (w->headers) {
    number(call, "X-RateLimit-Max", w->limit.requests);
    number(call, "X-RateLimit-Remaining", it->limit_left);
    number(call, "X-RateLimit-Interval-Milliseconds",
           w->limit.interval_us / MS);
  }
  if (it->status == 429 && dice_percent(&w->dice, 5))
    number(call, "X-RateLimit-Daily-Remaining", 0);
  if (it->status != 200 && dice_percent(&w->dice, 30))
    number(call, "Retry-After",
           waits[dice_range(&w->dice, 0, COUNT(waits) - 1)]);
  assert_true(hl_text_puts(&call->answer.body, "{\"contact\":{}}"));
  hl_call_answered(call, "1.1");
}

/*--------------------------------------------------------------- the client */

static item *item_of (world *w, const hl_call *call) {
  item *it = hl_call_user(call);

  claim(w, it->call == call);
  return it;
}

/* It has come to its end. */
static void part (world *w, item *it) {
  const hl_call *call = it->call;
  const hl_result *r = hl_call_result(call);
  size_t n;

  (void)hl_call_history(call, &n);
  claim(w, r != NULL);
  claim(w, r->attempts == it->attempts);
  claim(w, it->attempts <= call->retries + 1);
  claim(w, n <= (size_t)it->attempts);
  claim(w, w->now_us < call->deadline_us + 2 * MS);
  claim(w, call->lane == NULL && !call->has_ticket);
  w->running--;
  w->succeeded += r->kind == HL_OK;
  hl_call_destroy(it->call);
  it->call = NULL;
}

static void give_up (world *w, hl_call *call, int64_t ready_us) {
  item *it = item_of(w, call);
  const hl_result *r;

  hl_queue_leave(&w->queue, call);
  hl_call_give_up(call, ready_us, w->now_us);
  r = hl_call_result(call);
  if (it->attempts > 0) /* the last real error */
    claim(w, r->kind == it->last);
  else
    claim(w, r->kind == HL_RATE_LIMITED && r->status == 0);
  w->given_up++;
  part(w, it);
}

static void admit (world *w) {
  hl_queue *q = &w->queue;
  bool no_memory;
  hl_call *call;
  size_t i;

  while ((call = hl_queue_overdue(q, w->now_us)) != NULL)
    give_up(w, call, hl_queue_ready(q, call, NULL, w->now_us));
  while ((call = hl_queue_next(q, w->now_us, &no_memory)) != NULL) {
    claim(w, !no_memory);
    send(w, item_of(w, call));
  }
  for (i = 0; i < CALLS; i++) {
    call = w->items[i].call;
    if (call != NULL && w->items[i].started &&
        (call->state == HL_CALL_QUEUED || call->state == HL_CALL_WAITING))
      claim(w, w->now_us < call->deadline_us);
  }
}

static void conclude (world *w, item *it) {
  hl_call *call = it->call;

  it->ends_us = INT64_MAX;
  if (it->status > 0)
    answer(w, it);
  else
    hl_call_failed(call, it->status < 0 ? HL_TIMEOUT : HL_NETWORK, it->phase,
                   "trouble");
  it->last = call->result->kind;
  hl_queue_ended(call, call->result, w->now_us);
  if (hl_call_conclude(call, w->limit.interval_us, dice_unit(&w->dice),
                       w->now_us)) {
    claim(w, call->resume_us >= w->now_us);
    claim(w, call->resume_us < call->deadline_us);
    hl_queue_rest(&w->queue, call);
    return;
  }
  hl_queue_leave(&w->queue, call);
  claim(w, hl_call_result(call)->kind == it->last);
  part(w, it);
}

static void start (world *w, item *it) {
  static const char *const tokens[TOKENS] = {"a", "b", "c"};
  const hl_options given = {.token = tokens[it->account]};
  const hl_call_options o = {.timeout_ms = (long)dice_range(&w->dice, 1, 30000),
                             .retries = (long)dice_range(&w->dice, -1, 20),
                             .user = it};
  hl_problems problems;
  hl_settings s;
  int64_t ready_us;

  hl_problems_init(&problems);
  hl_settings_init(&s, &given, &problems);
  it->call =
      hl_call_make(&s, "abc", 3, hl_fields_new(cJSON_Parse("{\"name\":\"a\"}")),
                   &o, w->now_us);
  hl_settings_free(&s);
  it->started = true;
  w->running++;
  assert_true(hl_queue_join(&w->queue, it->call, w->now_us));
  ready_us = hl_queue_ready(&w->queue, it->call, NULL, w->now_us);
  if (ready_us >= it->call->deadline_us)
    give_up(w, it->call, ready_us);
  else
    admit(w);
}

/* Somebody frees it, wherever it is. */
static void cancel (world *w, item *it) {
  if (it->counts_us > w->now_us)
    it->counts_us = -1; /* it never arrives */
  it->ends_us = INT64_MAX;
  hl_queue_ended(it->call, NULL, w->now_us);
  hl_queue_leave(&w->queue, it->call);
  hl_call_stop(it->call, HL_CANCELLED, "freed", w->now_us);
  part(w, it);
}

/*------------------------------------------------------------------- a life */

static int64_t sooner (int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* When something happens next; the queue's dues are waited for in ms. */
static int64_t next_time (world *w) {
  int64_t next_us = hl_queue_due(&w->queue, w->now_us);
  size_t i;

  claim(w, next_us > w->now_us);
  if (next_us != INT64_MAX)
    next_us = w->now_us + (next_us - w->now_us + 999) / 1000 * 1000;
  for (i = 0; i < CALLS; i++) {
    if (!w->items[i].started)
      next_us = sooner(next_us, w->items[i].start_us);
    next_us = sooner(next_us, w->items[i].ends_us);
  }
  return next_us;
}

static void turn (world *w) {
  size_t i;

  serve(w);
  for (i = 0; i < CALLS; i++)
    if (w->items[i].ends_us <= w->now_us)
      conclude(w, &w->items[i]);
  for (i = 0; i < CALLS; i++)
    if (!w->items[i].started && w->items[i].start_us <= w->now_us)
      start(w, &w->items[i]);
  if (w->running > 0 && dice_percent(&w->dice, 2)) {
    i = (size_t)dice_range(&w->dice, 0, CALLS - 1);
    if (w->items[i].call != NULL)
      cancel(w, &w->items[i]);
  }
  admit(w);
}

static void prepare (world *w, uint64_t seed) {
  int64_t spread;
  size_t i;

  memset(w, 0, sizeof(*w));
  w->seed = seed;
  w->dice = dice_of(seed);
  w->limit.requests = dice_range(&w->dice, 1, 20);
  w->limit.interval_us = dice_range(&w->dice, 500, 10000) * MS;
  w->headers = dice_percent(&w->dice, 50);
  w->trouble =
      dice_percent(&w->dice, 30) ? 0 : (int)dice_range(&w->dice, 1, 70);
  w->latency_ms = (int)dice_range(&w->dice, 1, 1500);
  w->now_us = dice_range(&w->dice, 0, 1000 * S);
  spread = dice_range(&w->dice, 0, 20000) * MS;
  for (i = 0; i < CALLS; i++) {
    w->items[i].account = (size_t)dice_range(&w->dice, 0, TOKENS - 1);
    w->items[i].start_us = w->now_us + dice_range(&w->dice, 0, spread);
    w->items[i].ends_us = INT64_MAX;
    w->items[i].counts_us = -1;
  }
  hl_queue_init(&w->queue, w->limit);
}

static void live (world *w) {
  int turns = 0;
  int64_t at;

  while ((at = next_time(w)) != INT64_MAX) {
    claim(w, at > w->now_us || turns == 0);
    claim(w, ++turns < 5000);
    w->now_us = at;
    turn(w);
  }
  claim(w, w->running == 0);
  hl_queue_free(&w->queue);
}

/* No refusal of the burst limit but those thrown in; see `bad`. */
static void calls_end_in_time_within_the_limit (void **state) {
  static world w;
  size_t refused = 0, succeeded = 0, given_up = 0;
  uint64_t seed;

  (void)state;
  for (seed = 0; seed < ROUNDS; seed++) {
    prepare(&w, seed);
    live(&w);
    refused += w.refused;
    succeeded += w.succeeded;
    given_up += w.given_up;
    claim(&w, w.refused == 0);
  }
  assert_int_equal(refused, 0);
  assert_true(succeeded > ROUNDS * CALLS / 3); /* or it proves little */
  assert_true(given_up > ROUNDS);
  if (getenv("HL_SPEC_FIGURES") != NULL)
    print_message("%zu of %d succeeded, %zu given up\n", succeeded,
                  ROUNDS * CALLS, given_up);
}

static void calls_end_in_time_beside_others (void **state) {
  static world w;
  size_t refused = 0, succeeded = 0;
  uint64_t seed;

  (void)state;
  for (seed = ROUNDS; seed < 2 * ROUNDS; seed++) {
    prepare(&w, seed);
    w.others = (int)dice_range(&w.dice, 1, 90);
    if (dice_percent(&w.dice, 15))
      w.queue.limit.requests = 0; /* calls do not wait for their turn */
    live(&w);
    refused += w.refused;
    succeeded += w.succeeded;
  }
  assert_true(refused > 0);
  assert_true(succeeded > ROUNDS * CALLS / 5);
  if (getenv("HL_SPEC_FIGURES") != NULL)
    print_message("%zu of %d succeeded, %zu refusals\n", succeeded,
                  ROUNDS * CALLS, refused);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_end_in_time_within_the_limit),
      cmocka_unit_test(calls_end_in_time_beside_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
