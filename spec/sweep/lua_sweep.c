/*
** lua_sweep.c: fail the 1st, 2nd, 3rd ... allocation of calls made from Lua.
**
**   lua_sweep ROOT MODULE_DIR
**
** The Lua state takes its memory from malloc, too, so its own allocations
** fail like the library's. The tasks are in tasks.lua. After each failure the
** call must succeed again, and all memory must come back.
*/
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failmalloc.h"
#include "server.h"

#define N_MAX 20000
#define COMPLAINTS_MAX 4 /* shown for each sweep */
#define WARM_UP 5

/* Stack of the main function: the tasks, and one of them. */
#define TASKS 1
#define TASK 2

static long lua_blocks;

static void *allocate (void *user, void *p, size_t old, size_t size) {
  void *q;

  (void)user;
  (void)old;
  if (size == 0) {
    lua_blocks -= p != NULL;
    free(p);
    return NULL;
  }
  q = realloc(p, size);
  lua_blocks += p == NULL && q != NULL;
  return q;
}

/* Blocks that are not Lua's, once all that is garbage is gone. */
static long collect (lua_State *L) {
  int i;

  for (i = 0; i < 3; i++) /* finalizers, and what they let go */
    lua_gc(L, LUA_GCCOLLECT, 0);
  return failmalloc_live() - lua_blocks;
}

/* Does the library's thread carry its calls? */
static bool is_threaded (lua_State *L) {
  bool is;

  lua_getfield(L, TASK, "threaded");
  is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* What was given up is freed by the thread, soon. */
static long settle (lua_State *L, long usual) {
  long live = collect(L);
  int i;

  for (i = 0; i < 200 && live > usual && is_threaded(L); i++) {
    usleep(2000);
    live = collect(L);
  }
  return live;
}

/* Call the task, with room enough on Lua's stack; three results, or one message, are left on the stack. */
static int call (lua_State *L, long n, failmalloc_mode mode, bool *hit) {
  int status;

  lua_getfield(L, TASKS, "ready");
  if (lua_pcall(L, 0, 0, 0) != 0)
    lua_pop(L, 1);
  lua_getfield(L, TASK, "call");
  if (is_threaded(L))
    failmalloc_arm_all(n, mode);
  else
    failmalloc_arm(n, mode);
  status = lua_pcall(L, 0, 3, 0);
  *hit = failmalloc_disarm();
  return status;
}

/* Does the task's function of that name approve of the three results? */
static bool approved (lua_State *L, const char *judge) {
  bool ok;
  int i;

  lua_getfield(L, TASK, judge);
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  for (i = 0; i < 3; i++)
    lua_pushvalue(L, -4);
  ok = lua_pcall(L, 3, 1, 0) == 0 && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return ok;
}

/* "memory", "ok", ...: how a call ended, for the table at the end. */
static const char *ended (lua_State *L, int status) {
  static char name[100];
  const char *text;

  if (status != 0) {
    text = lua_tostring(L, -1);
    snprintf(name, sizeof(name), "raised: %s", text != NULL ? text : "?");
    return name;
  }
  text = "ok";
  if (lua_istable(L, -2)) {
    lua_getfield(L, -2, "kind");
    text = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  snprintf(name, sizeof(name), "%s", text != NULL ? text : "?");
  return name;
}

/* Judge what is on the stack, and take it off. */
static bool fits (lua_State *L, int status) {
  bool ok, raises;

  lua_getfield(L, TASK, "raises");
  raises = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (status != 0) {
    const char *text = lua_tostring(L, -1);
    ok = raises && text != NULL && strcmp(text, "not enough memory") == 0;
    lua_pop(L, 1);
    return ok;
  }
  ok = approved(L, "good") || approved(L, "short");
  if (!ok && failmalloc_blames("libcurl"))
    ok = strcmp(ended(L, status), "network") == 0;
  lua_pop(L, 3);
  return ok;
}

/* Without a failure. */
static bool works (lua_State *L) {
  bool hit, ok;

  if (call(L, 0, FAIL_ONCE, &hit) != 0) {
    lua_pop(L, 1);
    return false;
  }
  ok = approved(L, "good");
  lua_pop(L, 3);
  return ok;
}

typedef struct tally {
  char name[100];
  long times;
} tally;

static void count (tally *t, size_t room, const char *name) {
  size_t i;

  for (i = 0; i + 1 < room && t[i].times > 0; i++)
    if (strcmp(t[i].name, name) == 0)
      break;
  snprintf(t[i].name, sizeof(t[i].name), "%s", name);
  t[i].times++;
}

static int complain (int wrong, long n, const char *what, long more) {
  if (wrong < COMPLAINTS_MAX) {
    fprintf(stderr, "  allocation %ld: %s, %+ld blocks left\n", n, what, more);
    failmalloc_trace();
  }
  return wrong + 1;
}

/* Sweep over the task at TASK: how often it went wrong. */
static int sweep (lua_State *L, failmalloc_mode mode) {
  tally ends[12] = {{"", 0}};
  int wrong = 0, again = 0, status, i;
  long n = 0, usual = 0, usual_lua, live;
  bool hit = true, ok;

  for (i = 0; i < WARM_UP; i++)
    if (!works(L))
      return complain(wrong, 0, "it never works", 0);
  usual = collect(L);
  usual_lua = lua_blocks;
  while (hit && n++ < N_MAX) {
    char how[100];
    status = call(L, n, mode, &hit);
    snprintf(how, sizeof(how), "%s", ended(L, status));
    ok = fits(L, status);
    if (!works(L)) {
      wrong = complain(wrong, n, "the next call fails", 0);
      works(L);
    }
    live = settle(L, usual);
    if (ok && live > usual && again++ < (is_threaded(L) ? 8 : 2)) {
      usual = live; /* a cache that grew, with a thread now and then; or is it
                    ** a leak? Then it grows each time. */
      n--;
      continue;
    }
    count(ends, sizeof(ends) / sizeof(ends[0]), how);
    if (!ok || live > usual)
      wrong = complain(wrong, n, how, live - usual);
    usual = live;
    again = 0;
  }
  if (hit)
    wrong = complain(wrong, n, "it has no end", 0);
  if (lua_blocks > usual_lua + 20)
    wrong = complain(wrong, n, "Lua's blocks", lua_blocks - usual_lua);
  lua_getfield(L, TASK, "name");
  printf("  %s, %s: %ld allocations;", lua_tostring(L, -1),
         mode == FAIL_ONCE ? "one fails" : "all from one on fail", n - 1);
  lua_pop(L, 1);
  for (i = 0; ends[i].times > 0; i++)
    printf(" %ld %s", ends[i].times, ends[i].name);
  printf("\n");
  return wrong;
}

static int passed, failed;

static void expect (bool ok, const char *what) {
  if (ok)
    passed++;
  else
    fprintf(stderr, "  FAILED: %s\n", what);
  failed += !ok;
}

static int run_tasks (lua_State *L) {
  int i, mode, n;

  luaL_openlibs(L);
  /* a trace compiled half-way is memory that stays, and no leak */
  if (luaL_loadstring(L, "local root, modules, url = ...\n"
                         "if jit then jit.off() end\n"
                         "package.path = root .. '/lua/?.lua'\n"
                         "package.cpath = modules .. '/?.so'\n"
                         "return assert(loadfile(root .. "
                         "'/spec/sweep/tasks.lua'))(url)") != 0)
    return lua_error(L);
  for (i = 1; i <= 3; i++)
    lua_pushvalue(L, i);
  lua_call(L, 3, 1);
  lua_replace(L, TASKS);
  lua_settop(L, TASKS);
  lua_pushnil(L); /* where TASK will be */
  for (i = 1;; i++) {
    lua_rawgeti(L, TASKS, i);
    lua_replace(L, TASK);
    if (lua_isnil(L, TASK))
      break;
    for (mode = FAIL_ONCE; mode <= FAIL_ON; mode++) {
      n = sweep(L, (failmalloc_mode)mode);
      lua_getfield(L, TASK, "name");
      expect(n == 0, lua_tostring(L, -1));
      lua_pop(L, 1);
    }
  }
  return 0;
}

int main (int argc, char **argv) {
  pid_t server;
  lua_State *L;
  char url[64];
  int port;

  if (argc != 3)
    return 2;
  server = server_start(&port);
  snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  setvbuf(stdout, NULL, _IOLBF, 0);
  L = server > 0 ? lua_newstate(allocate, NULL) : NULL;
  if (L == NULL)
    return 1;
  lua_pushcfunction(L, run_tasks);
  lua_pushstring(L, argv[1]);
  lua_pushstring(L, argv[2]);
  lua_pushstring(L, url);
  if (lua_pcall(L, 3, 0, 0) != 0) {
    fprintf(stderr, "  %s\n", lua_tostring(L, -1));
    failed++;
  }
  lua_close(L);
  expect(lua_blocks == 0, "lua_close frees every block of Lua");
  server_stop(server);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
