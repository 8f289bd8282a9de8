/*
** test_client.c: clients and calls, against a server of this file's own.
**
** The server is a thread on a loopback port. It takes as many connections as
** come, reads whole requests and does to each what the script says next; it
** ends when it is told to, or after a few seconds.
*/
#include "check.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define TOKEN "pit-0123456789"
#define BODY "{\"succeded\":true,\"contact\":{}} \n"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n"
#define GOOD HEAD "\r\n" BODY

#define PEERS 8
#define LIMIT_US (INT64_C(8) * 1000 * 1000)

typedef enum after {
  KEEP, /* the connection, for more */
  CLOSE,
  RESET,
  END /* of the script */
} after;

/* What to do about one request. */
typedef struct step {
  const char *answer; /* NULL: none */
  after then;
} step;

typedef struct peer {
  int fd;
  char text[8192];
  size_t len;
} peer;

typedef struct server {
  int listener;
  int port;
  const step *script;
  peer peers[PEERS];
  nfds_t n;
  char last[8192]; /* request; to be read once it was stopped */
  atomic_int requests;
  atomic_int connections;
  atomic_int left; /* connections that the other side gave up */
  atomic_bool stop;
  pthread_t thread;
} server;

static void drop (server *s, nfds_t i, bool reset) {
  struct linger at_once = {1, 0};

  if (reset)
    setsockopt(s->peers[i].fd, SOL_SOCKET, SO_LINGER, &at_once,
               sizeof(at_once));
  close(s->peers[i].fd);
  s->peers[i] = s->peers[--s->n];
}

/* Bytes of the request that the text begins with; 0 if it is not whole. */
static size_t request_size (const peer *p) {
  const char *end = strstr(p->text, "\r\n\r\n");
  const char *length = strstr(p->text, "Content-Length: ");
  size_t size;

  if (end == NULL || length == NULL)
    return 0;
  size = (size_t)(end + 4 - p->text) + strtoul(length + 16, NULL, 10);
  return p->len >= size ? size : 0;
}

static void react (server *s, nfds_t i) {
  peer *p = &s->peers[i];
  step now = *s->script;

  memcpy(s->last, p->text, p->len + 1);
  p->len = 0;
  s->requests++; /* before the answer, or who asks could be too early */
  if (now.then != END)
    s->script++;
  if (now.answer != NULL &&
      send(p->fd, now.answer, strlen(now.answer), MSG_NOSIGNAL) < 0)
    now.then = CLOSE;
  if (now.then == CLOSE || now.then == RESET)
    drop(s, i, now.then == RESET);
}

static void hear (server *s, nfds_t i) {
  peer *p = &s->peers[i];
  ssize_t got = recv(p->fd, p->text + p->len, sizeof(p->text) - 1 - p->len, 0);

  if (got <= 0) {
    drop(s, i, false);
    s->left++;
    return;
  }
  p->len += (size_t)got;
  p->text[p->len] = '\0';
  if (request_size(p) > 0)
    react(s, i);
}

static void *serve (void *user) {
  server *s = user;
  int64_t until = hl_now_us() + LIMIT_US;

  while (!s->stop && hl_now_us() < until) {
    struct pollfd fds[PEERS + 1];
    nfds_t i;
    for (i = 0; i < s->n; i++)
      fds[i] = (struct pollfd){s->peers[i].fd, POLLIN, 0};
    fds[s->n] = (struct pollfd){s->listener, POLLIN, 0};
    poll(fds, s->n + 1, 5);
    if ((fds[s->n].revents & POLLIN) != 0 && s->n < PEERS) {
      peer *p = &s->peers[s->n++];
      p->fd = accept(s->listener, NULL, NULL);
      p->len = 0;
      s->connections++;
      continue; /* `fds` is of before */
    }
    for (i = s->n; i-- > 0;)
      if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        hear(s, i);
  }
  while (s->n > 0)
    drop(s, 0, false);
  return NULL;
}

static int listen_anywhere (int *port) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 8), 0);
  getsockname(fd, (struct sockaddr *)&at, &len);
  *port = ntohs(at.sin_port);
  return fd;
}

static server *start (const step *script) {
  server *s = calloc(1, sizeof(*s));

  assert_non_null(s);
  s->script = script;
  s->listener = listen_anywhere(&s->port);
  assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
  return s;
}

/* The server is still there to be looked at, until `forget`. */
static void stop (server *s) {
  s->stop = true;
  pthread_join(s->thread, NULL);
  close(s->listener);
}

static void stop_and_forget (server *s) {
  stop(s);
  free(s);
}

/*---------------------------------------------------------------- clients */

static hl_client *client_with (int port, hl_options o) {
  const hl_result *why;
  hl_client *c = NULL;
  char url[64];

  snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  if (o.token == NULL)
    o.token = TOKEN;
  o.base_url = url;
  assert_int_equal(hl_client_new(&c, &o, &why), HL_OK);
  assert_null(why);
  return c;
}

static hl_client *client_for (const server *s) {
  return client_with(s->port, (hl_options){.timeout_ms = 4000});
}

static hl_call *call_of (hl_client *c) {
  hl_fields *fields = hl_fields_new(cJSON_Parse("{\"firstName\":\"a\"}"));
  hl_call *call = hl_call_new(c, "contact 1", 9, fields, NULL);

  assert_non_null(call);
  return call;
}

static hl_kind run (hl_client *c) {
  hl_call *call = call_of(c);
  hl_kind kind;

  hl_call_run(call);
  kind = hl_call_result(call)->kind;
  hl_call_free(call);
  return kind;
}

/* Step until so many requests have arrived, at most 4 s. */
static void until_requests (hl_client *c, const server *s, int n) {
  int64_t limit = hl_now_us() + 4000000;

  while (s->requests < n && hl_now_us() < limit)
    hl_client_step(c, 5);
  assert_int_equal(s->requests, n);
}

/* Wait until the server has seen so many connections given up, at most 4 s. */
static void until_left (const server *s, int n) {
  int64_t limit = hl_now_us() + 4000000;

  while (s->left < n && hl_now_us() < limit)
    usleep(2000);
  assert_int_equal(s->left, n);
}

/*----------------------------------------------------------------- talking */

static void it_sends_one_request (void **state) {
  static const step script[] = {{GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(
      s->port, (hl_options){.api_version = "v3", .user_agent = "shop/1"});
  hl_call *call = call_of(c);
  const hl_result *r;
  static const char *const parts[] = {
      "PUT /contacts/contact%201 HTTP/1.1\r\n",
      "\r\nAuthorization: Bearer " TOKEN "\r\n",
      "\r\nVersion: v3\r\n",
      "\r\nContent-Type: application/json\r\n",
      "\r\nAccept: application/json\r\n",
      "\r\nUser-Agent: lua-highlevel/" HL_VERSION " shop/1\r\n",
      "\r\nContent-Length: 17\r\n",
      "\r\n\r\n{\"firstName\":\"a\"}",
  };
  size_t i;

  (void)state;
  assert_null(hl_call_result(call));
  hl_call_run(call);
  r = hl_call_result(call);
  assert_int_equal(r->kind, HL_OK);
  assert_int_equal(r->status, 200);
  assert_int_equal(r->attempts, 1);
  assert_int_equal(r->phase, HL_PHASE_TRANSFER);
  assert_string_equal(r->http_version, "1.1");
  assert_true(r->elapsed_us > 0);
  assert_true(
      cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(r->document, "contact")));
  hl_call_run(call); /* settled: harmless */
  hl_call_start(call);
  assert_ptr_equal(hl_call_result(call), r);
  hl_call_free(call);
  hl_client_free(c);
  stop(s);
  assert_int_equal(s->requests, 1);
  for (i = 0; i < COUNT(parts); i++)
    if (strstr(s->last, parts[i]) == NULL)
      fail_msg("row %zu: %s", i, s->last);
  assert_null(strstr(s->last, "Expect:"));
  free(s);
}

static void it_uses_a_connection_again (void **state) {
  static const step script[] = {
      {GOOD, KEEP},
      {"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}", KEEP},
      {GOOD, KEEP},
      {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);

  (void)state;
  assert_int_equal(run(c), HL_OK);
  assert_int_equal(run(c), HL_REJECTED);
  assert_int_equal(run(c), HL_OK);
  assert_int_equal(s->requests, 3);
  assert_int_equal(s->connections, 1);
  hl_client_free(c);
  until_left(s, 1);
  stop_and_forget(s);
}

static void it_leaves_a_closed_connection_alone (void **state) {
  static const step script[] = {{GOOD, CLOSE},
                                {HEAD "Connection: close\r\n\r\n" BODY, CLOSE},
                                {GOOD, RESET},
                                {GOOD, KEEP},
                                {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  int i;

  (void)state;
  for (i = 0; i < 4; i++) {
    assert_int_equal(run(c), HL_OK);
    usleep(5000); /* the goodbye is here before the next call */
  }
  assert_int_equal(s->connections, 4);
  hl_client_free(c);
  stop_and_forget(s);
}

/*---------------------------------------------------------------- failing */

static void it_judges_what_goes_wrong (void **state) {
  static const struct {
    step first;
    hl_kind kind;
    hl_phase phase;
    int status;
    bool retryable;
    const char *says;
  } rows[] = {
      {{NULL, CLOSE},
       HL_NETWORK,
       HL_PHASE_WAIT,
       0,
       true,
       "the server closed the connection without an answer; the update may "
       "have been done ("},
      {{NULL, RESET},
       HL_NETWORK,
       HL_PHASE_WAIT,
       0,
       true,
       "the connection broke before the answer; the update may have been done "
       "("},
      {{HEAD "\r\n{\"succ", CLOSE},
       HL_NETWORK,
       HL_PHASE_TRANSFER,
       0,
       true,
       "the connection ended in the middle of the answer; the update may have "
       "been done ("},
      {{HEAD, CLOSE}, HL_NETWORK, HL_PHASE_TRANSFER, 0, true, "the "},
      {{"SSH-2.0-OpenSSH_9.2\r\n", CLOSE},
       HL_PROTOCOL,
       HL_PHASE_WAIT,
       0,
       false,
       "the answer is not HTTP; check base_url; the update may have been done "
       "("},
      {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
        "\r\nabcd",
        CLOSE},
       HL_PROTOCOL,
       HL_PHASE_TRANSFER,
       200,
       false,
       "the answer's compression is broken; the update may have been done ("},
      {{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", KEEP},
       HL_TIMEOUT,
       HL_PHASE_TRANSFER,
       0,
       true,
       "the answer did not end within the time allowed; the update may have "
       "been done ("},
      {{NULL, KEEP},
       HL_TIMEOUT,
       HL_PHASE_WAIT,
       0,
       true,
       "no answer within the time allowed; the update may have been done ("},
      {{"HTTP/1.1 204 No Content\r\n\r\n", KEEP},
       HL_PROTOCOL,
       HL_PHASE_TRANSFER,
       204,
       false,
       "an empty answer, where a contact was due"},
      {{"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
        KEEP},
       HL_PROTOCOL,
       HL_PHASE_TRANSFER,
       302,
       false,
       "an empty answer; redirects are not followed"},
      {{"HTTP/1.1 429 No\r\nRETRY-AFTER: 2\r\nContent-Length: 0\r\n\r\n", KEEP},
       HL_RATE_LIMITED,
       HL_PHASE_TRANSFER,
       429,
       true,
       "an empty answer; too many requests at once"},
      {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: "
        "14\r\n\r\n" TOKEN,
        KEEP},
       HL_UNAUTHORIZED,
       HL_PHASE_TRANSFER,
       401,
       false,
       "an answer without a message: \"**************\"; "},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const step script[] = {rows[i].first, {NULL, END}};
    server *s = start(script);
    hl_client *c = client_with(
        s->port,
        (hl_options){.timeout_ms = rows[i].kind == HL_TIMEOUT ? 60 : 4000,
                     .retries = -1});
    hl_call *call = call_of(c);
    const hl_result *r;
    hl_call_run(call);
    r = hl_call_result(call);
    if (r->kind != rows[i].kind ||
        strncmp(r->message, rows[i].says, strlen(rows[i].says)) != 0)
      fail_msg("row %zu: %s: %s", i, hl_kind_name(r->kind), r->message);
    assert_row(i, r->phase == rows[i].phase);
    assert_row(i, r->status == rows[i].status);
    assert_row(i, r->retryable == rows[i].retryable);
    assert_row(i, r->attempts == 1);
    assert_row(i, strstr(r->message, TOKEN) == NULL);
    hl_call_free(call);
    hl_client_free(c);
    stop(s);
    assert_int_equal(s->requests, 1);
    free(s);
  }
}

static void it_says_that_nobody_listens (void **state) {
  int port;
  int fd = listen_anywhere(&port);
  hl_client *c;
  hl_call *call;
  const hl_result *r;
  char end[64];

  (void)state;
  close(fd);
  c = client_with(port, (hl_options){.timeout_ms = 4000, .retries = -1});
  call = call_of(c);
  hl_call_run(call);
  r = hl_call_result(call);
  assert_int_equal(r->kind, HL_NETWORK);
  assert_int_equal(r->phase, HL_PHASE_CONNECT);
  assert_true(r->retryable);
  snprintf(end, sizeof(end), "; nothing was sent (http://127.0.0.1:%d: ", port);
  assert_non_null(strstr(r->message, end));
  assert_ptr_equal(strstr(r->message, "no connection to the server; check "
                                      "base_url, the firewall and that the "
                                      "service is up"),
                   r->message);
  assert_null(r->http_version);
  assert_int_equal(r->status, 0);
  hl_call_free(call);
  hl_client_free(c);
}

static void it_bounds_what_it_takes (void **state) {
  static const step script[] = {{GOOD, KEEP}, {GOOD, KEEP}, {NULL, END}};
  static const struct {
    size_t most;
    hl_kind kind;
  } rows[] = {{32, HL_OK}, {31, HL_PROTOCOL}};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    server *s = start(script);
    hl_client *c =
        client_with(s->port, (hl_options){.timeout_ms = 4000,
                                          .max_response_bytes = rows[i].most});
    hl_call *call = call_of(c);
    hl_call_run(call);
    assert_row(i, hl_call_result(call)->kind == rows[i].kind);
    if (rows[i].kind != HL_OK)
      assert_string_equal(hl_call_result(call)->message,
                          "the answer is larger than max_response_bytes (31); "
                          "the update may have been done");
    hl_call_free(call);
    hl_client_free(c);
    stop_and_forget(s);
  }
}

static void it_sends_nothing_that_is_wrong (void **state) {
  static const step script[] = {{GOOD, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  hl_call *call = hl_call_new(c, "a/b", 3, hl_fields_new(cJSON_CreateObject()),
                              &(hl_call_options){.timeout_ms = 1});

  (void)state;
  assert_int_equal(hl_call_result(call)->kind, HL_INVALID);
  hl_call_start(call);
  hl_call_run(call);
  assert_int_equal(hl_client_step(c, 0), 0);
  assert_int_equal(hl_call_result(call)->attempts, 0);
  hl_call_free(call);
  hl_client_free(c);
  stop(s);
  assert_int_equal(s->connections, 0);
  free(s);
}

/*--------------------------------------------------------------- at once */

static void it_runs_two_at_once (void **state) {
  static const step script[] = {{NULL, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(s->port, (hl_options){.timeout_ms = 200});
  hl_call *slow = call_of(c), *quick;

  (void)state;
  hl_call_start(slow);
  until_requests(c, s, 1);
  quick = call_of(c);
  hl_call_start(quick);
  assert_int_equal(hl_client_step(c, 0), 2);
  while (hl_call_result(quick) == NULL)
    hl_client_step(c, 5);
  assert_int_equal(hl_call_result(quick)->kind, HL_OK);
  if (hl_call_result(slow) != NULL)
    fail_msg("the second call waited until the first had ended");
  while (hl_client_step(c, 5) > 0)
    ;
  assert_int_equal(hl_call_result(slow)->kind, HL_TIMEOUT);
  assert_int_equal(s->connections, 2);
  hl_call_free(slow);
  hl_call_free(quick);
  hl_client_free(c);
  stop_and_forget(s);
}

static void it_waits_for_a_connection_to_be_free (void **state) {
  static const step script[] = {
      {GOOD, KEEP}, {GOOD, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(
      s->port, (hl_options){.timeout_ms = 4000, .max_connections = 1});
  hl_call *calls[3];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(calls); i++)
    hl_call_start(calls[i] = call_of(c));
  while (hl_client_step(c, 5) > 0)
    ;
  for (i = 0; i < COUNT(calls); i++) {
    assert_row(i, hl_call_result(calls[i])->kind == HL_OK);
    hl_call_free(calls[i]);
  }
  assert_int_equal(s->connections, 1);
  hl_client_free(c);
  stop_and_forget(s);
}

/*------------------------------------------------------------- once again */

#define REFUSED(head) "HTTP/1.1 429 No\r\nContent-Length: 2\r\n" head "\r\n{}"
#define BUSY(after)                                                            \
  "HTTP/1.1 503 No\r\nContent-Length: 2\r\nRetry-After: " after "\r\n\r\n{}"

static void it_tries_again (void **state) {
  static const step script[] = {{BUSY("0"), KEEP},
                                {REFUSED("Retry-After: 0\r\n"), KEEP},
                                {GOOD, KEEP},
                                {NULL, END}};
  static const int statuses[] = {503, 429, 200};
  server *s = start(script);
  hl_client *c = client_with(
      s->port, (hl_options){.timeout_ms = 4000, .rate_requests = -1});
  hl_call *call = call_of(c);
  const hl_attempt *history;
  size_t i, n;

  (void)state;
  assert_null(hl_client_next(c));
  hl_call_run(call);
  assert_int_equal(hl_call_result(call)->kind, HL_OK);
  assert_int_equal(hl_call_result(call)->attempts, 3);
  history = hl_call_history(call, &n);
  assert_int_equal(n, 3);
  for (i = 0; i < n; i++) {
    assert_row(i, history[i].number == (int)i + 1);
    assert_row(i, history[i].status == statuses[i]);
    assert_row(i, history[i].wait_us == (i < 2 ? 0 : -1));
  }
  assert_ptr_equal(hl_client_next(c), call); /* once, however much is new */
  assert_null(hl_client_next(c));
  hl_call_free(call);
  hl_client_free(c);
  stop(s);
  assert_int_equal(s->requests, 3);
  assert_int_equal(s->connections, 1);
  free(s);
}

static void it_connects_again (void **state) {
  static const step script[] = {{NULL, CLOSE}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  hl_call *call = call_of(c);

  (void)state;
  hl_call_run(call);
  assert_int_equal(hl_call_result(call)->kind, HL_OK);
  assert_int_equal(call->attempts, 2);
  assert_int_equal(s->connections, 2);
  hl_call_free(call);
  hl_client_free(c);
  stop_and_forget(s);
}

/* Started, refused once, and now it rests for longer than any test. */
static hl_call *resting_call (hl_client *c, const server *s) {
  hl_call *call = hl_call_new(
      c, "a", 1, hl_fields_new(cJSON_Parse("{\"firstName\":\"a\"}")),
      &(hl_call_options){.timeout_ms = 100000});
  size_t n;

  assert_non_null(call);
  hl_call_start(call);
  until_requests(c, s, 1);
  while (hl_call_history(call, &n) != NULL && n == 0)
    hl_client_step(c, 5);
  assert_int_equal(call->state, HL_CALL_WAITING);
  return call;
}

static void a_resting_call_can_go (void **state) {
  static const step script[] = {{BUSY("60"), KEEP}, {GOOD, KEEP}, {NULL, END}};
  int way;

  (void)state;
  for (way = 0; way < 3; way++) {
    server *s = start(script);
    hl_client *c = client_for(s);
    hl_call *call = resting_call(c, s);
    assert_ptr_equal(hl_client_next(c), call); /* it is known that it rests */
    assert_null(hl_client_next(c));
    assert_int_equal(hl_client_step(c, 0), 1);
    if (way == 0) {
      hl_client_close(c);
      assert_int_equal(hl_call_result(call)->kind, HL_CANCELLED);
      assert_int_equal(hl_call_result(call)->attempts, 1);
      assert_ptr_equal(hl_client_next(c), call);
    } else if (way == 1) {
      hl_client_free(c); /* the call is the last to go */
      assert_int_equal(hl_call_result(call)->kind, HL_CANCELLED);
    }
    hl_call_free(call);
    if (way == 2) {
      assert_int_equal(hl_client_step(c, 0), 0);
      assert_int_equal(run(c), HL_OK);
    }
    if (way != 1)
      hl_client_free(c);
    stop_and_forget(s);
  }
}

/*------------------------------------------------------------------ pacing */

static void it_keeps_to_a_pace (void **state) {
  static const step script[] = {
      {GOOD, KEEP}, {GOOD, KEEP}, {GOOD, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(
      s->port, (hl_options){.timeout_ms = 4000,
                            .max_connections = 1, /* in their order */
                            .rate_requests = 2,
                            .rate_interval_ms = 80});
  int64_t before = hl_now_us();
  hl_call *calls[4];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(calls); i++)
    hl_call_start(calls[i] = call_of(c));
  assert_true(hl_client_ready_ms(c, NULL) > 0);
  assert_int_equal(hl_client_ready_ms(c, "pit-another"), 0);
  while (hl_client_step(c, 1000) > 0)
    ;
  assert_true(hl_now_us() - before >= 80000);
  for (i = 0; i < COUNT(calls); i++) {
    assert_row(i, hl_call_result(calls[i])->kind == HL_OK);
    assert_row(i, i < 2 || calls[i]->sent_us >= calls[0]->sent_us + 80000);
    assert_ptr_equal(hl_client_next(c), calls[i]);
  }
  assert_null(hl_client_next(c));
  for (i = 0; i < COUNT(calls); i++)
    hl_call_free(calls[i]);
  hl_client_free(c);
  stop_and_forget(s);
}

/* More than a cautious first burst, each of which could leave with the first
** answer: none is given up because of the caution. */
static void a_first_burst_gives_up_none (void **state) {
  static const step script[] = {{NULL, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c =
      client_with(s->port, (hl_options){.timeout_ms = 900, .retries = -1});
  hl_call *calls[60];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = call_of(c);
  for (i = 0; i < COUNT(calls); i++) {
    hl_call_start(calls[i]);
    assert_row(i, hl_call_result(calls[i]) == NULL ||
                      hl_call_result(calls[i])->elapsed_us > 800000);
  }
  hl_client_close(c);
  for (i = 0; i < COUNT(calls); i++)
    hl_call_free(calls[i]);
  hl_client_free(c);
  stop_and_forget(s);
}

/* One call left, the next would have to wait for ten seconds. */
static hl_client *client_at_its_limit (const server *s, long timeout_ms) {
  hl_client *c = client_with(
      s->port, (hl_options){.timeout_ms = timeout_ms, .rate_requests = 1});

  assert_int_equal(run(c), HL_OK);
  (void)hl_client_next(c);
  return c;
}

static void a_turn_that_comes_too_late_is_not_waited_for (void **state) {
  static const step script[] = {{GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_at_its_limit(s, 2000);
  hl_call *call = call_of(c);
  int64_t before = hl_now_us();
  const hl_result *r;

  (void)state;
  hl_call_start(call);
  r = hl_call_result(call);
  assert_non_null(r);
  assert_true(hl_now_us() - before < 1000000);
  assert_int_equal(r->kind, HL_RATE_LIMITED);
  assert_int_equal(r->status, 0);
  assert_int_equal(r->attempts, 0);
  assert_in_range(r->retry_after_ms, 8000, 10100);
  assert_in_range(hl_client_ready_ms(c, NULL), 8000, 10100);
  assert_in_range(hl_client_ready_ms(c, " " TOKEN "\n"), 8000, 10100);
  assert_int_equal(hl_client_ready_ms(c, ""), 0);
  assert_ptr_equal(hl_client_next(c), call);
  assert_int_equal(hl_client_step(c, 0), 0);
  hl_call_free(call);
  hl_client_free(c);
  stop(s);
  assert_int_equal(s->requests, 1);
  free(s);
}

static void an_interval_may_last_for_weeks (void **state) {
  static const step script[] = {{GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c =
      client_with(s->port, (hl_options){.timeout_ms = 2000,
                                        .rate_requests = 1,
                                        .rate_interval_ms = LONG_MAX});

  (void)state;
  assert_int_equal(run(c), HL_OK);
  assert_int_equal(run(c), HL_RATE_LIMITED);
  assert_in_range(hl_client_ready_ms(c, NULL), INT_MAX - 10000, INT_MAX);
  hl_client_free(c);
  stop_and_forget(s);
}

static void a_queued_call_can_go (void **state) {
  static const step script[] = {{GOOD, KEEP}, {NULL, END}};
  int way;

  (void)state;
  for (way = 0; way < 3; way++) {
    server *s = start(script);
    hl_client *c = client_at_its_limit(s, 20000);
    hl_call *call = call_of(c);
    hl_call_start(call);
    assert_int_equal(call->state, HL_CALL_QUEUED);
    assert_int_equal(hl_client_step(c, 0), 1);
    if (way == 0) {
      hl_client_close(c);
      assert_int_equal(hl_call_result(call)->kind, HL_CANCELLED);
    } else if (way == 1) {
      hl_client_free(c);
    }
    hl_call_free(call);
    if (way != 1) {
      assert_int_equal(hl_client_step(c, 0), 0);
      hl_client_free(c);
    }
    stop(s);
    assert_int_equal(s->requests, 1);
    free(s);
  }
}

/*---------------------------------------------------------------- leaving */

static void a_freed_call_is_gone_at_once (void **state) {
  static const step script[] = {{NULL, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  hl_call *call = call_of(c);

  (void)state;
  hl_call_start(call);
  until_requests(c, s, 1);
  assert_null(hl_call_result(call));
  hl_call_free(call);
  until_left(s, 1); /* its connection is gone */
  assert_int_equal(hl_client_step(c, 0), 0);
  assert_int_equal(run(c), HL_OK); /* and the client is as good as before */
  hl_client_free(c);
  stop_and_forget(s);
}

/* Its place under the limit is free again an interval later. */
static void a_freed_call_gives_its_place_back (void **state) {
  static const step script[] = {{NULL, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(s->port, (hl_options){.timeout_ms = 4000,
                                                   .rate_requests = 1,
                                                   .rate_interval_ms = 50});
  hl_call *call = call_of(c);

  (void)state;
  hl_call_start(call);
  until_requests(c, s, 1);
  hl_call_free(call);
  assert_int_equal(run(c), HL_OK);
  hl_client_free(c);
  stop_and_forget(s);
}

static void closing_cancels (void **state) {
  static const step script[] = {{GOOD, KEEP}, {NULL, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  hl_call *done = call_of(c), *running = call_of(c), *waiting = call_of(c);

  (void)state;
  hl_call_run(done);
  hl_call_start(running);
  until_requests(c, s, 2);
  hl_client_close(c);
  hl_client_close(c);
  until_left(s, 1);
  assert_int_equal(hl_call_result(done)->kind, HL_OK);
  assert_int_equal(hl_call_result(running)->kind, HL_CANCELLED);
  assert_string_equal(hl_call_result(running)->message,
                      "the client was closed while this call ran");
  assert_false(hl_call_result(running)->retryable);
  assert_null(hl_call_result(waiting)); /* it was never started */
  hl_call_start(waiting);
  assert_int_equal(hl_call_result(waiting)->kind, HL_CANCELLED);
  assert_int_equal(hl_client_step(c, 100), 0);
  assert_int_equal(run(c), HL_CANCELLED);
  hl_client_free(c); /* before its calls */
  assert_int_equal(hl_call_result(running)->kind, HL_CANCELLED);
  hl_call_free(waiting);
  hl_call_free(done);
  hl_call_free(running);
  stop_and_forget(s);
}

static void nothing_is_freed_without_harm (void **state) {
  hl_client *c = client_with(1, (hl_options){.timeout_ms = 1});

  (void)state;
  hl_call_free(NULL);
  hl_client_close(NULL);
  hl_client_free(NULL);
  hl_result_free(NULL);
  hl_fields_free(NULL);
  hl_free(NULL);
  assert_int_equal(hl_client_step(c, 0), 0);
  hl_client_free(c);
}

/*---------------------------------------------------------------- forking */

/* A verdict by another program: leaks of the child are no matter here. */
static void leave (bool good) {
  const char *verdict = good ? "true" : "false";

  execlp(verdict, verdict, (char *)NULL);
  _exit(2);
}

static void a_fork_gets_connections_of_its_own (void **state) {
  static const step script[] = {
      {GOOD, KEEP}, {GOOD, KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  int status;
  pid_t pid;

  (void)state;
  assert_int_equal(run(c), HL_OK);
  pid = fork();
  if (pid == 0) {
    alarm(5);
    leave(run(c) == HL_OK);
  }
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
  until_left(s, 1);                /* the child's */
  assert_int_equal(run(c), HL_OK); /* on the connection it had */
  assert_int_equal(s->connections, 2);
  assert_int_equal(s->requests, 3);
  hl_client_free(c);
  stop_and_forget(s);
}

static void a_fork_can_free_what_runs (void **state) {
  static const step script[] = {{NULL, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(s->port, (hl_options){.timeout_ms = 300});
  hl_call *call = call_of(c);
  int status;
  pid_t pid;

  (void)state;
  hl_call_start(call);
  until_requests(c, s, 1);
  pid = fork();
  if (pid == 0) {
    alarm(5);
    hl_client_close(c);
    status = hl_call_result(call)->kind == HL_CANCELLED;
    hl_call_free(call);
    hl_client_free(c);
    leave(status);
  }
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
  assert_null(hl_call_result(call)); /* the parent's goes on */
  assert_int_equal(s->left, 0);
  hl_call_run(call);
  assert_int_equal(hl_call_result(call)->kind, HL_TIMEOUT);
  hl_call_free(call);
  hl_client_free(c);
  stop_and_forget(s);
}

/* A call that ran when its process forked is the parent's; in the child it
** must come to an end all the same. */
static void a_call_that_ran_before_the_fork_settles (void **state) {
  static const step script[] = {{NULL, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_with(s->port, (hl_options){.timeout_ms = 300});
  hl_call *call = call_of(c);
  int status;
  pid_t pid;

  (void)state;
  hl_call_start(call);
  until_requests(c, s, 1);
  pid = fork();
  if (pid == 0) {
    alarm(1);
    hl_call_run(call);
    leave(hl_call_result(call) != NULL);
  }
  waitpid(pid, &status, 0);
  hl_call_free(call);
  hl_client_free(c);
  stop_and_forget(s);
  if (WIFSIGNALED(status))
    fail_msg("hl_call_run did not return in the child");
  assert_int_equal(status, 0);
}

/* Nor do calls that only wait belong to the child; the client does. */
static void a_call_that_waits_at_the_fork_is_the_parents (void **state) {
  static const step script[] = {{BUSY("60"), KEEP}, {GOOD, KEEP}, {NULL, END}};
  server *s = start(script);
  hl_client *c = client_for(s);
  hl_call *call = resting_call(c, s);
  int status;
  pid_t pid;

  (void)state;
  pid = fork();
  if (pid == 0) {
    alarm(5);
    hl_client_step(c, 0);
    leave(hl_call_result(call) != NULL &&
          hl_call_result(call)->kind == HL_CANCELLED && run(c) == HL_OK);
  }
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
  assert_int_equal(call->state, HL_CALL_WAITING);
  assert_int_equal(hl_client_step(c, 0), 1);
  hl_call_free(call);
  hl_client_free(c);
  stop_and_forget(s);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_sends_one_request),
      cmocka_unit_test(it_uses_a_connection_again),
      cmocka_unit_test(it_leaves_a_closed_connection_alone),
      cmocka_unit_test(it_judges_what_goes_wrong),
      cmocka_unit_test(it_says_that_nobody_listens),
      cmocka_unit_test(it_bounds_what_it_takes),
      cmocka_unit_test(it_sends_nothing_that_is_wrong),
      cmocka_unit_test(it_runs_two_at_once),
      cmocka_unit_test(it_waits_for_a_connection_to_be_free),
      cmocka_unit_test(it_tries_again),
      cmocka_unit_test(it_connects_again),
      cmocka_unit_test(a_resting_call_can_go),
      cmocka_unit_test(it_keeps_to_a_pace),
      cmocka_unit_test(a_first_burst_gives_up_none),
      cmocka_unit_test(a_turn_that_comes_too_late_is_not_waited_for),
      cmocka_unit_test(an_interval_may_last_for_weeks),
      cmocka_unit_test(a_queued_call_can_go),
      cmocka_unit_test(a_freed_call_is_gone_at_once),
      cmocka_unit_test(a_freed_call_gives_its_place_back),
      cmocka_unit_test(closing_cancels),
      cmocka_unit_test(nothing_is_freed_without_harm),
      cmocka_unit_test(a_fork_gets_connections_of_its_own),
      cmocka_unit_test(a_fork_can_free_what_runs),
      cmocka_unit_test(a_call_that_ran_before_the_fork_settles),
      cmocka_unit_test(a_call_that_waits_at_the_fork_is_the_parents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
