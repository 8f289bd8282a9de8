/*
** policy.c: whether and when to try again.
*/
#include "policy.h"

#define BACKOFF_FIRST_US INT64_C(250000)

/* Why the same request may fare better later; NULL if it will not. */
static const char *hope (const hl_result *r) {
  switch (r->kind) {
  case HL_RATE_LIMITED:
    return r->rate_limit.daily_spent ? NULL : "the burst limit was reached";
  case HL_NETWORK:
    return r->phase == HL_PHASE_CONNECT ? "no connection: nothing was sent"
                                        : "the connection broke";
  case HL_TIMEOUT:
    return r->phase == HL_PHASE_CONNECT ? "no connection in time"
                                        : "no answer in time";
  case HL_SERVER:
    return r->status >= 502 && r->status <= 504 ? "a gateway's error" : NULL;
  default:
    return NULL;
  }
}

static const char *no_hope (const hl_result *r) {
  if (r->kind == HL_OK)
    return "done";
  if (r->kind == HL_RATE_LIMITED)
    return "the daily limit was reached";
  return "it would end the same way again";
}

/* Full jitter: anything up to a bound that doubles with each attempt. */
static int64_t backoff (int attempts, double dice) {
  int64_t most = BACKOFF_FIRST_US;

  for (; attempts > 1 && most < HL_BACKOFF_MAX_US; attempts--)
    most *= 2;
  if (most > HL_BACKOFF_MAX_US)
    most = HL_BACKOFF_MAX_US;
  return (int64_t)((double)most * dice);
}

/* A server may name any number. */
static int64_t us_of (int64_t ms) {
  return ms < INT64_MAX / 1000 ? ms * 1000 : INT64_MAX;
}

static int64_t wait_for (const hl_trial *t) {
  const hl_result *r = t->result;

  if (r->retry_after_ms >= 0)
    return us_of(r->retry_after_ms);
  if (r->kind != HL_RATE_LIMITED)
    return backoff(t->attempts, t->dice);
  return r->rate_limit.interval_ms > 0 ? us_of(r->rate_limit.interval_ms)
                                       : t->interval_us;
}

hl_verdict hl_policy_retry (const hl_trial *t) {
  hl_verdict v = {false, 0, hope(t->result)};

  if (v.reason == NULL) {
    v.reason = no_hope(t->result);
  } else if (t->attempts > t->retries) {
    v.reason = t->retries > 0 ? "no attempts left" : "retries are turned off";
  } else {
    v.wait_us = wait_for(t);
    v.again = v.wait_us < t->left_us;
    if (!v.again) {
      v.wait_us = 0;
      v.reason = "the wait does not fit the deadline";
    }
  }
  return v;
}
