/*
** read.c: from Lua tables to cJSON.
**
** Texts and names are borrowed from Lua: the table they are in stays on the
** stack until the body is printed, no Lua code runs in between, and strings
** do not move. No finalizer either, so nothing here may make the collector
** work: what is needed of Lua's strings is made before.
*/
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "call.h"
#include "contact.h"
#include "json.h"

/* Strings to look things up by, as they are in a list. */
typedef enum word {
  JSONTYPE = 1,
  LOADED,
  CJSON,
  CJSON_SAFE,
  ARRAY_MT,
  EMPTY_ARRAY_MT,
  EMPTY_ARRAY
} word;

/* Stack slots: three for each level, and a few to work with. */
#define SLOTS (3 * HL_DEPTH_OUT + 20)

#define WHY_ROOM 120 /* for a sentence with numbers in it */

/* More values no body has room for, as each is two bytes with its comma. Few
** tables, each of them in the next one twice, can be that many. */
#define VALUES_MAX (HL_BODY_MAX / 2)

typedef struct reader {
  lua_State *L;
  hl_fields *fields;
  int words;                        /* index of the list of strings */
  const void *tables[HL_DEPTH_OUT]; /* the ones being read, outermost first */
  int depth;
  size_t values; /* read so far */
  bool no_memory;
  bool stop; /* for want of memory, or because there are too many of them */
} reader;

typedef enum shape {
  SHAPE_OPEN,
  SHAPE_ARRAY,
  SHAPE_OBJECT
} shape;

static void read_table (reader *r, cJSON *item, const hl_path *path);

static void lack_memory (reader *r) {
  r->no_memory = true;
  r->stop = true;
}

/* Note a problem with a value. */
static void complain (reader *r, const hl_path *path, const char *text) {
  hl_problems_at(&r->fields->problems, path, "%s", text);
  if (r->fields->problems.failed)
    lack_memory(r);
}

/* The same, and what stands in its place keeps the checks quiet. */
static void refuse (reader *r, cJSON *item, const hl_path *path,
                    const char *text) {
  complain(r, path, text);
  hl_json_mark_refused(item);
  item->child = NULL;
}

/*------------------------------------------------------------------ marks */

/* Push the list of words, made at first use. */
static void push_words (lua_State *L) {
  static const char *const words[] = {[JSONTYPE] = "__jsontype",
                                      [LOADED] = "_LOADED",
                                      [CJSON] = "cjson",
                                      [CJSON_SAFE] = "cjson.safe",
                                      [ARRAY_MT] = "array_mt",
                                      [EMPTY_ARRAY_MT] = "empty_array_mt",
                                      [EMPTY_ARRAY] = "empty_array"};
  static const char key; /* its address is the key */
  int i;

  lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1))
    return;
  lua_pop(L, 1);
  lua_createtable(L, EMPTY_ARRAY, 0);
  for (i = JSONTYPE; i <= EMPTY_ARRAY; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i);
  }
  lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Push what the table at `index` has under that word. */
static void get_word (const reader *r, int index, word w) {
  lua_rawgeti(r->L, r->words, w);
  lua_rawget(r->L, index < 0 && index > LUA_REGISTRYINDEX ? index - 1 : index);
}

/* Push lua-cjson's value of that name, or nil; never loads lua-cjson. */
static void push_cjson (const reader *r, word w) {
  static const word modules[] = {CJSON, CJSON_SAFE};
  lua_State *L = r->L;
  size_t i;

  get_word(r, LUA_REGISTRYINDEX, LOADED); /* loaded */
  for (i = 0; i < 2; i++) {
    get_word(r, -1, modules[i]); /* loaded, module */
    if (lua_istable(L, -1)) {
      get_word(r, -1, w);
      if (!lua_isnil(L, -1)) {
        lua_replace(L, -3);
        lua_pop(L, 1);
        return;
      }
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_pushnil(L);
}

/* Is the value on the top lua-cjson's value of that name? */
static bool is_cjson (const reader *r, word w) {
  bool same;

  push_cjson(r, w);
  same = !lua_isnil(r->L, -1) && lua_rawequal(r->L, -1, -2);
  lua_pop(r->L, 1);
  return same;
}

static bool is_empty (lua_State *L) {
  lua_pushnil(L);
  if (lua_next(L, -2) == 0)
    return true;
  lua_pop(L, 2);
  return false;
}

/* What the metatable of the table on the top says. */
static shape marked_shape (reader *r) {
  lua_State *L = r->L;
  shape s = SHAPE_OPEN;

  if (!lua_getmetatable(L, -1))
    return SHAPE_OPEN;
  get_word(r, -1, JSONTYPE); /* table, metatable, mark */
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *mark = lua_tostring(L, -1);
    s = strcmp(mark, "array") == 0    ? SHAPE_ARRAY
        : strcmp(mark, "object") == 0 ? SHAPE_OBJECT
                                      : SHAPE_OPEN;
  }
  lua_pop(L, 1);
  if (s == SHAPE_OPEN && is_cjson(r, ARRAY_MT))
    s = SHAPE_ARRAY;
  if (s == SHAPE_OPEN && is_cjson(r, EMPTY_ARRAY_MT)) {
    lua_pop(L, 1);
    return is_empty(L) ? SHAPE_ARRAY : SHAPE_OPEN;
  }
  lua_pop(L, 1);
  return s;
}

/*----------------------------------------------------------------- values */

static cJSON *new_refused (reader *r, const hl_path *path, const char *text) {
  cJSON *item = hl_json_block_new(r->fields->block, cJSON_NULL);

  if (item != NULL)
    refuse(r, item, path, text);
  return item;
}

static cJSON *new_pointer (reader *r, const hl_path *path) {
  if (lua_touserdata(r->L, -1) == NULL)
    return hl_json_block_new(r->fields->block, cJSON_NULL); /* cjson.null too */
  if (is_cjson(r, EMPTY_ARRAY))
    return hl_json_block_new(r->fields->block, cJSON_Array);
  return new_refused(r, path, "a light userdata cannot be sent");
}

/* Apart, or its buffer would cost each of the usual ones. */
__attribute__((noinline)) static cJSON *new_other (reader *r,
                                                   const hl_path *path) {
  char text[80];
  int type = lua_type(r->L, -1);

  if (type == HL_TCDATA)
    return new_refused(r, path,
                       "a cdata cannot be sent; make a 64-bit one a number "
                       "with tonumber");
  snprintf(text, sizeof(text), "a %s cannot be sent", lua_typename(r->L, type));
  return new_refused(r, path, text);
}

/* A node for the value on the top; that of a table is an empty object, to be
** filled. NULL: out of memory. */
static inline cJSON *new_value (reader *r, const hl_path *path) {
  hl_json_block *block = r->fields->block;
  lua_State *L = r->L;
  int type = lua_type(L, -1);

  if (type == LUA_TSTRING) { /* as most are */
    size_t len;
    const char *s = lua_tolstring(L, -1, &len);
    return hl_json_borrow_string(block, s, len);
  }
  switch (type) {
  case LUA_TNUMBER:
    if (lua_isinteger(L, -1))
      return hl_json_new_integer(block, (int64_t)lua_tointeger(L, -1));
    return hl_json_new_number(block, lua_tonumber(L, -1));
  case LUA_TBOOLEAN:
    return hl_json_block_new(block,
                             lua_toboolean(L, -1) ? cJSON_True : cJSON_False);
  case LUA_TTABLE:
    return hl_json_block_new(block, cJSON_Object);
  case LUA_TLIGHTUSERDATA:
    return new_pointer(r, path);
  default:
    return new_other(r, path);
  }
}

/*----------------------------------------------------------------- tables */

/* What keys the table on the top has. */
typedef struct keys {
  size_t texts;
  size_t indexes; /* whole numbers from 1 */
  size_t largest;
  int other; /* type of a key that is neither; or LUA_TNONE */
} keys;

static keys look_at_keys (lua_State *L) {
  keys k = {0, 0, 0, LUA_TNONE};

  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    int type = lua_type(L, -2);
    if (type == LUA_TSTRING) {
      k.texts++;
    } else if (type == LUA_TNUMBER) {
      lua_Number n = lua_tonumber(L, -2);
      if (n >= 1 && n < 1e15 && n == (lua_Number)(size_t)n) {
        k.indexes++;
        if ((size_t)n > k.largest)
          k.largest = (size_t)n;
      } else {
        k.other = LUA_TNUMBER;
      }
    } else {
      k.other = type;
    }
    lua_pop(L, 1);
  }
  return k;
}

/* NULL if the keys make a list or an object; else what is wrong with them. */
static const char *bad_keys (reader *r, const keys *k, shape s, char *buf,
                             size_t room) {
  if (k->other == LUA_TNUMBER)
    return "a key that is a number but no place in a list (1, 2, 3 ...)";
  if (k->other != LUA_TNONE) {
    snprintf(buf, room, "a key that is a %s; keys must be texts",
             lua_typename(r->L, k->other));
    return buf;
  }
  if (k->texts > 0 && k->indexes > 0)
    return "a table with list elements and named keys; it must be one or the "
           "other";
  if (s == SHAPE_ARRAY && k->texts > 0)
    return "marked as a list, but it has named keys";
  if (s == SHAPE_OBJECT && k->indexes > 0)
    return "marked as an object, but it has list elements";
  if (k->indexes != k->largest) {
    snprintf(buf, room,
             "a list with holes (%zu elements, the last one at %zu); use "
             "highlevel.null for an empty place",
             k->indexes, k->largest);
    return buf;
  }
  return NULL;
}

static bool is_ancestor (const reader *r, const void *table) {
  int i;

  for (i = 0; i < r->depth; i++)
    if (r->tables[i] == table)
      return true;
  return false;
}

static bool has_children (const cJSON *item) {
  return hl_json_is(item, cJSON_Object) || hl_json_is(item, cJSON_Array);
}

/* The value on the top, at `path`, into its parent. */
static inline void add_child (reader *r, cJSON *parent, const hl_path *path) {
  cJSON *item;

  if (++r->values > VALUES_MAX) {
    r->stop = true;
    return;
  }
  item = new_value(r, path);
  if (item != NULL && path->key != NULL)
    hl_json_borrow_name(item, path->key, path->key_len);
  if (!hl_json_append(parent, item))
    lack_memory(r);
  else if (has_children(item) && lua_istable(r->L, -1))
    read_table(r, item, path);
}

/* The list on the top, of which the first `done` elements are in `item`
** already; or no list, and the `n` problems from before are kept. */
static void read_rest (reader *r, cJSON *item, shape s, const hl_path *path,
                       size_t done, size_t n) {
  char buf[WHY_ROOM];
  keys k = look_at_keys(r->L);
  const char *why = bad_keys(r, &k, s, buf, sizeof(buf));
  size_t i;

  if (why != NULL) {
    hl_problems_keep(&r->fields->problems, n);
    refuse(r, item, path, why);
    return;
  }
  for (i = done + 1; i <= k.indexes && !r->stop; i++) {
    hl_path at = {path, NULL, 0, i};
    lua_rawgeti(r->L, -1, (int)i);
    add_child(r, item, &at);
    lua_pop(r->L, 1);
  }
}

/* The first key and its value are on the stack, above their table: mostly they
** are a list's, and come in its order. */
static void read_list (reader *r, cJSON *item, shape s, const hl_path *path) {
  lua_State *L = r->L;
  size_t n = r->fields->problems.n, i = 0;

  item->type ^= cJSON_Object ^ cJSON_Array;
  while (s != SHAPE_OBJECT && lua_type(L, -2) == LUA_TNUMBER &&
         lua_tonumber(L, -2) == (lua_Number)(i + 1)) {
    hl_path at = {path, NULL, 0, ++i};
    add_child(r, item, &at);
    lua_pop(L, 1);
    if (r->stop) {
      lua_pop(L, 1);
      return;
    }
    if (lua_next(L, -2) == 0)
      return;
  }
  lua_pop(L, 2);
  read_rest(r, item, s, path, i, n);
}

/* The table on the top, taken for an object, is none: `item` is refused with
** all that was read, and the `n` problems from before are kept. */
static void refuse_object (reader *r, cJSON *item, const hl_path *path,
                           size_t n) {
  char buf[WHY_ROOM];
  keys k = look_at_keys(r->L);
  const char *why = bad_keys(r, &k, SHAPE_OBJECT, buf, sizeof(buf));

  hl_problems_keep(&r->fields->problems, n);
  refuse(r, item, path, why); /* there is a reason, or we were not here */
}

/* The first key and its value are on the stack, above their table. */
static void read_object (reader *r, cJSON *item, const hl_path *path) {
  lua_State *L = r->L;
  size_t n = r->fields->problems.n;

  do { /* table, key, value */
    hl_path at = {path, NULL, 0, 0};
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 2);
      refuse_object(r, item, path, n);
      return;
    }
    at.key = lua_tolstring(L, -2, &at.key_len);
    add_child(r, item, &at);
    lua_pop(L, 1);
    if (r->stop) {
      lua_pop(L, 1);
      return;
    }
  } while (lua_next(L, -2) != 0);
}

/* The table on the top into `item`, so far an empty object. */
static void read_table (reader *r, cJSON *item, const hl_path *path) {
  lua_State *L = r->L;
  const void *table = lua_topointer(L, -1);
  shape s;

  if (is_ancestor(r, table)) {
    refuse(r, item, path, "a table that contains itself");
    return;
  }
  if (r->depth == HL_DEPTH_OUT) {
    refuse(r, item, path, "nested deeper than 32 levels");
    return;
  }
  s = marked_shape(r);
  r->tables[r->depth++] = table;
  lua_pushnil(L);
  if (lua_next(L, -2) == 0) {
    if (s == SHAPE_OPEN)
      hl_json_mark_shapeless(item);
    else if (s == SHAPE_ARRAY)
      item->type ^= cJSON_Object ^ cJSON_Array;
  } else if (lua_type(L, -2) == LUA_TSTRING && s != SHAPE_ARRAY) {
    read_object(r, item, path);
  } else {
    read_list(r, item, s, path);
  }
  r->depth--;
}

/* Nodes for one table at a time, kept for the next one. */
#define NODES 160

typedef struct store {
  bool busy;
  hl_json_node nodes[NODES];
} store;

static store *store_of (lua_State *L) {
  static const char key; /* its address is the key */
  store *st;

  lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  st = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (st == NULL) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&key);
    st = lua_newuserdata(L, sizeof(*st));
    st->busy = false;
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  return st;
}

static bool read_document (reader *r) {
  static const hl_path root = {NULL, NULL, 0, 0};
  cJSON *document = hl_json_block_new(r->fields->block, cJSON_Object);

  r->fields->document = document;
  if (document == NULL)
    return false;
  read_table(r, document, &root);
  if (r->values > VALUES_MAX)
    refuse(r, document, &root, HL_BODY_TOO_LARGE);
  return !r->no_memory;
}

/*
** The nodes are used up before Lua runs again: to print the body is the next
** thing that happens. If Lua itself raises, they stay busy, and others have to
** be allocated from then on.
*/
void hl_read_fields (lua_State *L, int index, hl_box *box) {
  reader r;
  store *st = store_of(L);
  bool lent = !st->busy, ok;

  memset(&r, 0, sizeof(r));
  r.L = L;
  luaL_checkstack(L, SLOTS, "too deep a table");
  push_words(L);
  r.words = lua_gettop(L);
  lua_pushvalue(L, index);
  box->fields = hl_fields_start();
  r.fields = box->fields;
  if (r.fields == NULL) {
    hl_raise_memory(L);
    return; /* not reached: that was a longjmp */
  }
  if (lent) {
    hl_json_block_lend(r.fields->block, st->nodes, NODES);
    st->busy = true;
  }
  ok = read_document(&r);
  if (lent)
    st->busy = false;
  lua_pop(L, 2);
  if (!ok)
    hl_raise_memory(L);
}
