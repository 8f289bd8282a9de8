/*
** encode.c: Lua tables of any kind to `highlevel.encode`, and to a call as far
** as it goes before it is sent.
**
** What comes of it is either an error of the kind `invalid` or JSON that says
** what the table said. No metamethod is asked.
*/
#include <lualib.h>
#include <math.h>

#include "binding.h"
#include "bytes.h"
#include "call.h"
#include "contact.h"
#include "state.h"
#include "strict.h"

#define TABLES 40
#define DEPTH_MAX 40
#define AGAIN 10 /* each may double what is read, up to what a body holds */
#define TOKEN "pit-0123456789"
#define BASE_URL "http://127.0.0.1:1"

typedef struct maker {
  lua_State *L;
  bytes bytes;
  int pool; /* a list of the tables made so far */
  int tables;
  int depth;
  int again; /* tables that are in more than one place */
  bool bare; /* no metatables */
} maker;

static void make_any (maker *m);
static void make_shaped (maker *m, const hl_shape *shape);

/*-------------------------------------------------------------- metatables */

static int never (lua_State *L) {
  bool a_metamethod_was_asked = L != NULL;

  claim(!a_metamethod_was_asked);
  return 0;
}

static void make_finalizer (lua_State *L);

/* A finalizer that one time empties every table of the run, and until then
** sees to it that there is another one. */
static int empty_all (lua_State *L) {
  lua_Integer i;

  lua_getfield(L, LUA_REGISTRYINDEX, "countdown");
  i = lua_tointeger(L, -1) - 1;
  lua_pushinteger(L, i);
  lua_setfield(L, LUA_REGISTRYINDEX, "countdown");
  if (i >= 0) {
    make_finalizer(L);
    return 0;
  }
  lua_getfield(L, LUA_REGISTRYINDEX, "pool");
  for (i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
    lua_rawgeti(L, -1, i);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      lua_pop(L, 1);
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, -4);
    }
    lua_pop(L, 1);
  }
  return 0;
}

/* Something dead that will be finalized. */
static void make_finalizer (lua_State *L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushcfunction(L, empty_all);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* Some steps of the collector from now, the tables are emptied. */
static void start_countdown (lua_State *L, bytes *b) {
  lua_gc(L, LUA_GCSTOP);
  lua_pushinteger(L, bytes_range(b, 0, 40));
  lua_setfield(L, LUA_REGISTRYINDEX, "countdown");
  make_finalizer(L);
  if (bytes_range(b, 0, 1) == 0)
    lua_gc(L, LUA_GCGEN, 1, 1);
  else
    lua_gc(L, LUA_GCINC, 1, 1000, 1);
  lua_gc(L, LUA_GCRESTART);
  (void)lua_newuserdatauv(L, bytes_one(b), 0);
  lua_pop(L, 1);
}

static void push_cjson (lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "cjson");
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* Stands for lua-cjson, as far as it is looked at. */
static void load_cjson (lua_State *L) {
  static char empty;

  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_newtable(L);
  lua_newtable(L);
  lua_setfield(L, -2, "array_mt");
  lua_newtable(L);
  lua_setfield(L, -2, "empty_array_mt");
  lua_pushlightuserdata(L, &empty);
  lua_setfield(L, -2, "empty_array");
  lua_setfield(L, -2, "cjson");
  lua_pop(L, 1);
}

static void set_metatable (maker *m) {
  static const char *const names[] = {"__index",    "__pairs", "__len",
                                      "__tostring", "__eq",    "__newindex",
                                      "__call",     "__name",  "__lt"};
  static const char *const marks[] = {"array", "object", "table", ""};
  lua_State *L = m->L;
  unsigned how = bytes_one(&m->bytes);
  size_t i;

  if (how < 160 || m->bare)
    return;
  if (how < 175)
    lua_getfield(L, STATE_CORE, how < 167 ? "array_mt" : "object_mt");
  else if (how < 185)
    push_cjson(L, how < 180 ? "array_mt" : "empty_array_mt");
  else {
    lua_newtable(L);
    for (i = 0; i < COUNT(names); i++) {
      lua_pushcfunction(L, never);
      lua_setfield(L, -2, names[i]);
    }
    if (how < 220) {
      lua_pushstring(L, marks[how % COUNT(marks)]);
      lua_setfield(L, -2, "__jsontype");
    } else if (how < 224) {
      lua_pushvalue(L, -1);
      lua_setfield(L, -2, "__jsontype");
    }
  }
  lua_setmetatable(L, -2);
}

/*----------------------------------------------------------------- scalars */

/* Longer than what is kept of names, values and paths. */
static void make_long_text (maker *m) {
  unsigned n = bytes_one(&m->bytes);
  luaL_Buffer text;

  luaL_buffinit(m->L, &text);
  for (; n > 0; n--)
    luaL_addstring(&text, n % 8 == 1 ? "\n\"\xC3\xA9" : "0123456789abcdef");
  luaL_pushresult(&text);
}

static void make_text (maker *m) {
  static const char *const texts[] = {"",
                                      "Rosan",
                                      "a@b.c",
                                      "+1 888-888-8888",
                                      "US",
                                      "us",
                                      "Germany",
                                      "Virgin Islands",
                                      "1990-09-25",
                                      "02/29/2000",
                                      "31/12/1999",
                                      "active",
                                      "inactive",
                                      "permanent",
                                      "America/Chicago",
                                      "100.5",
                                      "true",
                                      "\xC3\xA9",
                                      "\xF0\x9F\x98\x80",
                                      "\xC3",
                                      "\xED\xA0\x80",
                                      "\"\\/\b\f\n\r\t",
                                      "\x7F",
                                      "quote\"here",
                                      "exactly8",
                                      "fifteen letters"};
  unsigned how = bytes_one(&m->bytes);
  size_t len;
  const char *s;

  if (how < 3 * COUNT(texts)) {
    lua_pushstring(m->L, texts[how % COUNT(texts)]);
    return;
  }
  if (how > 250) {
    make_long_text(m);
    return;
  }
  s = bytes_some(&m->bytes, 40, &len); /* with NULs, and no UTF-8 */
  lua_pushlstring(m->L, s, len);
}

static void make_number (maker *m) {
  static const double some[] = {0,
                                -0.0,
                                0.1,
                                1e15,
                                1e16,
                                1e300,
                                5e-324,
                                HUGE_VAL,
                                -HUGE_VAL,
                                100.5,
                                1e-7,
                                4.35,
                                9007199254740993.0,
                                -9223372036854775808.0};
  static const lua_Integer whole[] = {0,
                                      -1,
                                      LUA_MAXINTEGER,
                                      LUA_MININTEGER,
                                      INT64_C(1) << 53,
                                      (INT64_C(1) << 53) + 1};
  uint64_t bits;
  double d;

  switch (bytes_range(&m->bytes, 0, 5)) {
  case 0:
    lua_pushnumber(m->L, some[bytes_range(&m->bytes, 0, COUNT(some) - 1)]);
    break;
  case 1:
    lua_pushinteger(m->L, whole[bytes_range(&m->bytes, 0, COUNT(whole) - 1)]);
    break;
  case 2:
    bits = bytes_word(&m->bytes, 8);
    memcpy(&d, &bits, sizeof(d));
    lua_pushnumber(m->L, d);
    break;
  case 3:
    lua_pushnumber(m->L, (double)NAN);
    break;
  case 4:
    lua_pushinteger(m->L, (lua_Integer)bytes_word(&m->bytes, 8));
    break;
  default:
    lua_pushinteger(m->L, (lua_Integer)bytes_word(&m->bytes, 1));
  }
}

static void make_odd (maker *m) {
  static char here;
  lua_State *L = m->L;

  switch (bytes_range(&m->bytes, 0, 5)) {
  case 0:
    lua_pushcfunction(L, never);
    break;
  case 1:
    lua_newthread(L);
    break;
  case 2:
    (void)lua_newuserdatauv(L, 8, 0);
    break;
  case 3:
    lua_pushlightuserdata(L, &here);
    break;
  case 4:
    push_cjson(L, "empty_array");
    break;
  default: /* one that is there already: again, or within itself */
    if (++m->again > AGAIN) {
      lua_pushboolean(L, 1);
      break;
    }
    lua_rawgeti(L, m->pool, bytes_range(&m->bytes, 1, m->tables));
  }
}

/*------------------------------------------------------------------ tables */

/* False: there are enough, and a text is there in its place. */
static bool begin_table (maker *m) {
  if (m->tables == TABLES || m->depth == DEPTH_MAX ||
      !lua_checkstack(m->L, 20)) {
    make_text(m);
    return false;
  }
  m->depth++;
  lua_newtable(m->L);
  lua_pushvalue(m->L, -1);
  lua_rawseti(m->L, m->pool, ++m->tables);
  return true;
}

static void end_table (maker *m) {
  set_metatable(m);
  m->depth--;
}

/* Push a key that is neither nil nor NaN. */
static void make_key (maker *m) {
  static const char *const names[] = {
      "firstName",   "first_name",  "firstname",
      "fristName",   "email",       "phone",
      "postalCode",  "zip",         "dnd",
      "dndSettings", "SMS",         "sms",
      "all",         "status",      "message",
      "code",        "tags",        "customFields",
      "customField", "id",          "key",
      "field_value", "fieldValue",  "value",
      "currency",    "dateOfBirth", "country",
      "timezone",    "locationId",  "_",
      "a b",         "__jsontype"};
  unsigned how = bytes_one(&m->bytes);

  if (how < 200) {
    lua_pushstring(m->L, names[how % COUNT(names)]);
    return;
  }
  if (how < 230) {
    make_text(m);
    return;
  }
  if (how < 240)
    make_number(m);
  else if (how < 250)
    lua_pushinteger(m->L, bytes_range(&m->bytes, -1, 6));
  else
    lua_pushboolean(m->L, how & 1);
  if (lua_type(m->L, -1) == LUA_TNUMBER &&
      isnan(lua_tonumber(m->L, -1))) { /* Lua has no such key */
    lua_pop(m->L, 1);
    lua_pushnumber(m->L, 0.5);
  }
}

/* More members than are sorted without asking for memory. */
static void add_many (maker *m) {
  int64_t n = bytes_range(&m->bytes, 0, 60);

  for (; n > 0; n--) {
    lua_pushfstring(m->L, "k%d", (int)(n * 37 % 61));
    make_text(m);
    lua_rawset(m->L, -3);
  }
}

static void make_table (maker *m) {
  int64_t n, i;
  bool list;

  if (!begin_table(m))
    return;
  list = bytes_range(&m->bytes, 0, 1) == 0;
  n = bytes_range(&m->bytes, 0, 6);
  for (i = 1; i <= n; i++) {
    if (list)
      lua_pushinteger(m->L, i);
    else
      make_key(m);
    make_any(m);
    lua_rawset(m->L, -3);
  }
  if (!list && n == 6)
    add_many(m);
  end_table(m);
}

static void make_any (maker *m) {
  switch (bytes_range(&m->bytes, 0, 9)) {
  case 0:
    lua_pushboolean(m->L, (int)bytes_range(&m->bytes, 0, 1));
    break;
  case 1:
    make_number(m);
    break;
  case 2:
    lua_pushlightuserdata(m->L, NULL);
    break;
  case 3:
    make_odd(m);
    break;
  case 4:
  case 5:
  case 6:
    make_table(m);
    break;
  default:
    make_text(m);
  }
}

/*------------------------------------------------- what the schema asks for */

static void make_object (maker *m, const hl_shape *shape) {
  const hl_member *member;
  unsigned more;

  if (!begin_table(m))
    return;
  for (member = shape->members; member->name != NULL; member++) {
    unsigned how = bytes_one(&m->bytes);
    if (how < 120 && (member->flags & (HL_REQUIRED | HL_IDENTIFIES)) == 0)
      continue;
    if (how > 250)
      continue;
    lua_pushstring(m->L, member->name_v3 != NULL && how % 4 == 0
                             ? member->name_v3
                             : member->name);
    if (how > 240)
      make_any(m);
    else
      make_shaped(m, member->shape);
    lua_rawset(m->L, -3);
  }
  more = bytes_one(&m->bytes);
  if (more > 200) {
    make_key(m);
    make_any(m);
    lua_rawset(m->L, -3);
  }
  if (more > 248)
    add_many(m);
  end_table(m);
}

static void make_list (maker *m, const hl_shape *item) {
  int64_t n, i;

  if (!begin_table(m))
    return;
  n = bytes_range(&m->bytes, 0, 5);
  for (i = 1; i <= n; i++) {
    make_shaped(m, item);
    lua_rawseti(m->L, -2, i);
  }
  end_table(m);
}

static void make_shaped (maker *m, const hl_shape *shape) {
  static const char *const countries[] = {"US", "DE", "XK", "Chad"};
  static const char *const dates[] = {"1990-09-25", "02/29/2000", "12.31.1999",
                                      "2023_02_28", "29-02-2000"};

  if (bytes_one(&m->bytes) > 245) {
    make_any(m);
    return;
  }
  switch (shape->type) {
  case HL_SHAPE_BOOLEAN:
    lua_pushboolean(m->L, (int)bytes_range(&m->bytes, 0, 1));
    break;
  case HL_SHAPE_CHOICE:
    lua_pushstring(m->L, shape->choices[bytes_range(&m->bytes, 0, 1)]);
    break;
  case HL_SHAPE_DATE:
    lua_pushstring(m->L, dates[bytes_range(&m->bytes, 0, COUNT(dates) - 1)]);
    break;
  case HL_SHAPE_COUNTRY:
    lua_pushstring(m->L, countries[bytes_range(&m->bytes, 0, 3)]);
    break;
  case HL_SHAPE_LIST:
    make_list(m, shape->item);
    break;
  case HL_SHAPE_OBJECT:
    make_object(m, shape);
    break;
  case HL_SHAPE_CUSTOM:
    make_any(m);
    break;
  default:
    make_text(m);
  }
}

/*------------------------------------------------------------------ options */

typedef struct options {
  const char *version; /* NULL: not given */
  int strict;          /* -1: not given */
} options;

static options take_options (bytes *b) {
  static const char *const versions[] = {NULL, "2021-07-28", "v3"};
  options o;

  o.version = versions[bytes_range(b, 0, 2)];
  o.strict = (int)bytes_range(b, -1, 1);
  return o;
}

static void push_options (lua_State *L, const options *o) {
  lua_newtable(L);
  if (o->version != NULL) {
    lua_pushstring(L, o->version);
    lua_setfield(L, -2, "api_version");
  }
  if (o->strict >= 0) {
    lua_pushboolean(L, o->strict);
    lua_setfield(L, -2, "strict");
  }
}

/*------------------------------------------------------------------ claims */

/* nil, err: refused, and told why. */
static void claim_refusal (lua_State *L, int at) {
  claim(lua_isnil(L, at));
  lua_pushvalue(L, at + 1);
  claim(strcmp(state_error(L), "invalid") == 0);
  lua_getfield(L, -1, "messages");
  claim(lua_rawlen(L, -1) >= 1 && lua_rawlen(L, -1) <= HL_PROBLEMS_MAX);
  lua_pop(L, 2);
}

/* Read again and sent again, it is the same. */
static void claim_again (const char *body, size_t len, const options *o) {
  hl_json_fault fault;
  const hl_result *why;
  char *again = NULL;
  size_t n = 0;
  cJSON *tree = hl_json_parse(body, len, &fault);

  claim(tree != NULL);
  claim(hl_encode(hl_fields_new(tree), o->version, o->strict == 0, &again, &n,
                  &why) == HL_OK);
  claim(n == len && memcmp(again, body, len) == 0);
  hl_free(again);
}

/* A body, made of the table at `fields`. */
static void claim_body (lua_State *L, int fields, const char *body, size_t len,
                        const options *o) {
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  hl_json_fault fault;
  cJSON *theirs;
  strict s;

  claim(strict_json(&s, body, len) && s.deepest <= HL_DEPTH_OUT);
  claim(body[0] == '{' && len > 2);
  theirs = s.nul ? NULL : cJSON_ParseWithLength(body, len);
  claim(s.nul || cJSON_IsObject(theirs));
  cJSON_Delete(theirs);
  claim(hl_json_tokens_read(&tokens, body, len, &fault));
  if (fields > 0) {
    lua_pushvalue(L, fields);
    state_sent(L, tokens.list, &hl_contact_shape);
    lua_pop(L, 1);
  }
  hl_json_tokens_free(&tokens);
  claim_again(body, len, o);
}

/*-------------------------------------------------------------------- calls */

/* A client that never gets as far as the network. */
static void push_client (lua_State *L, const options *o) {
  lua_newtable(L);
  lua_pushliteral(L, TOKEN);
  lua_setfield(L, -2, "token");
  lua_pushliteral(L, BASE_URL);
  lua_setfield(L, -2, "base_url");
  if (o->version != NULL) {
    lua_pushstring(L, o->version);
    lua_setfield(L, -2, "api_version");
  }
  claim(state_call(L, STATE_CORE, "new", 1) == LUA_OK);
  claim(lua_type(L, -1) == LUA_TUSERDATA);
}

static void claim_url (const char *url, const char *id, size_t len) {
  size_t i;

  claim(strncmp(url, BASE_URL "/contacts/", strlen(BASE_URL "/contacts/")) ==
        0);
  url += strlen(BASE_URL "/contacts/");
  for (i = 0; i < len; i++) {
    char escaped[8];
    snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)id[i]);
    if (*url == id[i] && id[i] != '%' && strchr("/?#&= \\", id[i]) == NULL) {
      url++;
    } else {
      claim(strncmp(url, escaped, 3) == 0);
      url += 3;
    }
  }
  claim(*url == '\0');
}

/* What update_contact does before it sends. `body` is what encode made; NULL:
** it refused. */
static void call (lua_State *L, int fields, const options *o, bytes *b,
                  const char *body, size_t body_len) {
  size_t id_len, token_len;
  const char *id = bytes_some(b, 30, &id_len);
  const char *token = bytes_some(b, 30, &token_len);
  int top = lua_gettop(L);
  const hl_call *made;

  push_client(L, o);
  lua_pushlstring(L, id, id_len);
  lua_pushvalue(L, fields);
  if (token_len > 20)
    lua_pushlstring(L, token, token_len);
  else
    lua_pushnil(L);
  lua_pushnumber(L, 0.001 * (double)bytes_word(b, 4));
  if (o->strict >= 0)
    lua_pushboolean(L, o->strict);
  else
    lua_pushnil(L);
  lua_pushinteger(L, bytes_range(b, 0, 2000));
  claim(state_call(L, STATE_CORE, "call", 7) == LUA_OK);
  made = hl_check_call(L, -1);
  if (made->state == HL_CALL_PREPARED) {
    claim(body == NULL || (made->body.len == body_len &&
                           memcmp(made->body.bytes, body, body_len) == 0));
    claim(id_len > 0);
    claim_url(made->url, id, id_len);
    claim(made->token != NULL && *made->token != '\0');
    claim(made->retries >= 0 && made->retries <= 1000);
    claim(made->deadline_us > made->started_us);
  } else {
    claim(made->state == HL_CALL_SETTLED);
    claim(state_call(L, STATE_CORE, "result", 1) == LUA_OK);
    claim_refusal(L, lua_gettop(L) - 2);
  }
  lua_settop(L, top);
}

/*--------------------------------------------------------------------- main */

int LLVMFuzzerInitialize (int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  state_prepare();
  return 0;
}

/* Misuse raises, and names what it is about. Options, unlike fields, are read
** as any Lua program would read them. */
static void misuse (lua_State *L, bytes *b) {
  maker m = {.L = L, .bytes = *b, .tables = 1, .bare = true};

  lua_newtable(L);
  m.pool = lua_gettop(L);
  lua_newtable(L);
  lua_rawseti(L, m.pool, 1);
  make_any(&m);
  make_any(&m);
  if (state_call(L, STATE_HIGHLEVEL, "encode", 2) != LUA_OK) {
    claim(lua_type(L, -1) == LUA_TSTRING);
    claim(strncmp(lua_tostring(L, -1), "highlevel.encode: ", 18) == 0);
  }
}

static void encode (lua_State *L, bytes *b, bool finalizers) {
  maker m = {.L = L, .bytes = *b};
  options o = take_options(&m.bytes);
  int fields, top;
  const char *body = NULL;
  size_t len = 0;

  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "pool");
  m.pool = lua_gettop(L);
  if (bytes_one(&m.bytes) < 230)
    make_object(&m, &hl_contact_shape);
  else
    make_table(&m);
  fields = lua_gettop(L);
  if (finalizers)
    start_countdown(L, &m.bytes);
  lua_pushvalue(L, fields);
  push_options(L, &o);
  top = lua_gettop(L) - 2;
  claim(state_call(L, STATE_HIGHLEVEL, "encode", 2) == LUA_OK || finalizers);
  if (lua_type(L, top + 1) == LUA_TSTRING && lua_gettop(L) == top + 1) {
    body = lua_tolstring(L, top + 1, &len);
    if (!finalizers || body[0] == '{')
      claim_body(L, finalizers ? 0 : fields, body, len, &o);
  } else {
    claim_refusal(L, top + 1);
  }
  if (!finalizers)
    call(L, fields, &o, &m.bytes, body, len);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  bytes b = bytes_of(data, size);
  unsigned how = bytes_one(&b);
  bool finalizers = how > 230 && how <= 250;
  lua_State *L = finalizers ? state_new() : state_take();

  load_cjson(L);
  if (how > 250)
    misuse(L, &b);
  else
    encode(L, &b, finalizers);
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, "pool");
  if (finalizers)
    lua_close(L);
  else
    state_give(L);
  return 0;
}
