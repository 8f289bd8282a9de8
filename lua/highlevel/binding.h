/*
** binding.h: what the files of the Lua binding share.
**
** Two rules keep memory safe, as any Lua call may leave by a longjmp: what C
** allocated is owned by a box (a userdata with __gc) before Lua may raise, and
** no Lua runs while libcurl is on the C stack.
*/
#ifndef HL_BINDING_H
#define HL_BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include "highlevel.h"
#include "json_token.h"
#include "text.h"

#define HL_CLIENT_MT "highlevel.core.client"
#define HL_CALL_MT "highlevel.core.call"
#define HL_MAILBOX_MT "highlevel.core.mailbox"
#define HL_ARRAY_MT "highlevel.array"
#define HL_OBJECT_MT "highlevel.object"

/* What LuaJIT (Lua 5.1's interface) calls otherwise or does without. */
#if LUA_VERSION_NUM < 502
#define lua_rawlen(L, i) lua_objlen((L), (i))
#endif
#if LUA_VERSION_NUM < 503
#define lua_isinteger(L, i) 0
#endif
#define HL_TCDATA 10 /* LuaJIT's lua_type of a cdata */

/* Owner of whatever C allocated on the way of one call. */
typedef struct hl_box {
  hl_fields *fields;
  hl_call *call;
  char *text;
  const hl_result *why;
  hl_text scratch;
  hl_json_tokens tokens;
  bool lent; /* somebody is at it */
} hl_box;

/* core.c: raise what Lua itself raises, for the front to catch. */
int hl_raise_memory (lua_State *L);

/* The call of a box, whose result was not taken yet. */
hl_call *hl_check_call (lua_State *L, int arg);

/* mailbox.c */
extern const luaL_Reg hl_mailbox_functions[];
int hl_mailbox_gc (lua_State *L);

/*
** read.c: turn the table at `index` into fields, owned by `box`. What JSON
** cannot say becomes a problem of the fields. Runs no Lua code: metamethods
** are not asked. Raises only for want of memory.
*/
void hl_read_fields (lua_State *L, int index, hl_box *box);

/* push_json.c: each pushes one value. The answer is that of a success whose
** call was told `as_tokens`; it can be pushed once. `box` owns what is worked
** with. */
void hl_push_answer (lua_State *L, const hl_result *r);
void hl_push_tree (lua_State *L, const cJSON *tree, hl_box *box);

/* The JSON text in the scratch of `box`. False, and nothing: see `fault`. */
bool hl_push_json (lua_State *L, hl_box *box, hl_json_fault *fault);

/* push.c: each pushes one value. */
void hl_push_error (lua_State *L, const hl_result *r, hl_box *box);
void hl_push_info (lua_State *L, const hl_result *r, const hl_call *call);

void hl_push_limits (lua_State *L, const hl_rate_limit *rate);

/* A list of the attempts that ended after number `since`; those that another
** one followed, or the last one as well. */
void hl_push_history (lua_State *L, const hl_call *call, int since,
                      bool and_last);

#endif
