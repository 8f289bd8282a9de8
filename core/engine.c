/*
** engine.c: carries calls over libcurl.
*/
#include "engine.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "status.h"
#include "transfer.h"

/* How often libcurl may want to be called again before others get their turn. */
#define TURNS 8

#define STREAMS_MAX 1000L

struct hl_engine {
  const hl_settings *settings;
  hl_poller *poller;
  CURLM *multi;
  hl_transfer *idle;
  hl_link done;   /* of calls: to be taken */
  hl_link shared; /* of sockets: they have carried HTTP/2 */
  int64_t due_us; /* when libcurl wants to be called; INT64_MAX: never */
  hl_kind state;  /* HL_OK until libcurl is at its end */
  struct hl_socket **by_fd; /* NULL where it has none */
  size_t room;              /* of `by_fd` */
  bool no_memory;           /* for what libcurl just asked for */
};

/*---------------------------------------------------------------- sockets */

/* What is known of one of libcurl's sockets. */
typedef struct hl_socket {
  hl_watch watch;
  hl_link shared;  /* in the engine's, or in none */
  bool connection; /* opened and closed with our knowledge */
  bool idle;       /* libcurl waits for nothing there */
} hl_socket;

static hl_socket *find_socket (const hl_engine *e, curl_socket_t fd) {
  return (size_t)fd < e->room ? e->by_fd[fd] : NULL;
}

static bool make_room (hl_engine *e, size_t room) {
  hl_socket **longer;

  if (room <= e->room)
    return true;
  room += 64;
  longer = realloc(e->by_fd, room * sizeof(hl_socket *));
  if (longer == NULL)
    return false;
  memset(longer + e->room, 0, (room - e->room) * sizeof(hl_socket *));
  e->by_fd = longer;
  e->room = room;
  return true;
}

/* NULL: out of memory, which is noted, as libcurl cannot be told so. */
static hl_socket *need_socket (hl_engine *e, curl_socket_t fd) {
  hl_socket *socket = find_socket(e, fd);

  if (socket != NULL)
    return socket;
  if (make_room(e, (size_t)fd + 1))
    socket = calloc(1, sizeof(*socket));
  if (socket == NULL) {
    e->no_memory = true;
    return NULL;
  }
  hl_watch_init(&socket->watch, fd, e);
  hl_list_init(&socket->shared);
  e->by_fd[fd] = socket;
  return socket;
}

static void forget_socket (hl_engine *e, curl_socket_t fd) {
  hl_socket *socket = find_socket(e, fd);

  if (socket != NULL) {
    hl_poller_drop(e->poller, &socket->watch);
    hl_list_take(&socket->shared);
    if (socket->connection)
      hl_status_connected(-1);
    free(socket);
    e->by_fd[fd] = NULL;
  }
}

/*
** libcurl waits for nothing there any more. A connection that goes idle stays
** registered for reading, as it was and soon will be again: that spares two
** system calls a request. `hl_engine_ready` takes it out when the server
** closes it. Other sockets (a name look-up's) are closed behind our back.
*/
static void rest_socket (hl_engine *e, curl_socket_t fd) {
  hl_socket *socket = find_socket(e, fd);

  if (socket == NULL)
    return;
  if (!socket->connection)
    forget_socket(e, fd);
  else if (socket->watch.wanted != 0 &&
           hl_poller_want(e->poller, &socket->watch, HL_READABLE))
    socket->idle = true;
  else
    hl_poller_drop(e->poller, &socket->watch);
}

static int on_socket (CURL *easy, curl_socket_t fd, int what, void *user,
                      void *unused) {
  hl_engine *e = user;
  hl_socket *socket;
  int wanted = ((what & CURL_POLL_IN) != 0 ? HL_READABLE : 0) |
               ((what & CURL_POLL_OUT) != 0 ? HL_WRITABLE : 0);

  (void)easy;
  (void)unused;
  if (what == CURL_POLL_REMOVE) {
    rest_socket(e, fd);
    return 0;
  }
  socket = need_socket(e, fd);
  if (socket == NULL || !hl_poller_want(e->poller, &socket->watch, wanted))
    return -1;
  socket->idle = false;
  return 0;
}

/* A new connection's socket, before it connects. */
static int on_open (void *user, curl_socket_t fd, curlsocktype purpose) {
  hl_socket *socket;

  (void)purpose;
  forget_socket(user, fd);
  socket = need_socket(user, fd);
  if (socket == NULL)
    return CURL_SOCKOPT_ERROR;
  socket->connection = true;
  hl_status_connected(1);
  return CURL_SOCKOPT_OK;
}

static int on_close (void *user, curl_socket_t fd) {
  forget_socket(user, fd);
  return close(fd);
}

/* libcurl looks at a transfer: it does so for all that share a connection when
** anything comes there. */
static int on_look (void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                    curl_off_t d) {
  hl_engine *e = user;

  (void)a;
  (void)b;
  (void)c;
  (void)d;
  hl_poller_yield(e->poller);
  return 0;
}

/* Requests may share this connection from now on, if it is of HTTP/2. */
static void note_shared (hl_engine *e, CURL *easy) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  long version = 0;
  hl_socket *socket;

  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  if (version != CURL_HTTP_VERSION_2_0)
    return;
  curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
  socket = find_socket(e, fd);
  if (socket != NULL && hl_list_is_empty(&socket->shared))
    hl_list_put(&e->shared, &socket->shared);
}

/*
** While requests begin: what they send over shared connections leaves together
** at the end. libcurl writes the head and the body of each on its own; as
** packets of their own they cost the server, and this side, half as much again.
*/
static void hold_back (hl_engine *e, int on) {
#ifdef TCP_CORK
  hl_link *link;

  for (link = e->shared.next; link != &e->shared; link = link->next)
    (void)setsockopt(HL_HOLDER(link, hl_socket, shared)->watch.fd, IPPROTO_TCP,
                     TCP_CORK, &on, sizeof(on));
#else
  (void)e;
  (void)on;
#endif
}

static int on_timer (CURLM *multi, long timeout_ms, void *user) {
  hl_engine *e = user;

  (void)multi;
  e->due_us = timeout_ms < 0    ? INT64_MAX
              : timeout_ms == 0 ? 0
                                : hl_now_us() + (int64_t)timeout_ms * 1000;
  return 0;
}

/*----------------------------------------------------------- new and free */

/* False: it cannot be had, and calls would hang without it. */
static bool set_up (hl_engine *e) {
  bool ok = true;

#define SET(option, value)                                                     \
  ok = ok && curl_multi_setopt(e->multi, option, value) == CURLM_OK
  SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, e->settings->max_connections);
  SET(CURLMOPT_MAXCONNECTS, e->settings->max_connections);
  /* as many as the server allows, or bursts open many connections */
  SET(CURLMOPT_MAX_CONCURRENT_STREAMS, STREAMS_MAX);
  SET(CURLMOPT_SOCKETFUNCTION, on_socket);
  SET(CURLMOPT_SOCKETDATA, e);
  SET(CURLMOPT_TIMERFUNCTION, on_timer);
  SET(CURLMOPT_TIMERDATA, e);
#undef SET
  return ok;
}

hl_engine *hl_engine_new (const hl_settings *s, hl_poller *poller) {
  hl_engine *e = calloc(1, sizeof(*e));

  if (e == NULL)
    return NULL;
  e->settings = s;
  e->poller = poller;
  e->due_us = INT64_MAX;
  hl_list_init(&e->done);
  hl_list_init(&e->shared);
  e->multi = curl_multi_init();
  if (e->multi == NULL || !set_up(e)) {
    hl_engine_free(e);
    return NULL;
  }
  return e;
}

void hl_engine_free (hl_engine *e) {
  hl_transfer *t;
  size_t i;

  if (e == NULL)
    return;
  while ((t = e->idle) != NULL) {
    e->idle = t->next_idle;
    hl_transfer_free(t);
  }
  curl_multi_cleanup(e->multi);
  for (i = 0; i < e->room; i++) /* those that libcurl closes in its own way */
    forget_socket(e, (curl_socket_t)i);
  free(e->by_fd);
  free(e);
}

/*------------------------------------------------------------------ calls */

static void done (hl_engine *e, hl_call *call) {
  hl_list_put(&e->done, &call->done);
}

hl_call *hl_engine_take (hl_engine *e) {
  hl_link *first = e->done.next;

  if (hl_list_is_empty(&e->done))
    return NULL;
  hl_list_take(first);
  return HL_HOLDER(first, hl_call, done);
}

/* A handle for one attempt; NULL: out of memory. */
static hl_transfer *take_transfer (hl_engine *e) {
  hl_hooks hooks = {on_open, on_close,
                    hl_poller_is_shared(e->poller) ? on_look : NULL, e};
  hl_transfer *t = e->idle;

  if (t == NULL)
    return hl_transfer_new(e->settings, &hooks);
  e->idle = t->next_idle;
  return t;
}

static void give_back (hl_engine *e, hl_transfer *t) {
  hl_transfer_unload(t);
  t->next_idle = e->idle;
  e->idle = t;
}

void hl_engine_start (hl_engine *e, hl_call *call, int64_t now_us) {
  hl_transfer *t = take_transfer(e);

  hl_call_sending(call, now_us);
  if (t != NULL) {
    call->transfer = t;
    t->call = call;
    if (hl_transfer_load(t, call, e->settings, now_us) &&
        curl_multi_add_handle(e->multi, t->easy) == CURLM_OK)
      return;
    give_back(e, t);
  }
  hl_call_failed(call, HL_MEMORY, HL_PHASE_NONE, "");
  done(e, call);
}

static void detach (hl_engine *e, hl_transfer *t) {
  curl_multi_remove_handle(e->multi, t->easy);
  give_back(e, t);
}

void hl_engine_drop (hl_engine *e, hl_call *call) {
  hl_list_take(&call->done);
  if (call->transfer != NULL)
    detach(e, call->transfer);
}

/*----------------------------------------------------------------- moving */

static void collect (hl_engine *e) {
  int left;
  CURLMsg *m;

  while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
    CURLcode code = m->data.result; /* `m` dies with the handle's removal */
    void *p = NULL;
    hl_transfer *t;
    hl_call *call;
    if (m->msg != CURLMSG_DONE)
      continue;
    if (code != CURLE_OK && e->no_memory)
      code = CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
    t = p;
    call = t->call;
    hl_transfer_end(t, code, e->settings);
    note_shared(e, t->easy);
    detach(e, t);
    done(e, call);
    hl_poller_yield(e->poller);
  }
}

static void act (hl_engine *e, curl_socket_t fd, int what) {
  int running;
  CURLMcode rc;

  e->no_memory = false;
  rc = curl_multi_socket_action(e->multi, fd, what, &running);
  if (rc != CURLM_OK)
    e->state =
        e->no_memory || rc == CURLM_OUT_OF_MEMORY ? HL_MEMORY : HL_NETWORK;
  collect(e);
}

void hl_engine_ready (hl_engine *e, hl_watch *w, int ready) {
  if (HL_HOLDER(w, hl_socket, watch)->idle)
    hl_poller_drop(e->poller, w); /* libcurl finds out before it uses it */
  else
    act(e, w->fd,
        ((ready & HL_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
            ((ready & HL_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
            ((ready & HL_BROKEN) != 0 ? CURL_CSELECT_ERR : 0));
}

void hl_engine_fire (hl_engine *e, int64_t now_us) {
  int n;

  if (e->due_us > now_us)
    return;
  hold_back(e, 1);
  for (n = 0; n < TURNS && e->due_us <= now_us && e->state == HL_OK; n++) {
    e->due_us = INT64_MAX; /* libcurl says when again */
    act(e, CURL_SOCKET_TIMEOUT, 0);
  }
  hold_back(e, 0);
}

int64_t hl_engine_due (const hl_engine *e) {
  return e->state == HL_OK && hl_list_is_empty(&e->done) ? e->due_us : 0;
}

hl_kind hl_engine_state (const hl_engine *e) {
  return e->state;
}
