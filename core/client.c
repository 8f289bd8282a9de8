/*
** client.c: one account, and the calls it makes.
*/
#include "client.h"

#include <curl/curl.h>
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
  hl_settings_init(&c->settings, options, &problems);
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

/*
** The engine of this process. After a fork the parent's is left alone: to
** clean it up here would say goodbye on connections that are the parent's.
*/
static hl_engine *engine_of (hl_client *c) {
  pid_t pid = getpid();
  hl_call *call;

  if (c->engine != NULL && c->engine_pid != pid) {
    c->engine = NULL;
    for (call = c->calls; call != NULL; call = call->next) {
      call->transfer = NULL;
      if (call->state == HL_CALL_SENDING)
        hl_call_failed(call, HL_CANCELLED, HL_PHASE_NONE,
                       "it is the parent process that carries this call",
                       hl_now_us());
    }
  }
  if (c->engine == NULL && !c->closed) {
    c->engine = hl_engine_new(&c->settings);
    c->engine_pid = pid;
  }
  return c->engine;
}

/* Take a call off the engine, and settle it if it is not. */
static void drop (hl_client *c, hl_call *call, hl_kind kind, const char *why) {
  hl_engine *e = call->transfer != NULL ? engine_of(c) : NULL;

  if (e != NULL)
    hl_engine_drop(e, call);
  if (call->state != HL_CALL_SETTLED)
    hl_call_failed(call, kind, HL_PHASE_NONE, why, hl_now_us());
}

void hl_client_close (hl_client *c) {
  hl_call *call;

  if (c == NULL || c->closed)
    return;
  for (call = c->calls; call != NULL; call = call->next)
    drop(c, call, HL_CANCELLED, "the client was closed while this call ran");
  if (c->engine != NULL && c->engine_pid == getpid())
    hl_engine_free(c->engine);
  c->engine = NULL;
  c->closed = true;
}

void hl_client_free (hl_client *c) {
  if (c == NULL)
    return;
  hl_client_close(c);
  c->freed = true;
  if (c->calls == NULL) {
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
  call->next = c->calls;
  if (c->calls != NULL)
    c->calls->prev = call;
  c->calls = call;
  return call;
}

void hl_call_free (hl_call *call) {
  hl_client *c;

  if (call == NULL)
    return;
  c = call->client;
  if (call->state == HL_CALL_SENDING)
    drop(c, call, HL_CANCELLED, "freed while it ran");
  if (call->prev != NULL)
    call->prev->next = call->next;
  else
    c->calls = call->next;
  if (call->next != NULL)
    call->next->prev = call->prev;
  hl_call_destroy(call);
  if (c->freed && c->calls == NULL)
    hl_client_free(c);
}

void hl_call_start (hl_call *call) {
  hl_engine *e;

  if (call->state != HL_CALL_PREPARED)
    return;
  e = engine_of(call->client);
  if (e != NULL)
    hl_engine_start(e, call);
  else
    hl_call_failed(call, call->client->closed ? HL_CANCELLED : HL_MEMORY,
                   HL_PHASE_NONE, "the client is closed", hl_now_us());
}

int hl_client_step (hl_client *c, int wait_ms) {
  hl_engine *e = engine_of(c);
  hl_kind kind;
  hl_call *call;
  int running = 0;

  if (e == NULL)
    return 0;
  kind = hl_engine_step(e, wait_ms, &running);
  if (kind == HL_OK)
    return running;
  for (call = c->calls; call != NULL; call = call->next)
    if (call->state == HL_CALL_SENDING)
      drop(c, call, kind,
           "libcurl cannot go on; the update may have been done");
  return 0;
}

void hl_call_run (hl_call *call) {
  hl_call_start(call);
  while (call->state == HL_CALL_SENDING)
    hl_client_step(call->client, STRETCH_MS);
}
