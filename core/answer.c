/*
** answer.c: what the server said, and what that means.
**
** The bodies told apart here were seen in public: the same status serves many
** meanings (a missing contact is a 400, a missing scope a 401), so the words
** decide where the status does not.
*/
#include "answer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "result.h"

#define SHOWN 200 /* bytes of a text without structure in a message */

void hl_answer_init (hl_answer *a, size_t max_bytes) {
  memset(a, 0, sizeof(*a));
  hl_text_init(&a->body, max_bytes);
  a->rate_limit = hl_no_limits;
  a->retry_after_ms = -1;
}

void hl_answer_free (hl_answer *a) {
  hl_text_free(&a->body);
}

/*---------------------------------------------------------------- headers */

/* A count from a header; -1 if it is none. */
static int64_t count_of (const char *s) {
  char *end;
  long long v;

  if (!hl_is_digit(*s))
    return -1;
  v = strtoll(s, &end, 10);
  return *end == '\0' && v < INT64_MAX / 1000 ? v : -1;
}

/* RFC 9110, 10.2.3: seconds, or a date. */
static int64_t retry_after (const char *s, time_t now) {
  int64_t seconds = count_of(s);
  time_t at;

  if (seconds < 0) {
    at = curl_getdate(s, NULL);
    if (at == (time_t)-1)
      return -1;
    seconds = at > now ? (int64_t)at - (int64_t)now : 0;
  }
  return seconds * 1000;
}

/* Lengths differ nearly always; those of literals are known beforehand. */
static inline bool is_named (const char *name, size_t len, const char *wanted) {
  return len == strlen(wanted) && hl_same_nocase(name, wanted);
}

static void take_header (hl_answer *a, const char *name, size_t len,
                         const char *value, time_t now) {
  hl_rate_limit *rate = &a->rate_limit;

  if (is_named(name, len, "x-ratelimit-max"))
    rate->limit = count_of(value);
  else if (is_named(name, len, "x-ratelimit-remaining"))
    rate->remaining = count_of(value);
  else if (is_named(name, len, "x-ratelimit-interval-milliseconds"))
    rate->interval_ms = count_of(value);
  else if (is_named(name, len, "x-ratelimit-limit-daily"))
    rate->daily_limit = count_of(value);
  else if (is_named(name, len, "x-ratelimit-daily-remaining"))
    rate->daily_remaining = count_of(value);
  else if (is_named(name, len, "retry-after"))
    a->retry_after_ms = retry_after(value, now);
  else if (is_named(name, len, "content-type"))
    a->html = hl_starts_nocase(value, "text/html");
  else if (is_named(name, len, "location")) {
    strncpy(a->location, value, sizeof(a->location) - 1);
  }
}

static void status_line (hl_answer *a, const char *line) {
  const char *s = strchr(line, ' ');
  size_t ceiling = a->body.ceiling;
  bool as_tokens = a->as_tokens;

  hl_answer_free(a);
  hl_answer_init(a, ceiling);
  a->as_tokens = as_tokens;
  if (s != NULL && hl_is_digit(s[1]) && hl_is_digit(s[2]) && hl_is_digit(s[3]))
    a->status = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
}

void hl_answer_header (hl_answer *a, const char *line, size_t len, time_t now) {
  char copy[512]; /* longer ones are none of those looked for */
  size_t name_len;
  char *value;

  while (len > 0 && hl_is_space(line[len - 1]))
    len--;
  if (len == 0 || len >= sizeof(copy))
    return;
  memcpy(copy, line, len);
  copy[len] = '\0';
  if (strncmp(copy, "HTTP/", 5) == 0) {
    status_line(a, copy);
    return;
  }
  value = strchr(copy, ':');
  if (value == NULL)
    return;
  name_len = (size_t)(value - copy);
  *value++ = '\0';
  while (hl_is_space(*value))
    value++;
  take_header(a, copy, name_len, value, now);
}

/*-------------------------------------------------------- what texts say */

/* Blot a secret out of every text of a tree. Was there one? */
static bool redact_tree (cJSON *item, const char *secret) {
  bool found = false;

  for (; item != NULL; item = item->next) {
    found |= item->valuestring != NULL &&
             hl_redact(item->valuestring, strlen(item->valuestring), secret);
    found |= item->string != NULL &&
             hl_redact(item->string, strlen(item->string), secret);
    found |= redact_tree(item->child, secret);
  }
  return found;
}

static bool complain_item (hl_result *r, const cJSON *item) {
  hl_text t;
  bool ok;

  if (cJSON_IsString(item))
    return item->valuestring[0] == '\0' ||
           hl_result_complain(r, item->valuestring);
  hl_text_init(&t, HL_BODY_KEPT);
  hl_json_print(&t, item);
  ok = t.failed ? t.too_large : hl_result_complain(r, t.bytes);
  hl_text_free(&t);
  return ok;
}

/* `message` may be a text, a list, or missing with `error` in its place. */
static bool collect (hl_result *r, const cJSON *doc) {
  static const char *const places[] = {"message", "error_description", "error"};
  const cJSON *found = NULL, *item;
  size_t i;

  for (i = 0; found == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
    found = cJSON_GetObjectItemCaseSensitive(doc, places[i]);
    if (cJSON_IsNull(found) ||
        (cJSON_IsString(found) && found->valuestring[0] == '\0'))
      found = NULL; /* says nothing */
  }
  if (found == NULL)
    return true;
  if (!cJSON_IsArray(found))
    return complain_item(r, found);
  for (item = found->child; item != NULL; item = item->next)
    if (!complain_item(r, item))
      return false;
  return true;
}

/* Is that said in the messages, or else in a text without JSON? */
static bool says (const hl_answer *a, const hl_result *r, const char *part) {
  size_t i;

  if (r->document == NULL && !a->html && a->body.len > 0)
    return hl_find_nocase(a->body.bytes, part) != NULL;

  for (i = 0; i < r->n_messages; i++)
    if (hl_find_nocase(r->messages[i].text, part) != NULL)
      return true;
  return false;
}

/* The words of an answer without JSON: a page's title, or its first line. */
static void words (hl_text *out, const hl_answer *a) {
  const char *s = a->body.bytes != NULL ? a->body.bytes : "";
  const char *title = hl_find_nocase(s, "<title>");
  size_t len;

  if (title != NULL) {
    s = title + strlen("<title>");
    len = strcspn(s, "<");
  } else {
    while (hl_is_space(*s))
      s++;
    len = strcspn(s, "\r\n");
  }
  if (len > 0)
    hl_text_quote(out, s, len, SHOWN);
}

/*------------------------------------------------------------ kind, advice */

typedef struct verdict {
  hl_kind kind;
  const char *advice; /* what to do; or NULL */
} verdict;

static verdict judge_401 (const hl_answer *a, const hl_result *r) {
  if (says(a, r, "scope") && !says(a, r, "authclass"))
    return (verdict){HL_FORBIDDEN,
                     "the token lacks the scope contacts.write, or is an "
                     "agency's where a sub-account's is needed"};
  if (says(a, r, "user type") || says(a, r, "authclass") || says(a, r, "iam "))
    return (verdict){HL_FORBIDDEN,
                     "this is an agency's token; use one of the sub-account"};
  if (says(a, r, "location"))
    return (verdict){HL_FORBIDDEN,
                     "the contact is in a location this token is not for"};
  if (says(a, r, "version"))
    return (verdict){HL_UNAUTHORIZED,
                     "the token was not looked at; check api_version"};
  if (says(a, r, "private integration"))
    return (verdict){HL_UNAUTHORIZED,
                     "the private integration token was revoked or mistyped; "
                     "copy it anew"};
  return (verdict){HL_UNAUTHORIZED,
                   "the token has expired, was revoked or is no token; get a "
                   "fresh one"};
}

static verdict judge_400 (const hl_answer *a, const hl_result *r) {
  if (says(a, r, "contact") && says(a, r, "not found"))
    return (verdict){HL_NOT_FOUND,
                     "no such contact, or it was deleted; check the id and "
                     "that the token is for its location"};
  if (says(a, r, "does not allow duplicated contacts"))
    return (verdict){HL_DUPLICATE,
                     "another contact has this email or phone; see meta"};
  if (says(a, r, "invalid custom field value"))
    return (verdict){HL_REJECTED,
                     "nothing was saved; the value does not suit the field's "
                     "type"};
  return (verdict){HL_REJECTED, "nothing was saved"};
}

static verdict judge_status (const hl_answer *a, const hl_result *r) {
  int status = a->status;

  if (status == 400)
    return judge_400(a, r);
  if (status == 401)
    return judge_401(a, r);
  if (status == 403)
    return (verdict){HL_FORBIDDEN,
                     "the token may not do this here; check its location and "
                     "scopes"};
  if (status == 404)
    return (verdict){HL_NOT_FOUND, "check the contact id and base_url"};
  if (status == 422)
    return (verdict){HL_REJECTED,
                     "nothing was saved; mend every field named and send all "
                     "of it again"};
  if (status == 429 && a->rate_limit.daily_remaining == 0)
    return (verdict){HL_RATE_LIMITED,
                     "the day's requests are used up; go on after the reset"};
  if (status == 429)
    return (verdict){HL_RATE_LIMITED,
                     "too many requests at once; wait and send it again"};
  if (status >= 400 && status < 500)
    return (verdict){HL_REJECTED, NULL};
  if (status >= 500 && status < 600)
    return (verdict){HL_SERVER,
                     "the service is in trouble, and the update may or may "
                     "not have been done; try again later"};
  if (status >= 300 && status < 400)
    return (verdict){HL_PROTOCOL,
                     "redirects are not followed, as the token would go along; "
                     "check base_url"};
  return (verdict){HL_PROTOCOL, "this is no final status of HTTP"};
}

static bool is_retryable (const hl_result *r) {
  if (r->kind == HL_RATE_LIMITED)
    return !r->rate_limit.daily_spent;
  return r->kind == HL_SERVER && r->status >= 502 && r->status <= 504;
}

/*--------------------------------------------------------------- failures */

/* The message: what was said, what to do, the status, the trace. */
static bool compose (hl_result *r, const hl_answer *a, const char *said,
                     const char *advice) {
  hl_text tail;
  bool ok;

  hl_text_init(&tail, HL_TEXT_MAX);
  if (advice != NULL)
    hl_text_printf(&tail, "; %s", advice);
  hl_text_printf(&tail, " (HTTP %d", a->status);
  if (a->location[0] != '\0' && r->kind == HL_PROTOCOL)
    hl_text_printf(&tail, " to %s", a->location);
  if (r->trace_id != NULL) {
    hl_text_puts(&tail, ", trace ");
    hl_text_add_cut(&tail, r->trace_id, strlen(r->trace_id), 64);
  }
  hl_text_putc(&tail, ')');
  ok = !tail.failed && hl_result_say(r, "%s%s", said, tail.bytes);
  hl_text_free(&tail);
  return ok;
}

/* Every complaint in one line, or else the words of a page. */
static bool summarize (hl_text *said, const hl_result *r, const hl_answer *a) {
  size_t i;

  for (i = 0; i < r->n_messages && said->len < 8 * (size_t)SHOWN; i++) {
    const char *text = r->messages[i].text;
    hl_text_puts(said, i > 0 ? "; " : "");
    hl_text_add_cut(said, text, strlen(text), 2 * (size_t)SHOWN);
  }
  if (i < r->n_messages)
    hl_text_printf(said, "; and %zu more", r->n_messages - i);
  if (r->n_messages == 0) {
    hl_text_puts(said, a->body.len == 0 ? "an empty answer"
                       : a->html        ? "a web page in place of an answer: "
                                        : "an answer without a message: ");
    words(said, a);
  }
  return !said->failed;
}

static char *take_body (hl_answer *a, size_t *len) {
  if (a->body.len > HL_BODY_KEPT) {
    a->body.len = HL_BODY_KEPT;
    a->body.bytes[HL_BODY_KEPT] = '\0';
  }
  *len = a->body.len;
  return hl_text_take(&a->body);
}

/* What an answer's JSON tells beside its messages. */
static bool take_facts (hl_result *r) {
  const char *trace = hl_json_get_text(r->document, "traceId");

  r->meta = cJSON_GetObjectItemCaseSensitive(r->document, "meta");
  if (trace != NULL) {
    r->trace_id = hl_strdup(trace);
    return r->trace_id != NULL;
  }
  return true;
}

/* Parse the body into `r` and blot the secret out of both, also where it
** stands in escapes: the body is then printed anew. False: out of memory. */
static bool read_and_blot (hl_result *r, hl_answer *a, const char *secret) {
  hl_json_fault fault = {NULL, 0};
  cJSON *doc;

  hl_redact(a->body.bytes, a->body.len, secret);
  if (a->body.len == 0)
    return true;
  doc = hl_json_parse(a->body.bytes, a->body.len, &fault);
  if (doc == NULL)
    return fault.what != NULL;
  r->document = doc;
  if (!redact_tree(doc, secret))
    return true;
  hl_text_clear(&a->body);
  return hl_json_print(&a->body, doc);
}

/* Fill in `r` from an answer that is no success. False: out of memory. */
static bool failure (hl_result *r, hl_answer *a, const char *secret) {
  hl_text said;
  verdict v;
  bool ok;

  if (!read_and_blot(r, a, secret) || !take_facts(r) ||
      !collect(r, r->document))
    return false;
  v = judge_status(a, r);
  r->kind = v.kind;
  r->rate_limit.daily_spent =
      v.kind == HL_RATE_LIMITED && r->rate_limit.daily_remaining == 0;
  r->retryable = is_retryable(r);
  hl_text_init(&said, HL_TEXT_MAX);
  ok = summarize(&said, r, a) && compose(r, a, said.bytes, v.advice);
  hl_text_free(&said);
  if (!ok)
    return false;
  r->body = take_body(a, &r->body_len);
  return r->body != NULL;
}

/* A 2xx that is not what it should be. False: out of memory. */
static bool nonsense (hl_result *r, hl_answer *a, const char *secret,
                      const char *what, const hl_json_fault *fault) {
  hl_text said;
  bool ok;

  r->kind = HL_PROTOCOL;
  if (!read_and_blot(r, a, secret))
    return false;
  hl_text_init(&said, HL_TEXT_MAX);
  hl_text_puts(&said, what);
  if (fault != NULL) {
    hl_text_printf(&said, " (%s, at byte %zu): ", fault->what,
                   fault->offset + 1);
    words(&said, a);
  }
  ok = !said.failed &&
       compose(r, a, said.bytes,
               "the update may have been done all the same: read the contact "
               "before sending it again");
  hl_text_free(&said);
  if (!ok)
    return false;
  r->body = take_body(a, &r->body_len);
  return r->body != NULL;
}

/*---------------------------------------------------------------- success */

/* Members of that name, of which `*of_type` are of that type: a name may come
** twice, and then C finds the first and Lua the last. */
static size_t members (const hl_json_tokens *tokens, const char *name,
                       hl_json_token_type type, size_t *of_type) {
  const hl_json_token *whole = tokens->list;
  const hl_json_token *t = hl_json_token_member(whole, name);
  size_t n = 0;

  *of_type = 0;
  for (; t != NULL; t = hl_json_token_member_after(whole, t, name)) {
    n++;
    *of_type += t->type == type;
  }
  return n;
}

static bool is_false (const hl_json_tokens *tokens, const char *name) {
  size_t n;

  (void)members(tokens, name, HL_TOKEN_FALSE, &n);
  return n > 0;
}

/* `succeded` under 2021-07-28 (sic), `succeeded` under v3; read either, and
** let callers find the right spelling under both. False: out of memory. */
static bool settle_flag (hl_json_tokens *tokens, bool *refused) {
  const hl_json_token *old = hl_json_token_member(tokens->list, "succeded");
  const hl_json_token *flag = hl_json_token_member(tokens->list, "succeeded");
  hl_json_token_type type;
  hl_json_token *name;

  *refused = is_false(tokens, "succeded") || is_false(tokens, "succeeded");
  if (old == NULL || flag != NULL || old->type != HL_TOKEN_TRUE)
    return true;
  type = old->type; /* the list may move */
  name = hl_json_tokens_add(tokens, HL_TOKEN_TEXT);
  if (name == NULL)
    return false;
  name->as.text = "succeeded";
  name->len = (uint32_t)strlen(name->as.text);
  if (hl_json_tokens_add(tokens, type) == NULL)
    return false;
  tokens->list[0].len++; /* the whole is the last object to end */
  tokens->list[0].as.span += 2;
  return true;
}

static bool has_contact (const hl_json_tokens *tokens) {
  size_t objects, n = members(tokens, "contact", HL_TOKEN_OBJECT, &objects);

  return n > 0 && n == objects;
}

/* A 2xx with JSON that is no success. False: out of memory. */
static bool no_success (hl_result *r, hl_answer *a, bool refused,
                        const char *secret) {
  if (!refused)
    return nonsense(r, a, secret, "an answer without the contact in it", NULL);
  if (!failure(r, a, secret))
    return false;
  r->kind = HL_REJECTED; /* said to be done, and said not to be */
  return compose(r, a, "the answer says that the update did not succeed",
                 "read the contact, then try again");
}

/* Fill in `r` from a 2xx. False: out of memory. */
static bool success (hl_result *r, hl_answer *a, const char *secret) {
  hl_json_fault fault = {NULL, 0};
  hl_json_tokens *tokens = hl_result_tokens(r);
  bool refused = false;

  if (a->body.len == 0)
    return nonsense(r, a, secret, "an empty answer, where a contact was due",
                    NULL);
  if (!hl_json_tokens_read(tokens, a->body.bytes, a->body.len, &fault))
    return fault.what != NULL &&
           nonsense(r, a, secret, "an answer that is not JSON", &fault);
  if (!settle_flag(tokens, &refused))
    return false;
  if (refused || !has_contact(tokens))
    return no_success(r, a, refused, secret);
  hl_result_take_text(r, hl_text_take(&a->body));
  return hl_result_take_trace(r) && (a->as_tokens || hl_result_plant(r));
}

hl_result *hl_answer_judge (hl_answer *a, const char *secret) {
  hl_result *r = hl_result_new(HL_OK);
  bool ok;

  if (r == NULL)
    return NULL;
  r->status = a->status;
  r->rate_limit = a->rate_limit;
  r->retry_after_ms = a->retry_after_ms;
  hl_redact(a->location, strlen(a->location), secret);
  ok = a->status >= 200 && a->status < 300 ? success(r, a, secret)
                                           : failure(r, a, secret);
  if (!ok) {
    hl_result_free(r);
    r = NULL;
  }
  return r;
}
