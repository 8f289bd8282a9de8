/*
** state.h: a Lua state with highlevel in it, as a program has it.
*/
#ifndef HL_FUZZ_STATE_H
#define HL_FUZZ_STATE_H

#include <lauxlib.h>
#include <lua.h>

#include "json_token.h"
#include "schema.h"

/* Read the library's Lua files, once for all states. */
void state_prepare (void);

/* `highlevel` is at index 1, `highlevel.core` at index 2. */
lua_State *state_new (void);

/* One for many runs: to make it takes longer than most of them. What a run
** left in it is collected when it is given back. */
lua_State *state_take (void);
void state_give (lua_State *L);

#define STATE_HIGHLEVEL 1
#define STATE_CORE 2

/* Call `function` of the module at `index` with the `n` values on the top; as
** lua_pcall. */
int state_call (lua_State *L, int index, const char *function, int n);

/* Is the value on the top an error as types.lua has it? Its kind. */
const char *state_error (lua_State *L);

/* Was the table on the top sent as this? `shape` is NULL where the schema says
** nothing. */
void state_sent (lua_State *L, const hl_json_token *t, const hl_shape *shape);

/* Was this read as the value on the top? */
void state_read (lua_State *L, const hl_json_token *t);

#endif
