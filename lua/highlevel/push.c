/*
** push.c: from tokens, and from results, to Lua values.
*/
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "json.h"
#include "result.h"

/*
** Tokens become values in one pass, children first: nothing is allocated
** outside Lua, so Lua may raise at any point. The text they point into is ours
** to write to.
*/

static const hl_json_token *push_value (lua_State *L, const hl_json_token *t,
                                        int array_mt);

static void push_text (lua_State *L, const hl_json_token *t) {
  size_t len = t->len;

  if (t->type == HL_TOKEN_ESCAPED)
    len = hl_json_token_copy((char *)(uintptr_t)t->as.text, t);
  lua_pushlstring(L, t->as.text, len);
}

static void push_integer (lua_State *L, int64_t i) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, (lua_Integer)i);
#else
  lua_pushnumber(L, (lua_Number)i);
#endif
}

/* Doubles that are whole numbers are integers, as 1e3 is one. */
static void push_number (lua_State *L, double d) {
#if LUA_VERSION_NUM >= 503
  int64_t i;
  if (hl_json_to_integer(d, &i)) {
    push_integer(L, i);
    return;
  }
#endif
  lua_pushnumber(L, d);
}

/* An integer beyond 64 bits. */
static void push_digits (lua_State *L, const hl_json_token *t) {
  char *end = (char *)(uintptr_t)t->as.text + t->len, after = *end;

  *end = '\0'; /* or strtod may see a decimal point of the locale's there */
  lua_pushnumber(L, strtod(t->as.text, NULL));
  *end = after;
}

static const hl_json_token *push_list (lua_State *L, const hl_json_token *t,
                                       int array_mt) {
  const hl_json_token *next = t + 1;
  int i, n = (int)t->len;

  lua_createtable(L, n, 0);
  lua_pushvalue(L, array_mt);
  lua_setmetatable(L, -2);
  for (i = 1; i <= n; i++) {
    next = push_value(L, next, array_mt);
    lua_rawseti(L, -2, i);
  }
  return next;
}

/* null is an absent key in an object, and highlevel.null in a list. */
static const hl_json_token *push_object (lua_State *L, const hl_json_token *t,
                                         int array_mt) {
  const hl_json_token *next = t + 1, *end = t + t->as.span;

  lua_createtable(L, 0, (int)t->len);
  while (next < end) {
    if (next[1].type == HL_TOKEN_NULL) {
      next += 2;
      continue;
    }
    push_text(L, next);
    next = push_value(L, next + 1, array_mt);
    lua_rawset(L, -3);
  }
  return next;
}

static const hl_json_token *push_value (lua_State *L, const hl_json_token *t,
                                        int array_mt) {
  switch (t->type) {
  case HL_TOKEN_TEXT:
  case HL_TOKEN_ESCAPED:
    push_text(L, t);
    break;
  case HL_TOKEN_OBJECT:
    return push_object(L, t, array_mt);
  case HL_TOKEN_LIST:
    return push_list(L, t, array_mt);
  case HL_TOKEN_FALSE:
  case HL_TOKEN_TRUE:
    lua_pushboolean(L, t->type == HL_TOKEN_TRUE);
    break;
  case HL_TOKEN_INTEGER:
    push_integer(L, t->as.integer);
    break;
  case HL_TOKEN_NUMBER:
    push_number(L, t->as.number);
    break;
  case HL_TOKEN_DIGITS:
    push_digits(L, t);
    break;
  default:
    lua_pushlightuserdata(L, NULL);
  }
  return t + 1;
}

static void push_tokens (lua_State *L, const hl_json_tokens *tokens) {
  luaL_checkstack(L, 2 * tokens->depth + 8, "too deep an answer");
  luaL_getmetatable(L, HL_ARRAY_MT);
  push_value(L, tokens->list, lua_gettop(L));
  lua_remove(L, -2);
}

void hl_push_answer (lua_State *L, const hl_result *r) {
  push_tokens(L, hl_result_tokens((hl_result *)(uintptr_t)r));
}

/* A tree by way of its text: only errors have one, and a small one. */
static void push_tree (lua_State *L, const cJSON *tree, hl_box *box) {
  hl_json_fault fault;

  hl_text_init(&box->scratch, HL_TEXT_MAX);
  if (!hl_json_print(&box->scratch, tree) ||
      !hl_json_tokens_read(&box->tokens, box->scratch.bytes, box->scratch.len,
                           &fault))
    hl_raise_memory(L);
  push_tokens(L, &box->tokens);
}

/*---------------------------------------------------------------- results */

static void set_text (lua_State *L, const char *name, const char *value) {
  if (value != NULL) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
  }
}

static void set_number (lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void set_integer (lua_State *L, const char *name, int64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_count (lua_State *L, const char *name, int64_t value) {
  if (value >= 0)
    set_integer(L, name, value);
}

static void set_rate_limit (lua_State *L, const hl_result *r) {
  const hl_rate_limit *rate = &r->rate_limit;

  lua_createtable(L, 0, 6);
  if (r->kind == HL_RATE_LIMITED)
    set_text(L, "scope", rate->daily_spent ? "daily" : "burst");
  set_count(L, "limit", rate->limit);
  set_count(L, "remaining", rate->remaining);
  if (rate->interval_ms >= 0)
    set_number(L, "interval", (double)rate->interval_ms / 1e3);
  set_count(L, "daily_limit", rate->daily_limit);
  set_count(L, "daily_remaining", rate->daily_remaining);
  lua_setfield(L, -2, "rate_limit");
}

/* What both an error and `info` tell of the call. */
static void set_facts (lua_State *L, const hl_result *r) {
  set_integer(L, "attempts", r->attempts);
  set_number(L, "seconds", (double)r->elapsed_us / 1e6);
  if (r->status > 0)
    set_integer(L, "status", r->status);
  set_text(L, "trace_id", r->trace_id);
  set_text(L, "http_version", r->http_version);
  set_rate_limit(L, r);
}

static void push_attempt (lua_State *L, const hl_attempt *a) {
  lua_createtable(L, 0, 8);
  set_integer(L, "attempt", a->number);
  set_text(L, "kind", hl_kind_name(a->kind));
  if (a->status > 0)
    set_integer(L, "status", a->status);
  set_text(L, "message", a->message);
  set_text(L, "reason", a->reason);
  set_number(L, "began", (double)a->began_us / 1e6);
  set_number(L, "seconds", (double)a->took_us / 1e6);
  if (a->wait_us >= 0)
    set_number(L, "wait", (double)a->wait_us / 1e6);
}

void hl_push_history (lua_State *L, const hl_call *call, int since,
                      bool and_last) {
  size_t n, i;
  const hl_attempt *list = hl_call_history(call, &n);
  int at = 0;

  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    if (list[i].number <= since || (list[i].wait_us < 0 && !and_last))
      continue;
    push_attempt(L, &list[i]);
    lua_rawseti(L, -2, ++at);
  }
}

void hl_push_info (lua_State *L, const hl_result *r, const hl_call *call) {
  lua_createtable(L, 0, 7);
  set_facts(L, r);
  hl_push_history(L, call, 0, false);
  lua_setfield(L, -2, "history");
}

static void set_messages (lua_State *L, const hl_result *r) {
  size_t i;

  lua_createtable(L, (int)r->n_messages, 0);
  for (i = 0; i < r->n_messages; i++) {
    lua_pushstring(L, r->messages[i].text);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "messages");
}

void hl_push_error (lua_State *L, const hl_result *r, hl_box *box) {
  lua_createtable(L, 0, 16);
  set_text(L, "kind", hl_kind_name(r->kind));
  set_text(L, "message", r->message);
  set_text(L, "path", r->path);
  set_text(L, "phase", hl_phase_name(r->phase));
  set_messages(L, r);
  set_facts(L, r);
  lua_pushboolean(L, r->retryable);
  lua_setfield(L, -2, "retryable");
  if (r->retry_after_ms >= 0)
    set_number(L, "retry_after", (double)r->retry_after_ms / 1e3);
  if (r->body != NULL) {
    lua_pushlstring(L, r->body, r->body_len);
    lua_setfield(L, -2, "body");
  }
  if (hl_json_is(r->meta, cJSON_Object)) {
    push_tree(L, r->meta, box);
    lua_setfield(L, -2, "meta");
  }
}
