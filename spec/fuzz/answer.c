/*
** answer.c: any answer of a server, or of libcurl, to what a Lua program gets.
**
** The input is read as it would come: a head, an empty line, a body. One that
** begins with '!' is a failure of libcurl's: a code, a phase and its text.
*/
#include <lualib.h>

#include "binding.h"
#include "bytes.h"
#include "call.h"
#include "failure.h"
#include "json.h"
#include "result.h"
#include "state.h"
#include "strict.h"
#include "tokens.h"

#define TOKEN "pit-53cr3t-0123456789"
#define CEILING                                                                \
  18000 /* bytes of an answer; more than are kept of a failure's */
#define NOW_US INT64_C(1000000)
#define MESSAGE_MAX 4096

static hl_settings settings;

/*---------------------------------------------------------------- the call */

static hl_call *make_call (void) {
  cJSON *fields = cJSON_CreateObject();
  hl_call *call;

  cJSON_AddStringToObject(fields, "firstName", "Rosan");
  call = hl_call_make(&settings, "abc", 3, hl_fields_new(fields), NULL, NOW_US);
  claim(call != NULL && call->state == HL_CALL_PREPARED);
  return call;
}

/* The end of the line at `s`, behind its line end. */
static size_t line_at (const char *s, size_t left) {
  const char *end = memchr(s, '\n', left);

  return end != NULL ? (size_t)(end - s) + 1 : left;
}

/* In pieces, as they come from the network: primes, so as not to fit. */
static bool feed_body (hl_call *call, const char *s, size_t len) {
  size_t n, step = 1009;

  for (; len > 0; s += n, len -= n) {
    n = len < step ? len : step;
    if (!hl_text_add(&call->answer.body, s, n))
      return false;
  }
  return true;
}

/* The body: what follows the empty line. */
static const char *feed_head (hl_call *call, const char *s, size_t *len) {
  size_t n;

  while (*len > 0 && *s != '\r' && *s != '\n') {
    n = line_at(s, *len);
    hl_answer_header(&call->answer, s, n, (time_t)1700000000);
    s += n;
    *len -= n;
  }
  n = line_at(s, *len);
  *len -= n;
  return s + n;
}

static void answered (hl_call *call, const char *s, size_t len) {
  const char *body = feed_head(call, s, &len);

  if (feed_body(call, body, len))
    hl_call_answered(call, "1.1");
  else
    hl_call_failed(call, HL_PROTOCOL, HL_PHASE_TRANSFER, "too large");
}

static void failed (hl_call *call, bytes b) {
  CURLcode code = (CURLcode)bytes_range(&b, 0, CURL_LAST);
  hl_phase phase = (hl_phase)bytes_range(&b, HL_PHASE_CONNECT, 3);
  char *detail;
  hl_text message;
  hl_kind kind;

  call->answer.body.failed = bytes_range(&b, 0, 1) == 1;
  call->answer.body.too_large = bytes_range(&b, 0, 1) == 1;
  detail = bytes_copy(b.at, bytes_left(&b) < 255 ? bytes_left(&b) : 255);
  hl_text_init(&message, HL_TEXT_MAX);
  kind = hl_failure_judge(code, phase, call, &settings, detail, &message);
  claim(kind == HL_MEMORY || message.len > 0);
  hl_call_failed(call, kind, phase, message.bytes);
  hl_text_free(&message);
  free(detail);
  hl_answer_free(&call->answer);
}

static void settle (hl_call *call, const char *s, size_t len) {
  hl_call_sending(call, NOW_US);
  if (len > 0 && s[0] == '!')
    failed(call, bytes_of((const uint8_t *)s + 1, len - 1));
  else
    answered(call, s, len);
  claim(call->state == HL_CALL_ENDED);
  if (hl_call_conclude(call, 10000000, 0.5, NOW_US + 5))
    hl_call_give_up(call, NOW_US + 5, NOW_US + 6);
  claim(hl_call_result(call) != NULL);
}

/*------------------------------------------------------------------ claims */

static void claim_blotted (const char *s, size_t len) {
  claim(s == NULL || memmem(s, len, TOKEN, strlen(TOKEN)) == NULL);
}

static void claim_line (const char *s, size_t most) {
  size_t len = strlen(s), i;

  claim(len > 0 && len <= most);
  claim(strict_utf8(s, len));
  for (i = 0; i < len; i++)
    claim((unsigned char)s[i] >= 0x20 && s[i] != 0x7F);
}

static void claim_rates (const hl_result *r) {
  const hl_rate_limit *l = &r->rate_limit;

  claim(l->limit >= -1 && l->remaining >= -1 && l->interval_ms >= -1);
  claim(l->daily_limit >= -1 && l->daily_remaining >= -1);
  claim(!l->daily_spent || r->kind == HL_RATE_LIMITED);
  claim(r->retry_after_ms >= -1);
}

static void claim_failure (const hl_result *r) {
  hl_text document;
  size_t i;

  claim(r->message != NULL);
  claim_line(r->message, MESSAGE_MAX);
  claim_blotted(r->message, strlen(r->message));
  for (i = 0; i < r->n_messages; i++) {
    claim(r->messages[i].text != NULL);
    claim(strict_utf8(r->messages[i].text, strlen(r->messages[i].text)));
    claim_blotted(r->messages[i].text, strlen(r->messages[i].text));
  }
  claim(r->body_len <= HL_BODY_KEPT);
  claim(r->body == NULL || r->body[r->body_len] == '\0');
  claim_blotted(r->body, r->body_len);
  claim_blotted(r->trace_id, r->trace_id != NULL ? strlen(r->trace_id) : 0);
  claim(r->kind != HL_DUPLICATE || r->status == 400);
  claim(r->kind == HL_SERVER || r->kind == HL_RATE_LIMITED ||
        r->kind == HL_NETWORK || r->kind == HL_TIMEOUT ||
        r->kind == HL_MEMORY || !r->retryable);
  if (r->document != NULL) {
    hl_text_init(&document, HL_TEXT_MAX);
    claim(hl_json_print(&document, r->document));
    claim_blotted(document.bytes, document.len);
    hl_text_free(&document);
  }
}

static void claim_document (const hl_result *r) {
  const cJSON *contact =
      cJSON_GetObjectItemCaseSensitive(r->document, "contact");

  claim(cJSON_IsObject(contact));
}

static void claim_result (const hl_call *call) {
  const hl_result *r = hl_call_result(call);
  const hl_attempt *a;
  size_t n;

  claim(r->kind >= HL_OK && r->kind < HL_KINDS);
  claim(r->kind != HL_OK || (r->status >= 200 && r->status < 300));
  claim(r->status == 0 || r->status == call->answer.status);
  claim_rates(r);
  if (r->kind != HL_OK)
    claim_failure(r);
  else if (!call->answer.as_tokens)
    claim_document(r);
  a = hl_call_history(call, &n);
  claim(n == 1 && a->kind == r->kind && a->number == 1 && a->wait_us == -1);
}

/* What a C program gets, and what Lua is told, is of one mind. */
static void claim_same (const hl_result *a, const hl_result *b) {
  claim(a->kind == b->kind && a->status == b->status);
  claim((a->message == NULL) == (b->message == NULL));
  claim(a->kind == HL_TIMEOUT || a->message == NULL ||
        strcmp(a->message, b->message) == 0);
  claim((a->trace_id == NULL) == (b->trace_id == NULL));
  claim(a->trace_id == NULL || strcmp(a->trace_id, b->trace_id) == 0);
  claim(a->n_messages == b->n_messages && a->body_len == b->body_len);
  claim(a->retryable == b->retryable);
}

/*--------------------------------------------------------------------- Lua */

/* What Lua's values are made of. */
static void claim_tokens (const hl_result *r) {
  const hl_json_tokens *t = hl_result_tokens((hl_result *)(uintptr_t)r);
  int deepest = 0;

  claim(tokens_walk(t->list, t->list + t->n, NULL, SIZE_MAX, 0, &deepest) ==
        t->list + t->n);
  claim(deepest == t->depth);
}

/* res, nil, info: all that the body said. */
static void claim_success (lua_State *L, int at, const char *s, size_t len) {
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  hl_json_fault fault;
  hl_call *call = make_call();
  const char *body = feed_head(call, s, &len);

  hl_call_destroy(call);
  claim(lua_istable(L, at) && lua_isnil(L, at + 1) && lua_istable(L, at + 2));
  lua_getfield(L, at, "contact");
  claim(lua_istable(L, -1));
  claim(hl_json_tokens_read(&tokens, body, len, &fault));
  lua_pushvalue(L, at);
  if (hl_json_token_member(tokens.list, "succeeded") == NULL) {
    lua_pushnil(L); /* which is added, where it has the other spelling */
    lua_setfield(L, -2, "succeeded");
  }
  state_read(L, tokens.list);
  hl_json_tokens_free(&tokens);
}

static void claim_error (lua_State *L, int at, const hl_result *r) {
  const char *s;
  size_t len;

  claim(lua_isnil(L, at));
  lua_pushvalue(L, at + 1);
  claim(strcmp(state_error(L), hl_kind_name(r->kind)) == 0);
  lua_getfield(L, -1, "body");
  s = lua_tolstring(L, -1, &len);
  claim_blotted(s, s != NULL ? len : 0);
  lua_getfield(L, -2, "meta");
  claim(lua_isnil(L, -1) || lua_istable(L, -1));
}

/* A call of a Lua program, left on the stack. */
static hl_call *push_call (lua_State *L) {
  hl_call *call;

  lua_newtable(L);
  lua_pushliteral(L, TOKEN);
  lua_setfield(L, -2, "token");
  lua_pushinteger(L, CEILING);
  lua_setfield(L, -2, "max_response_bytes");
  claim(state_call(L, STATE_CORE, "new", 1) == LUA_OK);
  lua_pushliteral(L, "abc");
  lua_newtable(L);
  lua_pushliteral(L, "Rosan");
  lua_setfield(L, -2, "firstName");
  claim(state_call(L, STATE_CORE, "call", 3) == LUA_OK);
  call = hl_check_call(L, -1);
  claim(call->state == HL_CALL_PREPARED && call->answer.as_tokens);
  return call;
}

/* As a C program has it, and as a Lua program. */
static void tell (const char *s, size_t len) {
  lua_State *L = state_take();
  hl_call *call = make_call(), *other = push_call(L);
  const hl_result *r;
  int at = lua_gettop(L);

  settle(call, s, len);
  settle(other, s, len);
  r = hl_call_result(call);
  claim_result(call);
  claim_result(other);
  claim_same(r, hl_call_result(other));
  if (r->kind == HL_OK)
    claim_tokens(hl_call_result(other));
  claim(state_call(L, STATE_CORE, "result", 1) == LUA_OK);
  if (r->kind == HL_OK)
    claim_success(L, at, s, len);
  else
    claim_error(L, at, r);
  state_give(L);
  hl_call_destroy(call);
}

int LLVMFuzzerInitialize (int *argc, char ***argv) {
  const hl_options o = {.token = TOKEN, .max_response_bytes = CEILING};
  hl_problems problems;

  (void)argc;
  (void)argv;
  state_prepare();
  hl_problems_init(&problems);
  hl_settings_init(&settings, &o, &problems);
  claim(problems.n == 0 && !problems.failed);
  return 0;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *text = bytes_copy(data, size);

  tell(text, size);
  free(text);
  return 0;
}
