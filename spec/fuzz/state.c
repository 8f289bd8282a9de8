/*
** state.c: a Lua state with highlevel in it, as a program has it.
*/
#include "state.h"

#include <lualib.h>
#include <math.h>

#include "binding.h"
#include "bytes.h"
#include "date.h"
#include "strict.h"

int luaopen_highlevel_core (lua_State *L);

static struct module {
  const char *name;
  const char *path;
  char *code; /* compiled */
  size_t len;
} modules[] = {
    {"highlevel.bulk", ROOT "/lua/highlevel/bulk.lua", NULL, 0},
    {"highlevel.call", ROOT "/lua/highlevel/call.lua", NULL, 0},
    {"highlevel.errors", ROOT "/lua/highlevel/errors.lua", NULL, 0},
    {"highlevel.later", ROOT "/lua/highlevel/later.lua", NULL, 0},
    {"highlevel.options", ROOT "/lua/highlevel/options.lua", NULL, 0},
    {"highlevel.wait", ROOT "/lua/highlevel/wait.lua", NULL, 0},
    {"highlevel", ROOT "/lua/highlevel.lua", NULL, 0},
};

/*------------------------------------------------------------------ states */

static int keep (lua_State *L, const void *bytes, size_t len, void *user) {
  struct module *m = user;

  (void)L;
  m->code = realloc(m->code, m->len + len);
  claim(m->code != NULL);
  memcpy(m->code + m->len, bytes, len);
  m->len += len;
  return 0;
}

void state_prepare (void) {
  lua_State *L = luaL_newstate();
  size_t i;

  for (i = 0; i < COUNT(modules); i++) {
    claim(luaL_loadfile(L, modules[i].path) == LUA_OK);
    claim(lua_dump(L, keep, &modules[i], 1) == 0); /* without lines */
    lua_pop(L, 1);
  }
  lua_close(L);
}

static void require (lua_State *L, const char *name) {
  lua_getglobal(L, "require");
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
}

lua_State *state_new (void) {
  static const luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base},          {LUA_LOADLIBNAME, luaopen_package},
      {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
      {LUA_STRLIBNAME, luaopen_string},   {LUA_MATHLIBNAME, luaopen_math},
      {LUA_OSLIBNAME, luaopen_os}};
  lua_State *L = luaL_newstate();
  size_t i;

  claim(L != NULL);
  for (i = 0; i < COUNT(libraries); i++) {
    luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
    lua_pop(L, 1);
  }
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_highlevel_core);
  lua_setfield(L, -2, "highlevel.core");
  for (i = 0; i < COUNT(modules); i++) {
    claim(luaL_loadbufferx(L, modules[i].code, modules[i].len, modules[i].name,
                           "b") == LUA_OK);
    lua_setfield(L, -2, modules[i].name);
  }
  lua_pop(L, 1);
  require(L, "highlevel");
  require(L, "highlevel.core");
  return L;
}

#define RUNS 200 /* before it is made anew */

static lua_State *lent;

lua_State *state_take (void) {
  if (lent == NULL)
    lent = state_new();
  return lent;
}

void state_give (lua_State *L) {
  static int runs;

  lua_settop(L, STATE_CORE);
  if (++runs % RUNS == 0) {
    lua_close(L);
    lent = NULL;
  } else {
    lua_gc(L, LUA_GCCOLLECT);
  }
}

int state_call (lua_State *L, int index, const char *function, int n) {
  lua_getfield(L, index, function);
  lua_insert(L, -1 - n);
  return lua_pcall(L, n, LUA_MULTRET, 0);
}

/*------------------------------------------------------------------ errors */

/* One line, for people. */
static void claim_line (lua_State *L, int index, size_t most) {
  size_t len, i;
  const char *s = lua_tolstring(L, index, &len);

  claim(s != NULL && len > 0 && len <= most);
  claim(strict_utf8(s, len));
  for (i = 0; i < len; i++)
    claim((unsigned char)s[i] >= 0x20 && s[i] != 0x7F);
}

const char *state_error (lua_State *L) {
  int top = lua_gettop(L), i;
  const char *kind;

  claim(lua_istable(L, top));
  lua_getfield(L, top, "kind");
  kind = lua_tostring(L, -1);
  for (i = 1; i < HL_KINDS; i++)
    if (strcmp(kind, hl_kind_name((hl_kind)i)) == 0)
      break;
  claim(i < HL_KINDS);
  lua_getfield(L, top, "message");
  claim_line(L, -1, 20000);
  lua_getfield(L, top, "messages");
  claim(lua_istable(L, -1));
  lua_getfield(L, top, "rate_limit");
  claim(lua_istable(L, -1));
  lua_getfield(L, top, "retryable");
  claim(lua_isboolean(L, -1));
  lua_settop(L, top);
  if (luaL_getmetafield(L, top, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, top);
    lua_call(L, 1, 1);
    claim_line(L, -1, 20100);
  }
  lua_settop(L, top);
  return hl_kind_name((hl_kind)i);
}

/*-------------------------------------------------------------- comparisons */

static bool is_text (lua_State *L, const hl_json_token *t) {
  size_t len, n;
  const char *s = lua_tolstring(L, -1, &len);
  char *copy = malloc((size_t)t->len + 1);
  bool same;

  claim(copy != NULL && lua_type(L, -1) == LUA_TSTRING);
  n = hl_json_token_copy(copy, t);
  same = n == len && memcmp(copy, s, len) == 0;
  free(copy);
  return same;
}

static bool is_number (lua_State *L, const hl_json_token *t) {
  double d = lua_tonumber(L, -1);

  if (lua_type(L, -1) != LUA_TNUMBER)
    return false;
  if (lua_isinteger(L, -1) && t->type == HL_TOKEN_INTEGER)
    return lua_tointeger(L, -1) == t->as.integer;
  switch (t->type) {
  case HL_TOKEN_INTEGER:
    return d == (double)t->as.integer && !(d == 0 && signbit(d));
  case HL_TOKEN_NUMBER:
    return d == t->as.number && !signbit(d) == !signbit(t->as.number);
  case HL_TOKEN_DIGITS:
    return d == strtod(t->as.text, NULL); /* what follows is no digit */
  default:
    return false;
  }
}

static size_t pairs_in (lua_State *L) {
  size_t n = 0;

  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1);
    n++;
  }
  return n;
}

static const hl_shape *shape_of (const hl_shape *shape, const char *name,
                                 size_t len, const hl_member **m) {
  *m = shape != NULL && shape->type == HL_SHAPE_OBJECT
           ? hl_member_find(shape, name, len)
           : NULL;
  return *m != NULL ? (*m)->shape : NULL;
}

/* Push what the table on the top has under this name, or under the other
** API version's spelling of it. */
static const hl_shape *push_member (lua_State *L, const hl_json_token *name,
                                    const hl_shape *shape) {
  char *s = malloc((size_t)name->len + 1);
  size_t len;
  const hl_member *m;

  claim(s != NULL);
  len = hl_json_token_copy(s, name);
  shape = shape_of(shape, s, len, &m);
  lua_pushlstring(L, s, len);
  lua_rawget(L, -2);
  if (lua_isnil(L, -1) && m != NULL && m->name_v3 != NULL) {
    lua_pop(L, 1);
    lua_pushstring(L, strlen(m->name) == len && memcmp(m->name, s, len) == 0
                          ? m->name_v3
                          : m->name);
    lua_rawget(L, -2);
  }
  free(s);
  return shape;
}

static void sent_object (lua_State *L, const hl_json_token *t,
                         const hl_shape *shape) {
  const hl_json_token *next = t + 1, *end = t + t->as.span;
  size_t n = 0;

  for (; next < end; next = hl_json_token_next(next + 1), n++) {
    const hl_shape *inner = push_member(L, next, shape);
    state_sent(L, next + 1, inner);
    lua_pop(L, 1);
  }
  claim(n == pairs_in(L));
}

static void sent_list (lua_State *L, const hl_json_token *t,
                       const hl_shape *shape) {
  const hl_json_token *next = t + 1;
  uint32_t i;

  if (lua_islightuserdata(L, -1)) { /* lua-cjson's */
    claim(t->len == 0);
    return;
  }
  claim(lua_istable(L, -1) && pairs_in(L) == t->len);
  for (i = 1; i <= t->len; i++, next = hl_json_token_next(next)) {
    lua_rawgeti(L, -1, (lua_Integer)i);
    state_sent(L, next, shape != NULL ? shape->item : NULL);
    lua_pop(L, 1);
  }
}

static void sent_text (lua_State *L, const hl_json_token *t,
                       const hl_shape *shape) {
  char date[11];

  claim(lua_type(L, -1) == LUA_TSTRING);
  if (shape != NULL && shape->type == HL_SHAPE_DATE) {
    claim(hl_date_normalize(lua_tostring(L, -1), date) == NULL);
    claim(t->len == 10 && memcmp(t->as.text, date, 10) == 0);
    return;
  }
  claim(is_text(L, t));
}

void state_sent (lua_State *L, const hl_json_token *t, const hl_shape *shape) {
  claim(lua_checkstack(L, 10));
  switch (t->type) {
  case HL_TOKEN_NULL:
    claim(lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL);
    break;
  case HL_TOKEN_FALSE:
  case HL_TOKEN_TRUE:
    claim(lua_isboolean(L, -1));
    claim((lua_toboolean(L, -1) != 0) == (t->type == HL_TOKEN_TRUE));
    break;
  case HL_TOKEN_TEXT:
  case HL_TOKEN_ESCAPED:
    sent_text(L, t, shape);
    break;
  case HL_TOKEN_LIST:
    sent_list(L, t, shape);
    break;
  case HL_TOKEN_OBJECT:
    claim(lua_istable(L, -1));
    sent_object(L, t, shape);
    break;
  default:
    claim(is_number(L, t));
  }
}

/* Of a name that comes again, the last one holds; a null is an absent key. */
static void read_object (lua_State *L, const hl_json_token *t) {
  const hl_json_token *next = t + 1, *end = t + t->as.span;
  size_t most = 0;

  claim(lua_istable(L, -1));
  for (; next < end; next = hl_json_token_next(next + 1)) {
    if (next[1].type == HL_TOKEN_NULL)
      continue;
    most++;
    (void)push_member(L, next, NULL);
    claim(!lua_isnil(L, -1));
    lua_pop(L, 1);
  }
  claim(pairs_in(L) <= most);
  if (pairs_in(L) < most)
    return;
  for (next = t + 1; next < end; next = hl_json_token_next(next + 1)) {
    if (next[1].type == HL_TOKEN_NULL)
      continue;
    (void)push_member(L, next, NULL);
    state_read(L, next + 1);
    lua_pop(L, 1);
  }
}

static void read_list (lua_State *L, const hl_json_token *t) {
  const hl_json_token *next = t + 1;
  uint32_t i;

  claim(lua_istable(L, -1) && lua_rawlen(L, -1) == t->len);
  for (i = 1; i <= t->len; i++, next = hl_json_token_next(next)) {
    lua_rawgeti(L, -1, (lua_Integer)i);
    state_read(L, next);
    lua_pop(L, 1);
  }
}

void state_read (lua_State *L, const hl_json_token *t) {
  claim(lua_checkstack(L, 10));
  if (t->type == HL_TOKEN_OBJECT)
    read_object(L, t);
  else if (t->type == HL_TOKEN_LIST)
    read_list(L, t);
  else
    state_sent(L, t, NULL);
}
