/*
** carrier.c: carries the calls of one client, from their start to their end.
*/
#include "carrier.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "queue.h"
#include "result.h"

struct hl_carrier {
  const hl_settings *settings;
  hl_poller *poller;
  hl_engine *engine;
  hl_queue queue;
  hl_link calls; /* those that run */
  hl_link news;  /* those of which something is to be told */
  int running;
  uint64_t dice;        /* state of the random numbers */
  hl_rate_limit limits; /* of the client's token, as last heard */
};

hl_carrier *hl_carrier_new (const hl_settings *s, hl_poller *poller) {
  hl_carrier *c = calloc(1, sizeof(*c));

  if (c == NULL)
    return NULL;
  c->settings = s;
  c->poller = poller;
  c->dice = (uint64_t)hl_now_us() ^ (uint64_t)(uintptr_t)c ^
            (uint64_t)getpid() << 32; /* or all that were forked throw alike */
  c->limits = hl_no_limits;
  hl_list_init(&c->calls);
  hl_list_init(&c->news);
  hl_queue_init(&c->queue, s->rate);
  c->engine = hl_engine_new(s, poller);
  if (c->engine == NULL) {
    hl_carrier_free(c);
    return NULL;
  }
  return c;
}

void hl_carrier_free (hl_carrier *c) {
  if (c == NULL)
    return;
  while (!hl_list_is_empty(&c->news)) /* the calls live on */
    hl_list_take(c->news.next);
  hl_engine_free(c->engine);
  hl_queue_free(&c->queue);
  free(c);
}

void hl_carrier_desert (hl_carrier *c) {
  hl_link *link;

  for (link = c->calls.next; link != &c->calls; link = link->next) {
    hl_call *call = HL_HOLDER(link, hl_call, all);
    call->transfer = NULL;
    hl_list_init(&call->done);
  }
  hl_carrier_stop_all(c, HL_CANCELLED,
                      "it is the parent process that carries this call");
  c->engine = NULL;
  hl_carrier_free(c);
}

/* From 0 up to 1: splitmix64. For spreading retries, not for secrets. */
static double roll (hl_carrier *c) {
  uint64_t z = (c->dice += UINT64_C(0x9E3779B97F4A7C15));

  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/*------------------------------------------------------------------- ends */

/* There is something to tell of this call. */
static void tell (hl_carrier *c, hl_call *call) {
  if (hl_list_is_empty(&call->news))
    hl_list_put(&c->news, &call->news);
}

/* A running call has come to its end, and is settled at once. */
static void part (hl_carrier *c, hl_call *call) {
  hl_queue_leave(&c->queue, call);
  hl_list_take(&call->all);
  c->running--;
  tell(c, call);
}

void hl_carrier_stop (hl_carrier *c, hl_call *call, hl_kind kind,
                      const char *why) {
  int64_t now_us = hl_now_us();

  hl_engine_drop(c->engine, call);
  hl_queue_ended(call, NULL, now_us);
  part(c, call);
  hl_call_stop(call, kind, why, now_us);
}

/* Its turn will not come in time. */
static void give_up (hl_carrier *c, hl_call *call, int64_t ready_us,
                     int64_t now_us) {
  part(c, call);
  hl_call_give_up(call, ready_us, now_us);
}

void hl_carrier_stop_all (hl_carrier *c, hl_kind kind, const char *why) {
  while (!hl_list_is_empty(&c->calls))
    hl_carrier_stop(c, HL_HOLDER(c->calls.next, hl_call, all), kind, why);
}

/* libcurl has given up on all of them. */
static void replace_engine (hl_carrier *c) {
  hl_kind kind = hl_engine_state(c->engine);
  hl_engine *fresh;

  hl_carrier_stop_all(c, kind,
                      "libcurl cannot go on; the update may have been done");
  fresh = hl_engine_new(c->settings, c->poller);
  if (fresh == NULL)
    return; /* as it is now, it ends every call at once */
  hl_engine_free(c->engine);
  c->engine = fresh;
}

/*---------------------------------------------------------------- carrying */

/* Remember the limits, if the answer told them and they are ours. */
static void note_limits (hl_carrier *c, const hl_call *call) {
  const hl_result *r = call->result;

  if (r != NULL && r->rate_limit.limit >= 0 && c->settings->token != NULL &&
      strcmp(call->token, c->settings->token) == 0)
    c->limits = r->rate_limit;
}

/* What became of one attempt: the call rests, or is settled. */
static void conclude (hl_carrier *c, hl_call *call, int64_t now_us) {
  int64_t ready_us;

  note_limits(c, call);
  hl_queue_ended(call, call->result, now_us);
  if (!hl_call_conclude(call, c->settings->rate.interval_us, roll(c), now_us)) {
    part(c, call);
    return;
  }
  ready_us = hl_queue_ready(&c->queue, call, NULL, call->resume_us);
  if (ready_us >= call->deadline_us) {
    give_up(c, call, ready_us, now_us);
    return;
  }
  hl_queue_rest(&c->queue, call);
  tell(c, call);
}

/* What waits and may leave does, unless its deadline has passed. */
static void admit (hl_carrier *c, int64_t now_us) {
  hl_call *call;
  bool no_memory;

  while ((call = hl_queue_overdue(&c->queue, now_us)) != NULL)
    give_up(c, call, hl_queue_ready(&c->queue, call, NULL, now_us), now_us);
  while ((call = hl_queue_next(&c->queue, now_us, &no_memory)) != NULL) {
    if (no_memory)
      hl_carrier_stop(c, call, HL_MEMORY, "");
    else
      hl_engine_start(c->engine, call, now_us);
  }
}

void hl_carrier_start (hl_carrier *c, hl_call *call) {
  int64_t now_us = hl_now_us(), ready_us;

  if (hl_engine_state(c->engine) != HL_OK)
    replace_engine(c); /* there was no memory for it before */
  if (!hl_queue_join(&c->queue, call, now_us)) {
    hl_call_stop(call, HL_MEMORY, "", now_us);
    tell(c, call);
    return;
  }
  c->running++;
  hl_list_put(&c->calls, &call->all);
  ready_us = hl_queue_ready(&c->queue, call, NULL, now_us);
  if (ready_us >= call->deadline_us)
    give_up(c, call, ready_us, now_us);
  else
    admit(c, now_us);
}

int hl_carrier_conclude (hl_carrier *c) {
  int64_t now_us = hl_now_us();
  hl_call *call;
  int n = 0;

  for (; (call = hl_engine_take(c->engine)) != NULL; n++)
    conclude(c, call, now_us);
  return n;
}

int hl_carrier_turn (hl_carrier *c) {
  int64_t now_us = hl_now_us();
  int n = hl_carrier_conclude(c);

  admit(c, now_us);
  hl_engine_fire(c->engine, now_us);
  if (hl_engine_state(c->engine) != HL_OK)
    replace_engine(c);
  return n;
}

int hl_carrier_running (const hl_carrier *c) {
  return c->running;
}

int64_t hl_carrier_due (const hl_carrier *c, int64_t now_us) {
  int64_t queue_us = hl_queue_due(&c->queue, now_us);
  int64_t engine_us = hl_engine_due(c->engine);

  return queue_us < engine_us ? queue_us : engine_us;
}

hl_call *hl_carrier_next (hl_carrier *c) {
  hl_link *first = c->news.next;

  if (hl_list_is_empty(&c->news))
    return NULL;
  hl_list_take(first);
  return HL_HOLDER(first, hl_call, news);
}

int64_t hl_carrier_ready (const hl_carrier *c, const char *token,
                          int64_t now_us) {
  return hl_queue_ready(&c->queue, NULL, token, now_us);
}

const hl_rate_limit *hl_carrier_limits (const hl_carrier *c) {
  return &c->limits;
}
