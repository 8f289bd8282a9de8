/*
** queue.c: calls that wait for their turn, or to try again, whatever servers
** answer.
**
** What client.c does with the engine's help is done here by hand, with a clock
** and a network of the input's own. Every call comes to its end by its
** deadline, in order, and within the limit.
*/
#include "queue.h"

#include "bytes.h"

#define MS INT64_C(1000)
#define CALLS 32
#define TOKENS 3
#define MARGIN (10 * MS) /* pace.c's */
#define TURNS 2000

typedef struct item {
  hl_call *call; /* NULL: there is none, or it has ended */
  size_t account;
  bool flies;      /* an attempt is under way */
  int64_t ends_us; /* that one, at the latest */
  int attempts;
  hl_kind last;
} item;

typedef struct departure {
  int64_t left_us;
  bool counts; /* for all that we know */
} departure;

typedef struct account {
  uint64_t last_order; /* of the call that left last for the first time */
  departure left[CALLS * 8];
  size_t n;
} account;

typedef struct world {
  bytes bytes;
  hl_queue queue;
  hl_window limit;
  int64_t now_us;
  item items[CALLS];
  account accounts[TOKENS];
  int running;
  bool ending; /* no attempt takes long any more */
} world;

static hl_settings settings[TOKENS];

/*-------------------------------------------------------------- the network */

/* Never more within an interval than the limit allows. */
static void claim_room (const world *w, const account *a) {
  int64_t n = 0;
  size_t i;

  for (i = 0; i < a->n; i++)
    n += a->left[i].counts &&
         a->left[i].left_us + w->limit.interval_us > w->now_us;
  claim(w->limit.requests == 0 || n < w->limit.requests);
}

/* Nobody waits for a turn who was started before. */
static void claim_first (const world *w, const item *it) {
  size_t i;

  for (i = 0; i < CALLS; i++) {
    const item *other = &w->items[i];
    if (other->call != NULL && other->account == it->account &&
        other->call->state == HL_CALL_QUEUED)
      claim(other->call->order > it->call->order);
  }
}

static void send (world *w, item *it) {
  hl_call *call = it->call;
  account *a = &w->accounts[it->account];

  claim(call->state == HL_CALL_PREPARED);
  claim(w->now_us < call->deadline_us);
  if (it->attempts == 0) {
    claim(call->order > a->last_order);
    a->last_order = call->order;
  }
  claim_first(w, it);
  claim_room(w, a);
  if (a->n == COUNT(a->left)) {
    a->n--;
    memmove(a->left, a->left + 1, a->n * sizeof(a->left[0]));
  }
  a->left[a->n++] = (departure){w->now_us, true};
  hl_call_sending(call, w->now_us);
  claim(call->attempts == ++it->attempts);
  it->flies = true;
  it->ends_us = call->deadline_us;
  if (w->ending && it->ends_us > w->now_us + 1000 * MS)
    it->ends_us = w->now_us + 1000 * MS;
}

static void uncount (world *w, const item *it) {
  account *a = &w->accounts[it->account];
  size_t i;

  for (i = a->n; i-- > 0;)
    if (a->left[i].left_us == it->call->sent_us && a->left[i].counts) {
      a->left[i].counts = false;
      return;
    }
}

/*--------------------------------------------------------------- an answer */

static void head (hl_call *call, const char *name, int64_t n) {
  char line[100];

  snprintf(line, sizeof(line), "%s: %lld\r\n", name, (long long)n);
  hl_answer_header(&call->answer, line, strlen(line), 0);
}

static int64_t any_number (bytes *b) {
  static const int64_t some[] = {
      0,        1,     2,       25,        100,
      1000,     10000, 3600000, INT32_MAX, INT64_MAX / 1000 - 1,
      INT64_MAX};
  unsigned how = bytes_one(b);

  return how < 200 ? some[how % COUNT(some)] : (int64_t)bytes_word(b, 2);
}

static void answer (world *w, hl_call *call, unsigned how) {
  static const char *const status[] = {
      "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 429 X", "HTTP/1.1 503 X",
      "HTTP/1.1 422 X",  "HTTP/1.1 429 X",  "HTTP/1.1 302 X", "HTTP/1.1 100 X"};
  const char *line = status[how % COUNT(status)];
  unsigned what = bytes_one(&w->bytes);

  hl_answer_header(&call->answer, line, strlen(line), 0);
  if (what & 1)
    head(call, "X-RateLimit-Max", any_number(&w->bytes));
  if (what & 2)
    head(call, "X-RateLimit-Remaining", any_number(&w->bytes));
  if (what & 4)
    head(call, "X-RateLimit-Interval-Milliseconds", any_number(&w->bytes));
  if (what & 8)
    head(call, "Retry-After", any_number(&w->bytes));
  if (what >= 0xF0)
    head(call, "X-RateLimit-Daily-Remaining", 0);
  claim(hl_text_puts(&call->answer.body, "{\"contact\":{}}"));
  hl_call_answered(call, "1.1");
}

/*--------------------------------------------------------------- the client */

static item *item_of (const hl_call *call) {
  item *it = hl_call_user(call);

  claim(it->call == call);
  return it;
}

static void part (world *w, item *it) {
  const hl_call *call = it->call;
  const hl_result *r = hl_call_result(call);
  size_t n;

  (void)hl_call_history(call, &n);
  claim(r != NULL && r->attempts == it->attempts);
  claim(it->attempts <= call->retries + 1);
  claim(n <= (size_t)it->attempts && n <= HL_HISTORY_MAX);
  claim(w->now_us < call->deadline_us + MS);
  claim(call->lane == NULL && !call->has_ticket);
  w->running--;
  hl_call_destroy(it->call);
  *it = (item){.account = it->account};
}

static void give_up (world *w, hl_call *call, int64_t ready_us) {
  item *it = item_of(call);
  const hl_result *r;

  hl_queue_leave(&w->queue, call);
  hl_call_give_up(call, ready_us, w->now_us);
  r = hl_call_result(call);
  claim(r->kind == (it->attempts > 0        ? it->last
                    : ready_us <= w->now_us ? HL_TIMEOUT
                                            : HL_RATE_LIMITED));
  claim(it->attempts > 0 || r->status == 0);
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
    claim(!no_memory);
    send(w, item_of(call));
  }
  for (i = 0; i < CALLS; i++)
    if (w->items[i].call != NULL && !w->items[i].flies)
      claim(w->now_us < w->items[i].call->deadline_us);
  claim(hl_queue_due(q, w->now_us) > w->now_us);
}

/* An attempt ends: `how` is what comes of it. */
static void conclude (world *w, item *it, unsigned how) {
  hl_call *call = it->call;
  bool late = w->now_us >= it->ends_us;

  it->flies = false;
  if (!late && how < 180)
    answer(w, call, how);
  else
    hl_call_failed(call, late ? HL_TIMEOUT : HL_NETWORK,
                   how % 2 == 0 ? HL_PHASE_CONNECT : HL_PHASE_WAIT, "trouble");
  it->last = call->result->kind;
  if (it->last == HL_RATE_LIMITED ||
      (call->result->status == 0 && call->result->phase == HL_PHASE_CONNECT))
    uncount(w, it);
  hl_queue_ended(call, call->result, w->now_us);
  if (hl_call_conclude(call, w->limit.interval_us,
                       (double)bytes_one(&w->bytes) / 256, w->now_us)) {
    claim(call->resume_us >= w->now_us && call->resume_us < call->deadline_us);
    hl_queue_rest(&w->queue, call);
    return;
  }
  hl_queue_leave(&w->queue, call);
  claim(hl_call_result(call)->kind == it->last);
  part(w, it);
}

static void start (world *w, item *it) {
  static const long timeouts[] = {1,     100,     1000,      10000,
                                  30000, 3600000, 2147483647};
  hl_call_options o = {.user = it};
  cJSON *fields = cJSON_CreateObject();
  int64_t ready_us;

  it->account = (size_t)bytes_range(&w->bytes, 0, TOKENS - 1);
  o.timeout_ms =
      timeouts[bytes_range(&w->bytes, 0, (int64_t)COUNT(timeouts) - 1)];
  o.retries = (long)bytes_range(&w->bytes, -1, 20);
  cJSON_AddStringToObject(fields, "name", "a");
  it->call = hl_call_make(&settings[it->account], "abc", 3,
                          hl_fields_new(fields), &o, w->now_us);
  claim(it->call != NULL && it->call->state == HL_CALL_PREPARED);
  w->running++;
  claim(hl_queue_join(&w->queue, it->call, w->now_us));
  ready_us = hl_queue_ready(&w->queue, it->call, NULL, w->now_us);
  if (ready_us >= it->call->deadline_us)
    give_up(w, it->call, ready_us);
}

/* Somebody frees it, wherever it is. */
static void cancel (world *w, item *it) {
  hl_queue_ended(it->call, NULL, w->now_us);
  hl_queue_leave(&w->queue, it->call);
  hl_call_stop(it->call, HL_CANCELLED, "freed", w->now_us);
  part(w, it);
}

/*------------------------------------------------------------------- a life */

/* When something happens by itself. */
static int64_t next_time (const world *w) {
  int64_t at = hl_queue_due(&w->queue, w->now_us);
  size_t i;

  for (i = 0; i < CALLS; i++)
    if (w->items[i].flies && w->items[i].ends_us < at)
      at = w->items[i].ends_us;
  return at;
}

static void come_to (world *w, int64_t at) {
  size_t i;

  w->now_us = at;
  for (i = 0; i < CALLS; i++)
    if (w->items[i].flies && w->items[i].ends_us <= w->now_us)
      conclude(w, &w->items[i], bytes_one(&w->bytes));
  admit(w);
}

static void pass_time (world *w) {
  static const int64_t steps[] = {1, MS, 100 * MS, 1000 * MS, 10000 * MS};
  int64_t due = next_time(w), at;

  at = w->now_us + steps[bytes_range(&w->bytes, 0, (int64_t)COUNT(steps) - 1)] *
                       bytes_range(&w->bytes, 0, 20);
  if (bytes_range(&w->bytes, 0, 1) == 0 && due != INT64_MAX)
    at = due;
  come_to(w, at < due ? at : due);
}

static void event (world *w) {
  item *it = &w->items[bytes_range(&w->bytes, 0, CALLS - 1)];
  unsigned what = bytes_one(&w->bytes);

  if (what < 20 && it->call != NULL)
    cancel(w, it);
  else if (what < 110 && it->call == NULL)
    start(w, it);
  else if (what < 200 && it->flies)
    conclude(w, it, bytes_one(&w->bytes));
  else
    pass_time(w);
  admit(w);
}

/* Left to themselves, all end. That may be weeks from now, and who waits for
** others' answers looks again and again: but never without a pause. */
static void come_to_an_end (world *w) {
  int64_t at, start_us = w->now_us;
  int turns = 0;
  size_t i;

  w->ending = true;
  for (i = 0; i < CALLS; i++)
    if (w->items[i].flies && w->items[i].ends_us > w->now_us + MS)
      w->items[i].ends_us = w->now_us + MS;
  while (w->running > 0 && turns < TURNS) {
    at = next_time(w);
    claim(at != INT64_MAX && at > w->now_us);
    come_to(w, at);
    claim(++turns <= 40 * CALLS + (w->now_us - start_us) / MARGIN);
  }
  for (i = 0; i < CALLS; i++)
    if (w->items[i].call != NULL)
      cancel(w, &w->items[i]);
}

static void give_tokens (void) {
  static const char *const tokens[TOKENS] = {"first", "second", "third"};
  hl_problems problems;
  size_t i;

  hl_problems_init(&problems);
  for (i = 0; i < TOKENS; i++) {
    const hl_options o = {.token = tokens[i]};
    hl_settings_init(&settings[i], &o, &problems);
  }
  claim(problems.n == 0 && !problems.failed);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const int64_t some[] = {0, 1, 2, 3, 5, 26, 100};
  static world w;
  int events = 0;

  if (settings[0].token == NULL)
    give_tokens();
  memset(&w, 0, sizeof(w));
  w.bytes = bytes_of(data, size);
  w.limit.requests = some[bytes_range(&w.bytes, 0, (int64_t)COUNT(some) - 1)];
  w.limit.interval_us = bytes_range(&w.bytes, 1, 20000) * MS;
  w.now_us = bytes_range(&w.bytes, 0, 1) * (INT64_C(1) << 50);
  hl_queue_init(&w.queue, w.limit);
  while (bytes_left(&w.bytes) > 0 && events++ < 400)
    event(&w);
  come_to_an_end(&w);
  hl_queue_free(&w.queue);
  return 0;
}
