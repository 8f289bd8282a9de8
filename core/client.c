/*
** client.c: one account, and the calls it makes.
*/
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "engine.h"
#include "process.h"
#include "result.h"
#include "thread.h"

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
    done =
        hl_process_watch() && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
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
  atomic_init(&c->holders, 1);
  if (pthread_mutex_init(&c->shown.lock, NULL) != 0) {
    free(c);
    c = NULL;
    goto out;
  }
  c->shown.limits = hl_no_limits;
  hl_list_init(&c->news);
  hl_list_init(&c->posted.link);
  hl_list_init(&c->posted.closing);
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

void hl_client_hold (hl_client *c) {
  atomic_fetch_add(&c->holders, 1);
}

void hl_client_drop (hl_client *c) {
  if (atomic_fetch_sub(&c->holders, 1) == 1) { /* so no call is left in it */
    hl_settings_free(&c->settings);
    pthread_mutex_destroy(&c->shown.lock);
    free(c);
  }
}

static void keep_news (hl_client *c) {
  hl_call *call;

  while ((call = hl_carrier_next(c->carrier)) != NULL)
    hl_list_put(&c->news, &call->news);
}

static void drop_carrier (hl_client *c) {
  hl_carrier_free(c->carrier);
  c->carrier = NULL;
  hl_poller_free(c->poller);
  c->poller = NULL;
}

/* After a fork, what the parent carries is left to it. */
static void check_fork (hl_client *c) {
  if (c->carrier != NULL && c->process != hl_process_number()) {
    hl_carrier_desert(c->carrier);
    c->carrier = NULL;
    drop_carrier(c);
  }
}

/* The carrier of this process; NULL: closed, or out of memory or descriptors,
** as errno says. */
static hl_carrier *carrier_of (hl_client *c) {
  check_fork(c);
  if (c->carrier != NULL || c->closed)
    return c->carrier;
  errno = ENOMEM;
  c->poller = hl_poller_new();
  if (c->poller != NULL)
    c->carrier = hl_carrier_new(&c->settings, c->poller);
  if (c->carrier == NULL) {
    int why = c->poller == NULL ? errno : ENOMEM;
    drop_carrier(c);
    errno = why;
  }
  c->process = hl_process_number();
  return c->carrier;
}

void hl_client_close (hl_client *c) {
  if (c == NULL || c->closed)
    return;
  check_fork(c);
  if (c->carrier != NULL) {
    hl_carrier_stop_all(c->carrier, HL_CANCELLED,
                        "the client was closed while this call ran");
    keep_news(c);
  }
  drop_carrier(c);
  hl_thread_close(c);
  c->closed = true;
}

void hl_client_free (hl_client *c) {
  if (c == NULL)
    return;
  hl_client_close(c);
  hl_client_drop(c);
}

/*------------------------------------------------------------------ calls */

hl_call *hl_call_new (hl_client *c, const char *id, size_t id_len,
                      hl_fields *fields, const hl_call_options *options) {
  hl_call *call =
      hl_call_make(&c->settings, id, id_len, fields, options, hl_now_us());

  if (call == NULL)
    return NULL;
  call->client = c;
  hl_client_hold(c);
  return call;
}

void hl_call_free (hl_call *call) {
  hl_client *c;

  if (call == NULL || !hl_thread_let_go(call))
    return;
  c = call->client;
  if (hl_call_is_running(call))
    check_fork(c); /* in a child, that ends it */
  if (hl_call_is_running(call))
    hl_carrier_stop(c->carrier, call, HL_CANCELLED, "freed while it ran");
  hl_call_destroy(call);
  hl_client_drop(c);
}

/* Nobody carries it, and it is settled at once. */
static void refuse (hl_client *c, hl_call *call) {
  char text[200];

  if (c->closed) {
    hl_call_stop(call, HL_CANCELLED, "the client is closed", hl_now_us());
  } else if (errno == ENOMEM) {
    hl_call_stop(call, HL_MEMORY, "", hl_now_us());
  } else {
    snprintf(text, sizeof(text), "nothing to wait for connections with: %s",
             strerror(errno));
    hl_call_refuse(call, text, hl_now_us());
  }
  hl_list_put(&c->news, &call->news);
}

void hl_call_start (hl_call *call) {
  hl_carrier *carrier;

  if (call->state != HL_CALL_PREPARED)
    return;
  carrier = carrier_of(call->client);
  if (carrier != NULL)
    hl_carrier_start(carrier, call);
  else
    refuse(call->client, call);
}

/*---------------------------------------------------------------- stepping */

/* How long there is nothing to do but for what the network brings. */
static int stretch (const hl_carrier *c, int wait_ms) {
  int64_t now_us = hl_now_us();

  return hl_ms_until(hl_carrier_due(c, now_us), now_us, wait_ms);
}

int hl_client_step (hl_client *c, int wait_ms) {
  hl_watch *w;
  int ready;

  check_fork(c);
  if (c->carrier == NULL || hl_carrier_running(c->carrier) == 0)
    return 0;
  if (hl_carrier_turn(c->carrier) == 0 && hl_carrier_running(c->carrier) > 0) {
    hl_poller_wait(c->poller, stretch(c->carrier, wait_ms));
    while ((w = hl_poller_next(c->poller, &ready)) != NULL)
      hl_engine_ready(w->owner, w, ready);
    hl_carrier_turn(c->carrier);
  }
  return hl_carrier_running(c->carrier);
}

void hl_call_run (hl_call *call) {
  hl_call_start(call);
  while (hl_call_is_running(call))
    hl_client_step(call->client, STRETCH_MS);
}

hl_call *hl_client_next (hl_client *c) {
  hl_link *first = c->news.next;

  if (!hl_list_is_empty(&c->news)) {
    hl_list_take(first);
    return HL_HOLDER(first, hl_call, news);
  }
  return c->carrier != NULL ? hl_carrier_next(c->carrier) : NULL;
}

/* What the thread shows of it. */
static void look (hl_client *c, int64_t *ready_us, hl_rate_limit *limits) {
  pthread_mutex_lock(&c->shown.lock);
  *ready_us = c->shown.ready_us;
  *limits = c->shown.limits;
  pthread_mutex_unlock(&c->shown.lock);
}

/* When one more call with this token could leave, where we can know. */
static int64_t ready_at (hl_client *c, const char *token, int64_t now_us) {
  int64_t at = now_us;
  hl_rate_limit limits;
  hl_problems problems;
  char *trimmed;

  if (c->carrier == NULL) {
    if (token == NULL)
      look(c, &at, &limits);
    return at;
  }
  if (token == NULL)
    return c->settings.token != NULL
               ? hl_carrier_ready(c->carrier, c->settings.token, now_us)
               : now_us;
  hl_problems_init(&problems);
  trimmed = hl_token_copy(token, &problems);
  if (trimmed != NULL)
    at = hl_carrier_ready(c->carrier, trimmed, now_us);
  hl_free_secret(trimmed);
  hl_problems_free(&problems);
  return at;
}

int hl_client_ready_ms (hl_client *c, const char *token) {
  int64_t now_us = hl_now_us();

  return hl_ms_until(ready_at(c, token, now_us), now_us, INT_MAX);
}

void hl_client_limits (hl_client *c, hl_rate_limit *limits) {
  int64_t ready_us;

  if (c->carrier != NULL)
    *limits = *hl_carrier_limits(c->carrier);
  else
    look(c, &ready_us, limits);
}
