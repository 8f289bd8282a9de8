/*
** call.c: one request, from prepared to settled.
*/
#include "call.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "contact.h"
#include "json.h"
#include "policy.h"
#include "result.h"
#include "status.h"

/* Forever: 24 days, which a long of 32 bits can hold. */
#define TIMEOUT_MAX_MS INT64_C(2147483647)

/*----------------------------------------------------------------- fields */

hl_fields *hl_fields_new (cJSON *document) {
  hl_fields *fields = document != NULL ? calloc(1, sizeof(*fields)) : NULL;

  if (fields == NULL)
    cJSON_Delete(document);
  else
    fields->document = document;
  return fields;
}

hl_fields *hl_fields_start (void) {
  hl_fields *fields = calloc(1, sizeof(*fields));

  if (fields != NULL)
    fields->block = &fields->nodes;
  return fields;
}

void hl_fields_free (hl_fields *fields) {
  if (fields != NULL) {
    if (fields->block == NULL)
      cJSON_Delete(fields->document);
    hl_json_block_free(&fields->nodes);
    hl_problems_free(&fields->problems);
    free(fields);
  }
}

hl_kind hl_fields_complain (hl_fields *fields, const char *path,
                            const char *text) {
  hl_problems_add(&fields->problems, path, text);
  return fields->problems.failed ? HL_MEMORY : HL_OK;
}

/* Check the fields and print their body, unless there is a problem. */
static void print_body (hl_fields *fields, hl_version version, bool lax,
                        hl_text *body, hl_problems *problems) {
  hl_text_init(body, HL_BODY_MAX);
  hl_text_reserve(body, 4000); /* most fit */
  hl_contact_print(fields->document, version, lax, body, problems);
  if (problems->n > 0 || problems->failed)
    return;
  if (body->too_large)
    hl_problems_add(problems, NULL, HL_BODY_TOO_LARGE);
  else if (body->failed)
    problems->failed = true;
}

hl_kind hl_encode (hl_fields *fields, const char *api_version, bool lax,
                   char **text, size_t *len, const hl_result **why) {
  hl_version version;
  hl_text body;
  hl_kind kind = HL_OK;

  *why = NULL;
  if (fields == NULL)
    return HL_MEMORY;
  if (!hl_version_find(api_version, &version)) {
    hl_fields_free(fields);
    return hl_result_give(
        hl_result_refuse("api_version", "must be \"2021-07-28\" or \"v3\""),
        why);
  }
  print_body(fields, version, lax, &body, &fields->problems);
  if (fields->problems.n > 0 || fields->problems.failed) {
    kind = hl_result_give(hl_result_invalid(&fields->problems), why);
  } else {
    *len = body.len;
    *text = hl_text_take(&body);
  }
  hl_text_free(&body);
  hl_fields_free(fields);
  return kind;
}

/*------------------------------------------------------------------ states */

void hl_call_move (hl_call *call, hl_call_state next) {
  hl_status_moved(call->state, next);
  call->state = next;
  if (next == HL_CALL_SETTLED)
    hl_status_settled(call->result->kind);
}

/*--------------------------------------------------------------- preparing */

/* RFC 3986, section 2.3. */
static bool is_unreserved (char c) {
  return (hl_lower(c) >= 'a' && hl_lower(c) <= 'z') || hl_is_digit(c) ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

/* The address; all but unreserved characters of the id encoded. */
static char *make_url (const char *base, const char *id, size_t len) {
  hl_text url;
  size_t i;

  hl_text_init(&url, HL_TEXT_MAX);
  hl_text_printf(&url, "%s/contacts/", base);
  for (i = 0; i < len; i++) {
    if (is_unreserved(id[i]))
      hl_text_putc(&url, id[i]);
    else
      hl_text_printf(&url, "%%%02X", (unsigned)(unsigned char)id[i]);
  }
  return hl_text_take(&url);
}

static void prepare_token (hl_call *call, const char *token,
                           hl_problems *problems) {
  if (token == NULL)
    hl_problems_add(problems, "token",
                    "there is none; give one to highlevel.new, to the call, or "
                    "set HIGHLEVEL_TOKEN");
  else
    call->token = hl_token_copy(token, problems);
}

static void prepare (hl_call *call, const hl_settings *s, const char *id,
                     size_t id_len, hl_fields *fields,
                     const hl_call_options *options) {
  hl_problems *problems = &fields->problems;
  bool lax = options->strictness == HL_AS_CLIENT
                 ? s->lax
                 : options->strictness == HL_LAX;

  prepare_token(call, options->token != NULL ? options->token : s->token,
                problems);
  hl_contact_check_id(id, id_len, problems);
  print_body(fields, s->version, lax, &call->body, problems);
  if (problems->n == 0 && !problems->failed) {
    call->url = make_url(s->base_url, id, id_len);
    problems->failed = call->url == NULL;
  }
  if (problems->n > 0 || problems->failed) {
    call->result = hl_result_invalid(problems);
    hl_call_move(call, HL_CALL_SETTLED);
  }
}

/* A number of retries as the options give it: 0 is the default. */
static int retries_of (long given, int standard) {
  if (given == 0)
    return standard > 0 ? standard : 0;
  return given <= 0 ? 0 : given < INT_MAX ? (int)given : INT_MAX;
}

static int64_t timeout_us (long given, long standard) {
  int64_t ms = given > 0 ? given : standard;

  return (ms < TIMEOUT_MAX_MS ? ms : TIMEOUT_MAX_MS) * 1000;
}

hl_call *hl_call_make (const hl_settings *s, const char *id, size_t id_len,
                       hl_fields *fields, const hl_call_options *options,
                       int64_t now_us) {
  static const hl_call_options standard = {.strictness = HL_AS_CLIENT};
  hl_call *call = NULL;
  size_t room;
  int retries;

  if (options == NULL)
    options = &standard;
  retries = retries_of(options->retries, s->retries);
  room = retries < HL_HISTORY_MAX ? (size_t)retries + 1 : HL_HISTORY_MAX;
  if (fields != NULL)
    call = calloc(1, sizeof(*call) + room * sizeof(call->history[0]));
  if (call != NULL) {
    hl_list_init(&call->all);
    hl_list_init(&call->news);
    hl_list_init(&call->place);
    hl_list_init(&call->done);
    hl_list_init(&call->posted.link);
    hl_status_exists(HL_CALL_PREPARED, 1);
    call->started_us = now_us;
    call->deadline_us = now_us + timeout_us(options->timeout_ms, s->timeout_ms);
    call->retries = retries;
    call->room = room;
    call->user = options->user;
    hl_answer_init(&call->answer, s->max_response_bytes);
    prepare(call, s, id, id_len, fields, options);
  }
  hl_fields_free(fields);
  return call;
}

static void forget_attempt (hl_attempt *a) {
  free((void *)(uintptr_t)a->message);
}

void hl_call_destroy (hl_call *call) {
  size_t i;

  hl_list_take(&call->news);
  hl_status_exists(call->state, -1);
  free(call->url);
  hl_free_secret(call->token);
  hl_text_free(&call->body);
  hl_answer_free(&call->answer);
  hl_result_free(call->result);
  for (i = 0; i < call->n_history; i++)
    forget_attempt(&call->history[i]);
  free(call);
}

bool hl_call_is_running (const hl_call *call) {
  return call->lane != NULL;
}

const hl_result *hl_call_result (const hl_call *call) {
  return call->state == HL_CALL_SETTLED ? call->result : NULL;
}

const hl_attempt *hl_call_history (const hl_call *call, size_t *n) {
  *n = call->n_history;
  return call->history;
}

void *hl_call_user (const hl_call *call) {
  return call->user;
}

void hl_call_set_user (hl_call *call, void *user) {
  call->user = user;
}

/*-------------------------------------------------------------- an attempt */

static void forget_answer (hl_answer *a) {
  size_t max_bytes = a->body.ceiling;
  bool as_tokens = a->as_tokens;

  hl_answer_free(a);
  hl_answer_init(a, max_bytes);
  a->as_tokens = as_tokens;
}

void hl_call_sending (hl_call *call, int64_t now_us) {
  hl_result_free(call->result);
  call->result = NULL;
  forget_answer(&call->answer);
  hl_call_move(call, HL_CALL_SENDING);
  call->sent_us = now_us;
  call->attempts++;
}

static void end (hl_call *call, const hl_result *r) {
  if (call->result != r)
    hl_result_free(call->result);
  call->result = r != NULL ? r : hl_result_memory();
  hl_call_move(call, HL_CALL_ENDED);
}

void hl_call_answered (hl_call *call, const char *http_version) {
  hl_result *r = hl_answer_judge(&call->answer, call->token);

  if (r != NULL) {
    r->phase = HL_PHASE_TRANSFER;
    r->http_version = http_version;
  }
  end(call, r);
}

/* A result of that kind and text; NULL: out of memory, or of that kind. */
static hl_result *failure (const hl_call *call, hl_kind kind,
                           const char *message) {
  hl_result *r = kind == HL_MEMORY ? NULL : hl_result_new(kind);

  if (r != NULL && !hl_result_say(r, "%s", message)) {
    hl_result_free(r);
    return NULL;
  }
  if (r != NULL)
    hl_redact((char *)(uintptr_t)r->message, strlen(r->message), call->token);
  return r;
}

void hl_call_failed (hl_call *call, hl_kind kind, hl_phase phase,
                     const char *message) {
  hl_result *r = failure(call, kind, message);

  if (r != NULL) {
    r->phase = phase;
    r->status = kind == HL_PROTOCOL ? call->answer.status : 0;
    r->retryable = kind == HL_NETWORK || kind == HL_TIMEOUT;
  }
  end(call, r);
}

/*------------------------------------------------------------ what follows */

static void settle (hl_call *call, int64_t now_us) {
  if (call->result != hl_result_memory()) { /* that one is shared */
    hl_result *r = (hl_result *)(uintptr_t)call->result;
    r->attempts = call->attempts;
    r->elapsed_us = now_us - call->started_us;
  }
  hl_call_move(call, HL_CALL_SETTLED);
}

static void remember (hl_call *call, const hl_verdict *v, int64_t now_us) {
  const hl_result *r = call->result;
  hl_attempt *a;

  if (call->n_history == call->room) {
    forget_attempt(&call->history[0]);
    call->n_history--;
    memmove(call->history, call->history + 1,
            call->n_history * sizeof(call->history[0]));
  }
  a = &call->history[call->n_history++];
  a->number = call->attempts;
  a->kind = r->kind;
  a->status = r->status;
  a->message = r->message != NULL ? hl_strdup(r->message) : NULL;
  a->reason = v->reason;
  a->began_us = call->sent_us - call->started_us;
  a->took_us = now_us - call->sent_us;
  a->wait_us = v->again ? v->wait_us : -1;
}

bool hl_call_conclude (hl_call *call, int64_t interval_us, double dice,
                       int64_t now_us) {
  hl_trial trial = {.result = call->result,
                    .attempts = call->attempts,
                    .retries = call->retries,
                    .interval_us = interval_us,
                    .left_us = call->deadline_us - now_us,
                    .dice = dice};
  hl_verdict v = hl_policy_retry(&trial);

  remember(call, &v, now_us);
  call->resume_us = now_us + v.wait_us;
  if (!v.again)
    settle(call, now_us);
  return v.again;
}

void hl_call_stop (hl_call *call, hl_kind kind, const char *message,
                   int64_t now_us) {
  end(call, failure(call, kind, message));
  settle(call, now_us);
}

void hl_call_refuse (hl_call *call, const char *what, int64_t now_us) {
  char message[300];
  hl_result *r;

  snprintf(message, sizeof(message), "%s; nothing was sent", what);
  r = failure(call, HL_CANCELLED, message);
  if (r != NULL)
    r->retryable = true;
  end(call, r);
  settle(call, now_us);
}

/* Of a call that was never sent: why its time is over. */
static hl_result *never_sent (const hl_call *call, int64_t ready_us,
                              int64_t now_us) {
  char message[200];
  hl_result *r;

  if (ready_us <= now_us) { /* nobody was before it */
    r = failure(call, HL_TIMEOUT,
                "nothing was sent: the time allowed was over before the call "
                "could begin; raise timeout");
    if (r != NULL)
      r->phase = HL_PHASE_CONNECT;
  } else {
    snprintf(message, sizeof(message),
             "nothing was sent: the rate limit leaves no room before this "
             "call's deadline, but in %.3g s; raise timeout, or send fewer",
             (double)(ready_us - now_us) / 1e6);
    r = failure(call, HL_RATE_LIMITED, message);
    if (r != NULL)
      r->retry_after_ms = hl_ms_until(ready_us, now_us, INT_MAX);
  }
  if (r != NULL)
    r->retryable = true;
  return r;
}

void hl_call_give_up (hl_call *call, int64_t ready_us, int64_t now_us) {
  if (call->result == NULL) {
    end(call, never_sent(call, ready_us, now_us));
  } else if (call->n_history > 0) { /* there is no next one after all */
    call->history[call->n_history - 1].wait_us = -1;
    call->history[call->n_history - 1].reason =
        "the next turn would come after the deadline";
  }
  settle(call, now_us);
}
