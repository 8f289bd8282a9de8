/*
** core.c: the module `highlevel.core`, handles and functions over the C core.
**
** No policy here: highlevel.lua checks arguments and decides; this passes
** values across. Functions return what Lua's callers expect, `nil, error
** table` for what the world did, and raise for misuse and want of memory.
*/
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "call.h"

typedef struct lclient {
  hl_client *c; /* NULL once closed */
} lclient;

int hl_raise_memory (lua_State *L) {
  lua_pushliteral(L, "not enough memory");
  return lua_error(L);
}

/*-------------------------------------------------------------------- box */

static void box_clear (hl_box *box) {
  hl_box full = *box;

  memset(box, 0, sizeof(*box)); /* forget first, then free */
  hl_fields_free(full.fields);
  hl_call_free(full.call);
  hl_free(full.text);
  hl_result_free(full.why);
  hl_text_free(&full.scratch);
  hl_json_tokens_free(&full.tokens);
}

/* Exists, with its __gc, before anything is put into it. */
static hl_box *new_box (lua_State *L) {
  hl_box *box = lua_newuserdata(L, sizeof(*box));

  memset(box, 0, sizeof(*box));
  luaL_getmetatable(L, HL_CALL_MT);
  lua_setmetatable(L, -2);
  return box;
}

/* The box of a function that is done with it when it returns: one for all of
** them, unless a finalizer comes here meanwhile. If Lua raises it stays lent. */
static hl_box *borrow_box (lua_State *L) {
  static const char key; /* its address is the key */
  hl_box *box;

  lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  box = lua_touserdata(L, -1);
  if (box == NULL) {
    box = new_box(L);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
  } else if (box->lent) {
    return new_box(L);
  }
  box->lent = true;
  return box;
}

static hl_fields *take_fields (hl_box *box) {
  hl_fields *fields = box->fields;

  box->fields = NULL;
  return fields;
}

/* nil, error: why there is no client or no body */
static int push_refusal (lua_State *L, hl_box *box) {
  if (box->why == NULL)
    return hl_raise_memory(L);
  lua_pushnil(L);
  hl_push_error(L, box->why, box);
  box_clear(box);
  return 2;
}

static int call_gc (lua_State *L) {
  box_clear(luaL_checkudata(L, 1, HL_CALL_MT));
  return 0;
}

/*----------------------------------------------------------------- client */

static long to_ms (double seconds) {
  if (seconds > 1e6)
    seconds = 1e6; /* eleven days: forever, and fits a long of 32 bits */
  return seconds > 0 && seconds < 0.001 ? 1 : (long)(seconds * 1e3);
}

static long field_ms (lua_State *L, const char *name) {
  double seconds;

  lua_getfield(L, 1, name);
  seconds = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return to_ms(seconds);
}

/* Borrowed from the options, which stay on the stack. */
static const char *field_text (lua_State *L, const char *name) {
  const char *s;

  lua_getfield(L, 1, name);
  s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 1);
  return s;
}

static bool field_is (lua_State *L, const char *name, bool value) {
  bool is;

  lua_getfield(L, 1, name);
  is = lua_isboolean(L, -1) && (lua_toboolean(L, -1) != 0) == value;
  lua_pop(L, 1);
  return is;
}

static size_t field_count (lua_State *L, const char *name) {
  lua_Number n;

  lua_getfield(L, 1, name);
  n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return n >= 1 && n < 1e15 ? (size_t)n : 0;
}

/* A number of retries as the core takes it: 0 is none here, -1 there. */
static long to_retries (lua_Number n) {
  return n < 1 ? -1 : n > 1000 ? 1000 : (long)n;
}

/* More than a million would be no limit. */
static long to_count (lua_Number n) {
  return n < 1e6 ? (long)n : 1000000;
}

/* rate_limit: false, or { requests =, interval = } */
static void read_rate_limit (lua_State *L, hl_options *o) {
  if (field_is(L, "rate_limit", false))
    o->rate_requests = -1;
  lua_getfield(L, 1, "rate_limit");
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "requests");
    lua_getfield(L, -2, "interval");
    o->rate_requests = to_count(lua_tonumber(L, -2));
    o->rate_interval_ms = to_ms(lua_tonumber(L, -1));
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* new(options) -> client | nil, error */
static int core_new (lua_State *L) {
  hl_options o;
  lclient *h;
  hl_box *box;
  size_t connections;
  hl_kind kind;

  luaL_checktype(L, 1, LUA_TTABLE);
  memset(&o, 0, sizeof(o));
  o.token = field_text(L, "token");
  o.base_url = field_text(L, "base_url");
  o.api_version = field_text(L, "api_version");
  o.ca_file = field_text(L, "ca_file");
  o.proxy = field_text(L, "proxy");
  o.user_agent = field_text(L, "user_agent");
  o.timeout_ms = field_ms(L, "timeout");
  o.connect_timeout_ms = field_ms(L, "connect_timeout");
  connections = field_count(L, "max_connections");
  o.max_connections = connections > 100000 ? 100000 : (long)connections;
  o.max_response_bytes = field_count(L, "max_response_bytes");
  lua_getfield(L, 1, "retries");
  if (lua_isnumber(L, -1))
    o.retries = to_retries(lua_tonumber(L, -1));
  lua_pop(L, 1);
  read_rate_limit(L, &o);
  o.no_http2 = field_is(L, "http2", false);
  o.lax = field_is(L, "strict", false);
  box = new_box(L);
  h = lua_newuserdata(L, sizeof(*h));
  h->c = NULL;
  luaL_getmetatable(L, HL_CLIENT_MT);
  lua_setmetatable(L, -2);
  kind = hl_client_new(&h->c, &o, &box->why);
  if (kind == HL_OK)
    return 1;
  return push_refusal(L, box);
}

/* close(client), __gc, __close: safe to call again */
static int core_close (lua_State *L) {
  lclient *h = luaL_checkudata(L, 1, HL_CLIENT_MT);
  hl_client *c = h->c;

  h->c = NULL;
  hl_client_free(c);
  return 0;
}

static hl_client *check_client (lua_State *L, int arg) {
  lclient *h = luaL_checkudata(L, arg, HL_CLIENT_MT);

  luaL_argcheck(L, h->c != NULL, arg, "the client is closed");
  return h->c;
}

/* is_closed(client) -> boolean */
static int core_is_closed (lua_State *L) {
  lclient *h = luaL_checkudata(L, 1, HL_CLIENT_MT);

  lua_pushboolean(L, h->c == NULL);
  return 1;
}

/*------------------------------------------------------------------ calls */

hl_call *hl_check_call (lua_State *L, int arg) {
  hl_box *box = luaL_checkudata(L, arg, HL_CALL_MT);

  luaL_argcheck(L, box->call != NULL, arg, "the result was taken");
  return box->call;
}

/* call(client, id, fields, token, timeout, strict, retries) -> call, not yet
** started; token to retries may be nil, for the client's */
static int core_call (lua_State *L) {
  hl_client *c = check_client(L, 1);
  size_t id_len;
  const char *id = luaL_checklstring(L, 2, &id_len);
  hl_call_options o;
  hl_box *box;

  luaL_checktype(L, 3, LUA_TTABLE);
  memset(&o, 0, sizeof(o));
  o.token = luaL_optstring(L, 4, NULL);
  o.timeout_ms = to_ms(luaL_optnumber(L, 5, 0));
  if (lua_isboolean(L, 6))
    o.strictness = lua_toboolean(L, 6) ? HL_STRICT : HL_LAX;
  if (lua_isnumber(L, 7))
    o.retries = to_retries(lua_tonumber(L, 7));
  box = new_box(L);
  hl_read_fields(L, 3, box);
  box->call = hl_call_new(c, id, id_len, take_fields(box), &o);
  if (box->call == NULL)
    return hl_raise_memory(L);
  box->call->answer.as_tokens = true;
  return 1;
}

/* tag(call, number): what `next` and `take` know it by: a number above 0 */
static int core_tag (lua_State *L) {
  hl_call_set_user(hl_check_call(L, 1),
                   (void *)(uintptr_t)luaL_checknumber(L, 2));
  return 0;
}

/* start(call): on its way, for whoever steps the client */
static int core_start (lua_State *L) {
  hl_call_start(hl_check_call(L, 1));
  return 0;
}

static int wait_ms (lua_State *L, int arg) {
  return (int)(luaL_checknumber(L, arg) * 1e3);
}

/* wait(client, call, seconds) -> true once the call is settled */
static int core_wait (lua_State *L) {
  lclient *h = luaL_checkudata(L, 1, HL_CLIENT_MT);
  hl_call *call = hl_check_call(L, 2);
  int ms = wait_ms(L, 3);

  if (hl_call_result(call) == NULL && h->c != NULL)
    hl_client_step(h->c, ms);
  lua_pushboolean(L, hl_call_result(call) != NULL);
  return 1;
}

/* step(client, seconds): until something happens, or that long */
static int core_step (lua_State *L) {
  lclient *h = luaL_checkudata(L, 1, HL_CLIENT_MT);
  int ms = wait_ms(L, 2);

  if (h->c != NULL)
    hl_client_step(h->c, ms);
  return 0;
}

/* sleep(seconds), or less if a signal comes */
static int core_sleep (lua_State *L) {
  (void)poll(NULL, 0, wait_ms(L, 1));
  return 0;
}

/* next(client) -> the tag of a call with news; nil: no more */
static int core_next (lua_State *L) {
  lclient *h = luaL_checkudata(L, 1, HL_CLIENT_MT);
  hl_call *call = NULL;

  while (h->c != NULL && (call = hl_client_next(h->c)) != NULL)
    if (hl_call_user(call) != NULL)
      break;
  if (call != NULL)
    lua_pushnumber(L, (lua_Number)(uintptr_t)hl_call_user(call));
  else
    lua_pushnil(L);
  return 1;
}

/* ready(client, token) -> seconds until a call would leave at once */
static int core_ready (lua_State *L) {
  hl_client *c = check_client(L, 1);

  lua_pushnumber(L, hl_client_ready_ms(c, luaL_optstring(L, 2, NULL)) / 1e3);
  return 1;
}

/* limits(client) -> what the server last said of the limits of its token */
static int core_limits (lua_State *L) {
  hl_rate_limit limits;

  hl_client_limits(check_client(L, 1), &limits);
  hl_push_limits(L, &limits);
  return 1;
}

/* history(call, since) -> a list of the attempts ended after number `since` */
static int core_history (lua_State *L) {
  hl_call *call = hl_check_call(L, 1);

  hl_push_history(L, call, (int)luaL_checkinteger(L, 2), true);
  return 1;
}

/* settled(call) -> boolean */
static int core_settled (lua_State *L) {
  lua_pushboolean(L, hl_call_result(hl_check_call(L, 1)) != NULL);
  return 1;
}

/* drop(call): cancelled if it runs, and gone */
static int core_drop (lua_State *L) {
  box_clear(luaL_checkudata(L, 1, HL_CALL_MT));
  return 0;
}

/* result(call) -> answer, nil, info | nil, error; once */
static int core_result (lua_State *L) {
  hl_box *box = luaL_checkudata(L, 1, HL_CALL_MT);
  const hl_result *r;

  luaL_argcheck(L, box->call != NULL && hl_call_result(box->call) != NULL, 1,
                "there is no result");
  r = hl_call_result(box->call);
  if (r->kind == HL_OK) {
    hl_push_answer(L, r);
    lua_pushnil(L);
    hl_push_info(L, r, box->call);
  } else {
    lua_pushnil(L);
    hl_push_error(L, r, box);
    hl_push_history(L, box->call, 0, false);
    lua_setfield(L, -2, "history");
    lua_pushnil(L);
  }
  box_clear(box);
  return 3;
}

/* tally(call) -> true if it succeeded, its attempts, and those that were
** answered with a 429 */
static int core_tally (lua_State *L) {
  hl_call *call = hl_check_call(L, 1);
  const hl_result *r = hl_call_result(call);
  const hl_attempt *list;
  size_t n, i;
  int refused = 0;

  luaL_argcheck(L, r != NULL, 1, "there is no result");
  list = hl_call_history(call, &n);
  for (i = 0; i < n; i++)
    refused += list[i].status == 429;
  lua_pushboolean(L, r->kind == HL_OK);
  lua_pushinteger(L, r->attempts);
  lua_pushinteger(L, refused);
  return 3;
}

/* encode(fields, api_version, strict) -> body | nil, error */
static int core_encode (lua_State *L) {
  const char *version = luaL_optstring(L, 2, NULL);
  bool lax = lua_isboolean(L, 3) && !lua_toboolean(L, 3);
  hl_box *box;
  size_t len;
  hl_kind kind;

  luaL_checktype(L, 1, LUA_TTABLE);
  box = borrow_box(L);
  hl_read_fields(L, 1, box);
  kind = hl_encode(take_fields(box), version, lax, &box->text, &len, &box->why);
  if (kind == HL_OK) {
    lua_pushlstring(L, box->text, len);
    box_clear(box);
    return 1;
  }
  return push_refusal(L, box);
}

/* decode(text) -> the value, as an answer would have it | nil, what is wrong, the
** bytes before it */
static int core_decode (lua_State *L) {
  hl_json_fault fault;
  hl_box *box;
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);

  box = borrow_box(L);
  hl_text_init(&box->scratch, SIZE_MAX / 4);
  if (!hl_text_add(&box->scratch, text, len))
    return hl_raise_memory(L);
  if (hl_push_json(L, box, &fault)) {
    box_clear(box);
    return 1;
  }
  box_clear(box);
  lua_pushnil(L);
  lua_pushstring(L, fault.what);
  lua_pushinteger(L, (lua_Integer)fault.offset);
  return 3;
}

/* distance(a, b) -> how many edits lead from one name to the other */
static int core_distance (lua_State *L) {
  lua_pushinteger(
      L, hl_edit_distance(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
  return 1;
}

static void set_count (lua_State *L, const char *name, long value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

/* status() -> what goes on in this process */
static int core_status (lua_State *L) {
  hl_status s;
  int i;

  hl_status_get(&s);
  lua_createtable(L, 0, 5);
  set_count(L, "running", s.sending);
  set_count(L, "queued", s.queued);
  set_count(L, "waiting", s.waiting);
  set_count(L, "connections", s.connections);
  lua_createtable(L, 0, HL_KINDS);
  for (i = 0; i < HL_KINDS; i++)
    if (s.finished[i] > 0)
      set_count(L, hl_kind_name((hl_kind)i), s.finished[i]);
  lua_setfield(L, -2, "finished");
  return 1;
}

/* now() -> seconds on a clock that never goes back */
static int core_now (lua_State *L) {
  lua_pushnumber(L, (double)hl_now_us() / 1e6);
  return 1;
}

/*----------------------------------------------------------------- module */

static const luaL_Reg functions[] = {{"new", core_new},
                                     {"close", core_close},
                                     {"call", core_call},
                                     {"is_closed", core_is_closed},
                                     {"wait", core_wait},
                                     {"result", core_result},
                                     {"encode", core_encode},
                                     {"now", core_now},
                                     {"decode", core_decode},
                                     {"distance", core_distance},
                                     {"step", core_step},
                                     {"sleep", core_sleep},
                                     {"next", core_next},
                                     {"ready", core_ready},
                                     {"limits", core_limits},
                                     {"history", core_history},
                                     {"settled", core_settled},
                                     {"drop", core_drop},
                                     {"start", core_start},
                                     {"tag", core_tag},
                                     {"tally", core_tally},
                                     {"status", core_status},
                                     {NULL, NULL}};

/* A metatable with one function under `gc` and a `__jsontype`, either may be
** NULL; left on the stack. */
static void new_metatable (lua_State *L, const char *name, lua_CFunction gc,
                           const char *jsontype) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name); /* LuaJIT does not */
  lua_setfield(L, -2, "__name");
  if (gc != NULL) {
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0); /* getmetatable gives nothing away */
    lua_setfield(L, -2, "__metatable");
  }
  if (jsontype != NULL) {
    lua_pushstring(L, jsontype);
    lua_setfield(L, -2, "__jsontype");
  }
}

static void add_functions (lua_State *L, const luaL_Reg *list) {
  for (; list->name != NULL; list++) {
    lua_pushcfunction(L, list->func);
    lua_setfield(L, -2, list->name);
  }
}

/*
** A Lua state that closes unloads its modules, in an order of its own. There
** may still be a thread that runs code of this one, and finalizers.
*/
static void stay_loaded (void) {
  Dl_info self;

  if (dladdr((void *)(uintptr_t)functions, &self) != 0)
    (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

__attribute__((visibility("default"))) int luaopen_highlevel_core (
    lua_State *L);

int luaopen_highlevel_core (lua_State *L) {
  stay_loaded();
  new_metatable(L, HL_CLIENT_MT, core_close, NULL);
  new_metatable(L, HL_CALL_MT, call_gc, NULL);
  new_metatable(L, HL_MAILBOX_MT, hl_mailbox_gc, NULL);
  lua_pop(L, 3);
  lua_createtable(L, 0, 32);
  add_functions(L, functions);
  add_functions(L, hl_mailbox_functions);
  new_metatable(L, HL_ARRAY_MT, NULL, "array");
  lua_setfield(L, -2, "array_mt");
  new_metatable(L, HL_OBJECT_MT, NULL, "object");
  lua_setfield(L, -2, "object_mt");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, HL_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
