/*
** call.c: one request, from prepared to settled.
*/
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "contact.h"
#include "json.h"
#include "result.h"

/* A body beyond this is a mistake: contacts have kilobytes. */
#define BODY_MAX ((size_t)8 * 1024 * 1024)

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
  hl_text_init(body, BODY_MAX);
  hl_text_reserve(body, 2048);
  hl_contact_print(fields->document, version, lax, body, problems);
  if (problems->n > 0 || problems->failed)
    return;
  if (body->too_large)
    hl_problems_add(problems, NULL, "this update is larger than 8 MiB");
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
    call->state = HL_CALL_SETTLED;
  }
}

hl_call *hl_call_make (const hl_settings *s, const char *id, size_t id_len,
                       hl_fields *fields, const hl_call_options *options,
                       int64_t now_us) {
  static const hl_call_options standard = {NULL, 0, HL_AS_CLIENT};
  hl_call *call = fields != NULL ? calloc(1, sizeof(*call)) : NULL;
  long timeout_ms;

  if (options == NULL)
    options = &standard;
  if (call != NULL) {
    timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : s->timeout_ms;
    call->started_us = now_us;
    call->deadline_us = now_us + (int64_t)timeout_ms * 1000;
    hl_answer_init(&call->answer, s->max_response_bytes);
    prepare(call, s, id, id_len, fields, options);
  }
  hl_fields_free(fields);
  return call;
}

void hl_call_destroy (hl_call *call) {
  free(call->url);
  hl_free_secret(call->token);
  hl_text_free(&call->body);
  hl_answer_free(&call->answer);
  hl_result_free(call->result);
  free(call);
}

const hl_result *hl_call_result (const hl_call *call) {
  return call->result;
}

/*------------------------------------------------------------------ moving */

void hl_call_sending (hl_call *call) {
  call->state = HL_CALL_SENDING;
  call->attempts++;
}

static void settle (hl_call *call, hl_result *r, int64_t now_us) {
  if (r != NULL) {
    r->attempts = call->attempts;
    r->elapsed_us = now_us - call->started_us;
  }
  call->result = r != NULL ? r : hl_result_memory();
  call->state = HL_CALL_SETTLED;
}

void hl_call_answered (hl_call *call, const char *http_version,
                       int64_t now_us) {
  hl_result *r = hl_answer_judge(&call->answer, call->token);

  if (r != NULL) {
    r->phase = HL_PHASE_TRANSFER;
    r->http_version = http_version;
  }
  settle(call, r, now_us);
}

void hl_call_failed (hl_call *call, hl_kind kind, hl_phase phase,
                     const char *message, int64_t now_us) {
  hl_result *r = kind == HL_MEMORY ? NULL : hl_result_new(kind);

  if (r != NULL && !hl_result_say(r, "%s", message)) {
    hl_result_free(r);
    r = NULL;
  }
  if (r != NULL) {
    hl_redact((char *)(uintptr_t)r->message, strlen(r->message), call->token);
    r->phase = phase;
    r->status = kind == HL_PROTOCOL ? call->answer.status : 0;
    r->retryable = kind == HL_NETWORK || kind == HL_TIMEOUT;
  }
  settle(call, r, now_us);
}
