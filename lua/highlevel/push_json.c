/*
** push_json.c: from JSON, in tokens or a tree, to Lua values.
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
**
** Names come again and again, in one answer and in the next. Lua would hash
** each time what a look at a few letters finds among those seen before.
*/
#define NAMES 256         /* a power of two */
#define NAME_MAX_BYTES 40 /* longer ones are not kept, nor interned by Lua */

typedef struct known {
  const char *bytes; /* of the Lua string at the same place in the list */
  size_t len;
} known;

typedef struct pusher {
  lua_State *L;
  int array_mt; /* where these are on the stack */
  int names;    /* a list of strings, the `known`s are after the last of them */
  known *seen;
} pusher;

static const hl_json_token *push_value (const pusher *p,
                                        const hl_json_token *t);

/* Push the list of names, made at first use, and find what belongs to it. */
static known *push_names (lua_State *L) {
  static const char key; /* its address is the key */
  known *seen;

  lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, NAMES + 1, 0);
    seen = lua_newuserdata(L, NAMES * sizeof(*seen));
    memset(seen, 0, NAMES * sizeof(*seen));
    lua_rawseti(L, -2, NAMES + 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  lua_rawgeti(L, -1, NAMES + 1);
  seen = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return seen;
}

static size_t place_of (const char *s, size_t len) {
  const unsigned char *u = (const unsigned char *)s;
  size_t first = u[0], middle = u[len / 2], last = u[len - 1];

  return (len * 7 + first * 31 + middle * 17 + last * 5) % NAMES;
}

static void push_text (lua_State *L, const hl_json_token *t) {
  size_t len = t->len;

  if (t->type == HL_TOKEN_ESCAPED)
    len = hl_json_token_copy((char *)(uintptr_t)t->as.text, t);
  lua_pushlstring(L, t->as.text, len);
}

static void push_name (const pusher *p, const hl_json_token *t) {
  lua_State *L = p->L;
  size_t place;
  known *n;

  if (t->type != HL_TOKEN_TEXT || t->len == 0 || t->len > NAME_MAX_BYTES) {
    push_text(L, t);
    return;
  }
  place = place_of(t->as.text, t->len);
  n = &p->seen[place];
  if (n->len == t->len && memcmp(n->bytes, t->as.text, t->len) == 0) {
    lua_rawgeti(L, p->names, (int)place + 1);
    return;
  }
  push_text(L, t);
  lua_pushvalue(L, -1);
  lua_rawseti(L, p->names, (int)place + 1); /* there is a place: no raising */
  n->bytes = lua_tostring(L, -1);
  n->len = t->len;
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

static const hl_json_token *push_list (const pusher *p,
                                       const hl_json_token *t) {
  const hl_json_token *next = t + 1;
  int i, n = (int)t->len;

  lua_createtable(p->L, n, 0);
  lua_pushvalue(p->L, p->array_mt);
  lua_setmetatable(p->L, -2);
  for (i = 1; i <= n; i++) {
    next = push_value(p, next);
    lua_rawseti(p->L, -2, i);
  }
  return next;
}

/* null is an absent key in an object, and highlevel.null in a list. */
static const hl_json_token *push_object (const pusher *p,
                                         const hl_json_token *t) {
  const hl_json_token *next = t + 1, *end = t + t->as.span;

  lua_createtable(p->L, 0, (int)t->len);
  while (next < end) {
    if (next[1].type == HL_TOKEN_NULL) {
      next += 2;
      continue;
    }
    push_name(p, next);
    next = push_value(p, next + 1);
    lua_rawset(p->L, -3);
  }
  return next;
}

static const hl_json_token *push_value (const pusher *p,
                                        const hl_json_token *t) {
  lua_State *L = p->L;

  switch (t->type) {
  case HL_TOKEN_TEXT:
  case HL_TOKEN_ESCAPED:
    push_text(L, t);
    break;
  case HL_TOKEN_OBJECT:
    return push_object(p, t);
  case HL_TOKEN_LIST:
    return push_list(p, t);
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
  pusher p;

  luaL_checkstack(L, 2 * tokens->depth + 12, "too deep an answer");
  p.L = L;
  luaL_getmetatable(L, HL_ARRAY_MT);
  p.array_mt = lua_gettop(L);
  p.seen = push_names(L);
  p.names = lua_gettop(L);
  push_value(&p, tokens->list);
  lua_replace(L, p.array_mt);
  lua_settop(L, p.array_mt);
}

void hl_push_answer (lua_State *L, const hl_result *r) {
  push_tokens(L, hl_result_tokens((hl_result *)(uintptr_t)r));
}

bool hl_push_json (lua_State *L, hl_box *box, hl_json_fault *fault) {
  if (!hl_json_tokens_read(&box->tokens, box->scratch.bytes, box->scratch.len,
                           fault))
    return fault->what == NULL && hl_raise_memory(L);
  push_tokens(L, &box->tokens);
  return true;
}

/* A tree by way of its text: only errors have one, and a small one. */
void hl_push_tree (lua_State *L, const cJSON *tree, hl_box *box) {
  hl_json_fault fault;

  hl_text_init(&box->scratch, HL_TEXT_MAX);
  if (!hl_json_print(&box->scratch, tree))
    hl_raise_memory(L);
  hl_push_json(L, box, &fault); /* what we printed can be read */
}
