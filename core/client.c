/*
** client.c: one account, and the calls it makes.
*/
#include "client.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

/* How long a blocking run waits at a stretch; deadlines are libcurl's. */
#define STRETCH_MS 1000

int64_t hl_now_us (void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void hl_free (void *text) {
  free(text);
}

/* libcurl's once-per-process part; never undone, as others may use it too. */
static bool global_init (void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool done;
  bool ok;

  pthread_mutex_lock(&lock);
  if (!done)
    done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  ok = done;
  pthread_mutex_unlock(&lock);
  return ok;
}

/*----------------------------------------------------------------- client */

hl_kind hl_client_new (hl_client **out, const hl_options *options,
                       const hl_result **why) {
  hl_client *c = NULL;
  hl_problems problems;
  hl_kind kind = HL_MEMORY;

  *why = NULL;
  hl_problems_init(&problems);
  if (!global_init() || (c = calloc(1, sizeof(*c))) == NULL)
    goto out;
  hl_list_init(&c->calls);
  hl_list_init(&c->news);
  c->dice = (uint64_t)hl_now_us() ^ (uint64_t)(uintptr_t)c;
  hl_settings_init(&c->settings, options, &problems);
  hl_queue_init(&c->queue, c->settings.rate);
  if (problems.failed)
    goto out;
  if (problems.n > 0) {
    kind = hl_result_give(hl_result_invalid(&problems), why);
    goto out;
  }
  *out = c;
  c = NULL;
  kind = HL_OK;
out:
  hl_problems_free(&problems);
  hl_client_free(c);
  return kind;
}

static hl_call *call_of (hl_link *all) {
  return HL_HOLDER(all, hl_call, all);
}

/* From 0 up to 1: splitmix64. For spreading retries, not for secrets. */
static double roll (hl_client *c) {
  uint64_t z = (c->dice += UINT64_C(0x9E3779B97F4A7C15));

  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* There is something to tell of this call. */
static void tell (hl_client *c, hl_call *call) {
  if (hl_list_is_empty(&call->news))
    hl_list_put(&c->news, &call->news);
}

static bool is_running (const hl_call *call) {
  return call->lane != NULL;
}

/* A running call has come to its end, and is settled at once. */
static void part (hl_client *c, hl_call *call) {
  hl_queue_leave(&c->queue, call);
  c->running--;
  tell(c, call);
}

/* End a running call for a reason that is not its own. */
static void stop (hl_client *c, hl_call *call, hl_kind kind, const char *why) {
  int64_t now_us = hl_now_us();

  if (c->engine != NULL)
    hl_engine_drop(c->engine, call);
  hl_queue_ended(&c->queue, call, NULL, now_us);
  part(c, call);
  hl_call_stop(call, kind, why, now_us);
}

/* Its turn will not come in time. */
static void give_up (hl_client *c, hl_call *call, int64_t ready_us,
                     int64_t now_us) {
  part(c, call);
  hl_call_give_up(call, ready_us, now_us);
}

static void stop_all (hl_client *c, hl_kind kind, const char *why) {
  hl_link *link;

  for (link = c->calls.next; link != &c->calls; link = link->next) {
    if (is_running(call_of(link)))
      stop(c, call_of(link), kind, why);
  }
}

/* Those that were never started as well: nothing moves any more. */
static void cancel_all (hl_client *c) {
  hl_link *link;

  stop_all(c, HL_CANCELLED, "the client was closed while this call ran");
  for (link = c->calls.next; link != &c->calls; link = link->next) {
    if (call_of(link)->state == HL_CALL_PREPARED) {
      hl_call_stop(call_of(link), HL_CANCELLED, "the client is closed",
                   hl_now_us());
      tell(c, call_of(link));
    }
  }
}

/*
** The engine of this process. After a fork the parent's is left alone: to
** clean it up here would say goodbye on connections that are the parent's, and
** so are the calls, which the parent goes on carrying.
*/
static hl_engine *engine_of (hl_client *c) {
  pid_t pid = getpid();
  hl_link *link;

  if (c->engine != NULL && c->engine_pid != pid) {
    for (link = c->calls.next; link != &c->calls; link = link->next) {
      call_of(link)->transfer = NULL;
      hl_list_init(&call_of(link)->done);
    }
    c->engine = NULL;
    stop_all(c, HL_CANCELLED,
             "it is the parent process that carries this call");
  }
  if (c->engine == NULL && !c->closed) {
    c->engine = hl_engine_new(&c->settings);
    c->engine_pid = pid;
    c->dice ^= (uint64_t)pid << 32; /* or all that were forked throw alike */
  }
  return c->engine;
}

void hl_client_close (hl_client *c) {
  if (c == NULL || c->closed)
    return;
  if (c->engine != NULL)
    (void)engine_of(c); /* a child does not touch its parent's */
  cancel_all(c);
  hl_engine_free(c->engine);
  c->engine = NULL;
  c->closed = true;
}

void hl_client_free (hl_client *c) {
  if (c == NULL)
    return;
  hl_client_close(c);
  c->freed = true;
  if (hl_list_is_empty(&c->calls)) {
    hl_queue_free(&c->queue);
    hl_settings_free(&c->settings);
    free(c);
  }
}

/*------------------------------------------------------------------ calls */

hl_call *hl_call_new (hl_client *c, const char *id, size_t id_len,
                      hl_fields *fields, const hl_call_options *options) {
  hl_call *call =
      hl_call_make(&c->settings, id, id_len, fields, options, hl_now_us());

  if (call == NULL)
    return NULL;
  call->client = c;
  hl_list_put(&c->calls, &call->all);
  return call;
}

void hl_call_free (hl_call *call) {
  hl_client *c;

  if (call == NULL)
    return;
  c = call->client;
  if (is_running(call))
    (void)engine_of(c); /* in a child, that ends it */
  if (is_running(call))
    stop(c, call, HL_CANCELLED, "freed while it ran");
  hl_list_take(&call->all);
  hl_list_take(&call->news);
  hl_call_destroy(call);
  if (c->freed && hl_list_is_empty(&c->calls))
    hl_client_free(c);
}

/* What became of one attempt: the call rests, or is settled. */
static void conclude (hl_client *c, hl_call *call, int64_t now_us) {
  hl_queue_ended(&c->queue, call, call->result, now_us);
  if (!hl_call_conclude(call, c->settings.rate.interval_us, roll(c), now_us)) {
    part(c, call);
    return;
  }
  hl_queue_rest(&c->queue, call);
  tell(c, call);
}

/* What waits and may leave does, unless its deadline has passed. */
static void admit (hl_client *c, hl_engine *e, int64_t now_us) {
  hl_call *call;
  bool no_memory;

  while ((call = hl_queue_overdue(&c->queue, now_us)) != NULL)
    give_up(c, call, hl_queue_ready(&c->queue, call, NULL, now_us), now_us);
  while ((call = hl_queue_next(&c->queue, now_us, &no_memory)) != NULL) {
    if (no_memory)
      stop(c, call, HL_MEMORY, "");
    else
      hl_engine_start(e, call, now_us);
  }
}

/* A turn that cannot come before the deadline is not waited for. */
static void start (hl_client *c, hl_engine *e, hl_call *call) {
  int64_t now_us = hl_now_us(), ready_us;

  if (!hl_queue_join(&c->queue, call, now_us)) {
    hl_call_stop(call, HL_MEMORY, "", now_us);
    tell(c, call);
    return;
  }
  c->running++;
  ready_us = hl_queue_ready(&c->queue, call, NULL, now_us);
  if (ready_us >= call->deadline_us)
    give_up(c, call, ready_us, now_us);
  else
    admit(c, e, now_us);
}

void hl_call_start (hl_call *call) {
  hl_client *c = call->client;
  hl_engine *e;

  if (call->state != HL_CALL_PREPARED) {
    if (call->state == HL_CALL_SETTLED)
      tell(c, call);
    return;
  }
  e = engine_of(c);
  if (e != NULL) {
    start(c, e, call);
    return;
  }
  hl_call_stop(call, c->closed ? HL_CANCELLED : HL_MEMORY,
               "the client is closed", hl_now_us());
  tell(c, call);
}

/*---------------------------------------------------------------- stepping */

/* How long the engine may wait for the network. */
static int stretch (const hl_client *c, int wait_ms, int64_t now_us) {
  int64_t due_us = hl_queue_due(&c->queue, now_us), ms;

  if (due_us == INT64_MAX)
    return wait_ms;
  if (due_us <= now_us)
    return 0;
  ms = (due_us - now_us + 999) / 1000; /* not too early, or it would spin */
  return ms < wait_ms ? (int)ms : wait_ms;
}

int hl_client_step (hl_client *c, int wait_ms) {
  hl_engine *e = engine_of(c);
  int64_t now_us;
  hl_kind kind;
  hl_call *call;

  if (e == NULL || c->running == 0)
    return 0;
  now_us = hl_now_us();
  admit(c, e, now_us);
  kind = hl_engine_step(e, stretch(c, wait_ms, now_us));
  now_us = hl_now_us();
  while ((call = hl_engine_take(e)) != NULL)
    conclude(c, call, now_us);
  if (kind != HL_OK)
    stop_all(c, kind, "libcurl cannot go on; the update may have been done");
  admit(c, e, now_us);
  return c->running;
}

void hl_call_run (hl_call *call) {
  hl_call_start(call);
  while (is_running(call))
    hl_client_step(call->client, STRETCH_MS);
}

hl_call *hl_client_next (hl_client *c) {
  hl_link *first = c->news.next;

  if (hl_list_is_empty(&c->news))
    return NULL;
  hl_list_take(first);
  return HL_HOLDER(first, hl_call, news);
}

int hl_client_ready_ms (const hl_client *c, const char *token) {
  int64_t now_us = hl_now_us(), at = now_us, ms;
  hl_problems problems;
  char *trimmed;

  if (token != NULL) {
    hl_problems_init(&problems);
    trimmed = hl_token_copy(token, &problems);
    if (trimmed != NULL)
      at = hl_queue_ready(&c->queue, NULL, trimmed, now_us);
    hl_free_secret(trimmed);
    hl_problems_free(&problems);
  } else if (c->settings.token != NULL) {
    at = hl_queue_ready(&c->queue, NULL, c->settings.token, now_us);
  }
  ms = (at - now_us + 999) / 1000;
  return ms <= 0 ? 0 : ms < INT_MAX ? (int)ms : INT_MAX;
}
