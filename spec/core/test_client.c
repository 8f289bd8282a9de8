/*
** test_client.c: clients and calls, against a server of this file's own.
**
** The server is a thread on a loopback port that takes one connection after
** another and does to each what the script says.
*/
#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "highlevel.h"

#define ANSWER                                                                 \
  "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n"                              \
  "{\"succeded\":true,\"contact\":{}} \n"

/* What to do to a connection: 'o' answer, 'c' close, 'h' hold until closed. */
typedef struct server {
  int listener;
  int port;
  const char *script;
  int requests;
  pthread_t thread;
} server;

/* One request: its head and the body that follows. False: the peer left. */
static bool read_request (int fd) {
  char buf[4096];
  size_t n = 0, want = 0;

  for (;;) {
    ssize_t got = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);
    const char *end, *length;
    if (got <= 0)
      return false;
    n += (size_t)got;
    buf[n] = '\0';
    end = strstr(buf, "\r\n\r\n");
    if (end == NULL)
      continue;
    length = strstr(buf, "Content-Length: ");
    want = (size_t)(end + 4 - buf);
    if (length != NULL)
      want += strtoul(length + 16, NULL, 10);
    if (n >= want)
      return true;
  }
}

static void *serve (void *user) {
  server *s = user;
  const char *step = s->script;

  while (*step != '\0') {
    int fd = accept(s->listener, NULL, NULL);
    while (*step != '\0' && read_request(fd)) {
      char what = *step++;
      s->requests++;
      if (what == 'o' && send(fd, ANSWER, strlen(ANSWER), MSG_NOSIGNAL) < 0)
        break;
      if (what == 'c')
        break;
    }
    if (*step == '\0' && step[-1] != 'c') /* let the peer leave first */
      while (read_request(fd))
        s->requests++;
    close(fd);
  }
  return NULL;
}

static void start (server *s, const char *script) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);

  memset(s, 0, sizeof(*s));
  s->script = script;
  s->listener = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(s->listener, 8), 0);
  getsockname(s->listener, (struct sockaddr *)&at, &len);
  s->port = ntohs(at.sin_port);
  assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static int stop (server *s) {
  pthread_join(s->thread, NULL);
  close(s->listener);
  return s->requests;
}

static hl_client *client_for (const server *s, long timeout_ms) {
  hl_options o = {.token = "pit-0123456789"};
  const hl_result *why;
  hl_client *c = NULL;
  char url[64];

  snprintf(url, sizeof(url), "http://127.0.0.1:%d", s->port);
  o.base_url = url;
  o.timeout_ms = timeout_ms;
  assert_int_equal(hl_client_new(&c, &o, &why), HL_OK);
  return c;
}

static hl_call *call_of (hl_client *c) {
  hl_fields *fields = hl_fields_new(cJSON_Parse("{\"firstName\":\"a\"}"));
  hl_call *call = hl_call_new(c, "contact-1", 9, fields, NULL);

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

static void one_call_after_another (void **state) {
  server s;
  hl_client *c;

  (void)state;
  start(&s, "ooo");
  c = client_for(&s, 2000);
  assert_int_equal(run(c), HL_OK);
  assert_int_equal(run(c), HL_OK);
  assert_int_equal(run(c), HL_OK);
  hl_client_free(c);
  assert_int_equal(stop(&s), 3);
}

static void a_close_is_a_network_failure (void **state) {
  server s;
  hl_client *c;
  hl_call *call;

  (void)state;
  start(&s, "c");
  c = client_for(&s, 2000);
  call = call_of(c);
  assert_null(hl_call_result(call));
  hl_call_run(call);
  assert_int_equal(hl_call_result(call)->kind, HL_NETWORK);
  assert_int_equal(hl_call_result(call)->phase, HL_PHASE_WAIT);
  assert_int_equal(hl_call_result(call)->attempts, 1);
  assert_true(hl_call_result(call)->elapsed_us > 0);
  hl_call_run(call); /* settled: harmless */
  hl_call_free(call);
  hl_client_free(c);
  stop(&s);
}

static void a_freed_call_is_gone_at_once (void **state) {
  server s;
  hl_client *c;
  hl_call *call;

  (void)state;
  start(&s, "h");
  c = client_for(&s, 5000);
  call = call_of(c);
  hl_call_start(call);
  while (s.requests == 0)
    hl_client_step(c, 10);
  assert_null(hl_call_result(call));
  hl_call_free(call);
  assert_int_equal(hl_client_step(c, 0), 0);
  hl_client_free(c);
  assert_int_equal(stop(&s), 1);
}

static void closing_cancels (void **state) {
  server s;
  hl_client *c;
  hl_call *running, *prepared;

  (void)state;
  start(&s, "h");
  c = client_for(&s, 5000);
  running = call_of(c);
  prepared = call_of(c);
  hl_call_start(running);
  while (s.requests == 0)
    hl_client_step(c, 10);
  hl_client_close(c);
  hl_client_close(c);
  assert_int_equal(hl_call_result(running)->kind, HL_CANCELLED);
  assert_int_equal(hl_call_result(prepared)->kind, HL_CANCELLED);
  assert_int_equal(run(c), HL_CANCELLED);
  hl_client_free(c); /* before its calls */
  hl_call_free(prepared);
  hl_call_free(running);
  stop(&s);
}

static void two_calls_at_once (void **state) {
  server one, two;
  hl_client *c, *d;
  hl_call *a, *b;

  (void)state;
  start(&one, "h");
  start(&two, "o");
  c = client_for(&one, 300);
  d = client_for(&two, 2000);
  a = call_of(c);
  b = call_of(d);
  hl_call_start(a);
  hl_call_start(b);
  while (hl_call_result(a) == NULL || hl_call_result(b) == NULL) {
    hl_client_step(c, 5);
    hl_client_step(d, 5);
  }
  assert_int_equal(hl_call_result(a)->kind, HL_TIMEOUT);
  assert_int_equal(hl_call_result(b)->kind, HL_OK);
  hl_call_free(a);
  hl_call_free(b);
  hl_client_free(c);
  hl_client_free(d);
  stop(&one);
  stop(&two);
}

static void a_fork_gets_connections_of_its_own (void **state) {
  server s;
  hl_client *c;
  int status;
  pid_t pid;

  (void)state;
  start(&s, "ooo");
  c = client_for(&s, 2000);
  assert_int_equal(run(c), HL_OK);
  pid = fork();
  if (pid == 0) { /* the server is busy with the parent's connection */
    const char *verdict = run(c) == HL_TIMEOUT ? "true" : "false";
    execlp(verdict, verdict, (char *)NULL); /* leaks are no matter here */
    _exit(2);
  }
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
  assert_int_equal(run(c), HL_OK); /* on the connection it had */
  assert_int_equal(run(c), HL_OK);
  hl_client_free(c);
  stop(&s);
}

static void options_are_checked (void **state) {
  static const struct {
    hl_options o;
    const char *path;
  } rows[] = {
      {{.base_url = "http://example.com"}, "base_url"},
      {{.base_url = "http://127.0.0.1.example.com"}, "base_url"},
      {{.base_url = "http://2130706433.example"}, "base_url"},
      {{.base_url = "https://u@example.com"}, "base_url"},
      {{.base_url = "https://example.com?x"}, "base_url"},
      {{.base_url = "https://example.com#x"}, "base_url"},
      {{.base_url = "file:///etc/passwd"}, "base_url"},
      {{.base_url = ""}, "base_url"},
      {{.token = ""}, "token"},
      {{.token = "a\rb"}, "token"},
      {{.api_version = "V3"}, "api_version"},
      {{.timeout_ms = -1}, "timeout"},
      {{.proxy = ""}, "proxy"},
      {{.base_url = "http://[::1]:1", .proxy = "http://127.0.0.1:1"}, "proxy"},
      {{.user_agent = "a\r\nb: c"}, "user_agent"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *why = NULL;
    hl_client *c = NULL;
    assert_row(i, hl_client_new(&c, &rows[i].o, &why) == HL_INVALID);
    assert_row(i, c == NULL && strcmp(why->path, rows[i].path) == 0);
    hl_result_free(why);
  }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_call_after_another),
      cmocka_unit_test(a_close_is_a_network_failure),
      cmocka_unit_test(a_freed_call_is_gone_at_once),
      cmocka_unit_test(closing_cancels),
      cmocka_unit_test(two_calls_at_once),
      cmocka_unit_test(a_fork_gets_connections_of_its_own),
      cmocka_unit_test(options_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
