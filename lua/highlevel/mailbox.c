/*
** mailbox.c: where posted calls arrive, and the descriptor that tells of it.
**
** That is a pipe, for whoever can poll one; or, for nginx, whose Lua code can
** wait for connections only, one end of a connection by a unix socket.
*/
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "binding.h"
#include "poller.h"
#include "process.h"
#include "thread.h"

typedef struct lmailbox {
  hl_mailbox *m;
  int reader;            /* of the pipe; or -1 */
  int writer;            /* of the pipe, or our end of the connection; or -1 */
  int listener;          /* while nginx connects; or -1 */
  unsigned long process; /* it was made in */
  struct sockaddr_un at;
  char folder[60]; /* of `at`; "": there is none */
} lmailbox;

static void shut (int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void stop_listening (lmailbox *b) {
  shut(&b->listener);
  if (b->folder[0] != '\0') {
    unlink(b->at.sun_path);
    rmdir(b->folder);
    b->folder[0] = '\0';
  }
}

static lmailbox *check_mailbox (lua_State *L, int arg) {
  lmailbox *b = luaL_checkudata(L, arg, HL_MAILBOX_MT);

  luaL_argcheck(L, b->m != NULL, arg, "the mailbox is gone");
  return b;
}

/* In a child process everything is the parent's, but for the descriptors. */
int hl_mailbox_gc (lua_State *L) {
  lmailbox *b = luaL_checkudata(L, 1, HL_MAILBOX_MT);
  hl_mailbox *m = b->m;

  b->m = NULL;
  hl_mailbox_free(m);
  if (b->process != hl_process_number())
    b->folder[0] = '\0';
  stop_listening(b);
  shut(&b->reader);
  shut(&b->writer);
  return 0;
}

/* nil, what failed */
static int push_errno (lua_State *L, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(errno));
  return 2;
}

static int push_no_thread (lua_State *L) {
  if (errno == ENOMEM)
    return hl_raise_memory(L);
  return push_errno(L, "no thread to carry calls");
}

/* mailbox() -> mailbox, which tells nobody yet */
static int core_mailbox (lua_State *L) {
  lmailbox *b = lua_newuserdata(L, sizeof(*b));

  memset(b, 0, sizeof(*b));
  b->reader = b->writer = b->listener = -1;
  luaL_getmetatable(L, HL_MAILBOX_MT);
  lua_setmetatable(L, -2);
  b->m = hl_mailbox_new(-1);
  b->process = hl_process_number();
  if (b->m == NULL)
    return hl_raise_memory(L);
  return 1;
}

/* mailbox_pipe(mailbox) -> a descriptor that is readable when there is news, and
** a thread to bring them | nil, message */
static int core_mailbox_pipe (lua_State *L) {
  lmailbox *b = check_mailbox(L, 1);
  int fds[2];

  if (!hl_thread_need())
    return push_no_thread(L);
  if (b->reader < 0) {
    if (!hl_pipe(fds))
      return push_errno(L, "no pipe to wait with");
    b->reader = fds[0];
    b->writer = fds[1];
    hl_mailbox_redirect(b->m, b->writer);
  }
  lua_pushinteger(L, b->reader);
  return 1;
}

/* mailbox_drain(mailbox): what made the pipe readable is read */
static int core_mailbox_drain (lua_State *L) {
  lmailbox *b = check_mailbox(L, 1);
  char bytes[64];

  if (b->reader >= 0)
    (void)!read(b->reader, bytes, sizeof(bytes));
  return 0;
}

/* A folder of our own, so that nobody else gets at the socket in it. */
static bool make_folder (lmailbox *b) {
  const char *tmp = getenv("TMPDIR");

  if (tmp == NULL || *tmp == '\0' || strlen(tmp) > 30)
    tmp = "/tmp";
  snprintf(b->folder, sizeof(b->folder), "%s/highlevel-XXXXXX", tmp);
  if (mkdtemp(b->folder) == NULL) {
    b->folder[0] = '\0';
    return false;
  }
  b->at.sun_family = AF_UNIX;
  snprintf(b->at.sun_path, sizeof(b->at.sun_path), "%s/mail", b->folder);
  return true;
}

/* mailbox_listen(mailbox) -> path of a unix socket to connect to, once | nil,
** message */
static int core_mailbox_listen (lua_State *L) {
  lmailbox *b = check_mailbox(L, 1);

  stop_listening(b);
  if (!make_folder(b))
    return push_errno(L, "no folder for a socket to wait with");
  b->listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (b->listener < 0 || !hl_set_quiet(b->listener) ||
      bind(b->listener, (struct sockaddr *)&b->at, sizeof(b->at)) != 0 ||
      listen(b->listener, 1) != 0) {
    int rc = push_errno(L, "no socket to wait with");
    stop_listening(b);
    return rc;
  }
  lua_pushstring(L, b->at.sun_path);
  return 1;
}

/* mailbox_accept(mailbox) -> true, when somebody has connected: news go there
** | nil, message */
static int core_mailbox_accept (lua_State *L) {
  lmailbox *b = check_mailbox(L, 1);
  int fd = accept(b->listener, NULL, NULL);

  stop_listening(b);
  if (fd >= 0 && !hl_set_quiet(fd))
    shut(&fd); /* before anything may raise */
  if (fd < 0)
    return push_errno(L, "no connection to wait with");
  hl_mailbox_redirect(b->m, fd);
  shut(&b->writer);
  b->writer = fd;
  lua_pushboolean(L, 1);
  return 1;
}

/* mailbox_hang_up(mailbox): nobody listens any more */
static int core_mailbox_hang_up (lua_State *L) {
  lmailbox *b = check_mailbox(L, 1);

  hl_mailbox_redirect(b->m, -1);
  stop_listening(b);
  shut(&b->writer);
  return 0;
}

/* mailbox_is_ours(mailbox) -> false in a child of the process it is of */
static int core_mailbox_is_ours (lua_State *L) {
  lua_pushboolean(L, check_mailbox(L, 1)->process == hl_process_number());
  return 1;
}

/* post(call, mailbox) -> true: to the thread; once settled it is in the mailbox
** | nil, message */
static int core_post (lua_State *L) {
  hl_call *call = hl_check_call(L, 1);

  if (hl_call_post(call, check_mailbox(L, 2)->m) != HL_OK)
    return push_no_thread(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* alarm(mailbox, seconds) -> true: there will be news then, if only that | nil,
** message */
static int core_alarm (lua_State *L) {
  hl_mailbox *m = check_mailbox(L, 1)->m;
  int ms = (int)ceil(luaL_checknumber(L, 2) * 1e3); /* or it is too early */

  if (hl_mailbox_alarm(m, ms) != HL_OK)
    return push_no_thread(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* take(mailbox) -> the tag of a settled call; nil: there is none */
static int core_take (lua_State *L) {
  hl_call *call = hl_mailbox_take(check_mailbox(L, 1)->m);

  if (call != NULL)
    lua_pushnumber(L, (lua_Number)(uintptr_t)hl_call_user(call));
  else
    lua_pushnil(L);
  return 1;
}

/* expected(mailbox) -> how many calls are still to be taken */
static int core_expected (lua_State *L) {
  lua_pushinteger(L, hl_mailbox_expected(check_mailbox(L, 1)->m));
  return 1;
}

const luaL_Reg hl_mailbox_functions[] = {
    {"mailbox", core_mailbox},
    {"mailbox_pipe", core_mailbox_pipe},
    {"mailbox_drain", core_mailbox_drain},
    {"mailbox_listen", core_mailbox_listen},
    {"mailbox_accept", core_mailbox_accept},
    {"mailbox_hang_up", core_mailbox_hang_up},
    {"mailbox_is_ours", core_mailbox_is_ours},
    {"alarm", core_alarm},
    {"post", core_post},
    {"take", core_take},
    {"expected", core_expected},
    {NULL, NULL}};
