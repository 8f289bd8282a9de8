/*
** push.c: from results to Lua values.
*/
#include "binding.h"
#include "json.h"

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

void hl_push_limits (lua_State *L, const hl_rate_limit *rate) {
  lua_createtable(L, 0, 6);
  set_count(L, "limit", rate->limit);
  set_count(L, "remaining", rate->remaining);
  if (rate->interval_ms >= 0)
    set_number(L, "interval", (double)rate->interval_ms / 1e3);
  set_count(L, "daily_limit", rate->daily_limit);
  set_count(L, "daily_remaining", rate->daily_remaining);
}

static void set_rate_limit (lua_State *L, const hl_result *r) {
  hl_push_limits(L, &r->rate_limit);
  if (r->kind == HL_RATE_LIMITED)
    set_text(L, "scope", r->rate_limit.daily_spent ? "daily" : "burst");
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
    hl_push_tree(L, r->meta, box);
    lua_setfield(L, -2, "meta");
  }
}
