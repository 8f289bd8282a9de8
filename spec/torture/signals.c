/*
** signals.c: a storm of signals, and connections that break while we send.
**
**   signals [SECONDS]
**
** SIGALRM each millisecond, SIGUSR1 and SIGCHLD from a thread in between, all
** with handlers and without SA_RESTART: calls one by one, many at a time and
** posted end as they would in silence, neither early nor late. And SIGPIPE
** keeps its deadly default while servers hang up on requests half sent.
*/
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "../sweep/server.h"
#include "cutter.h"
#include "party.h"

#define CROWD 60
#define BIG ((size_t)3 * 1024 * 1024)
#define CUTS 20

static char base_url[64];
static int passed, failed;
static double seconds = 1;

static void expect (bool ok, const char *what) {
  passed += ok;
  failed += !ok;
  if (!ok)
    fprintf(stderr, "  FAILED: %s\n", what);
}

/*------------------------------------------------------------------ storm */

static atomic_long caught;
static atomic_bool calm = true;
static pthread_t main_thread, blower;

static void on_signal (int number) {
  (void)number;
  caught++;
  errno = EINTR; /* whoever forgets to look at results is found */
}

/* From outside of the thread that is disturbed. */
static void *blow (void *unused) {
  while (!calm) {
    pthread_kill(main_thread, SIGUSR1);
    usleep(300);
    kill(getpid(), SIGCHLD);
    usleep(300);
  }
  return unused;
}

static void storm (bool on) {
  struct itimerval each_ms = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};
  struct sigaction act = {.sa_handler = on_signal};

  sigaction(SIGALRM, &act, NULL);
  sigaction(SIGUSR1, &act, NULL);
  sigaction(SIGCHLD, &act, NULL);
  calm = !on;
  if (on) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&blower, NULL, blow, NULL) != 0)
      abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  } else {
    pthread_join(blower, NULL);
  }
  setitimer(ITIMER_REAL, &each_ms, NULL);
}

static hl_options options (void) {
  return (hl_options){.token = "pit-0123456789",
                      .base_url = base_url,
                      .timeout_ms = 8000,
                      .rate_requests = -1};
}

static void one_by_one (bool posted) {
  int64_t until_us = hl_now_us() + (int64_t)(seconds * 1e6);
  hl_options o = options();
  long n = 0, bad = 0;
  party y;

  party_open(&y, &o);
  while (hl_now_us() < until_us) {
    bad += party_run(&y, "abc", posted) != HL_OK;
    bad += party_run(&y, "again", posted) != HL_OK;
    n += 2;
  }
  party_close(&y);
  printf("  %ld calls one by one%s, %ld signals\n", n, posted ? ", posted" : "",
         (long)caught);
  expect(n > 20 && bad == 0, "calls one by one");
}

/* 60 under a limit of 20 in 300 ms: neither sooner than that allows. */
static void paced (bool posted) {
  hl_options o = options();
  int64_t began_us = hl_now_us(), took_us;
  party y;
  int good;

  o.rate_requests = 20;
  o.rate_interval_ms = 300;
  party_open(&y, &o);
  good = party_crowd(&y, "abc", CROWD, posted, HL_OK);
  took_us = hl_now_us() - began_us;
  party_close(&y);
  printf("  %d calls at the pace of 20 in 0.3 s: %.2f s%s\n", good,
         (double)took_us / 1e6, posted ? ", posted" : "");
  expect(good == CROWD, "calls at a pace");
  expect(took_us >= 600000 && took_us < 3000000, "the pace is kept");
}

/* A server that never answers: the deadline is met. */
static void deadline (bool posted) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  hl_options o = options();
  char url[64];
  int64_t began_us, took_us;
  hl_kind kind;
  party y;

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 4) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &len) != 0)
    abort();
  snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(at.sin_port));
  o.base_url = url;
  o.timeout_ms = 500;
  party_open(&y, &o);
  began_us = hl_now_us();
  kind = party_run(&y, "abc", posted);
  took_us = hl_now_us() - began_us;
  party_close(&y);
  close(fd);
  expect(kind == HL_TIMEOUT, "silence is a timeout");
  expect(took_us > 490000 && took_us < 900000, "the deadline is kept");
}

/*---------------------------------------------------------------- SIGPIPE */

/* Each request is cut off after some bytes. We live, and are told. */
static void broken (const char *name, const char *url, const char *ca_file) {
  hl_options o = options();
  int posted, i, told = 0;
  party y;

  o.base_url = url;
  o.ca_file = ca_file;
  o.retries = -1;
  party_open(&y, &o);
  for (posted = 0; posted <= 1; posted++) {
    party_close(&y);
    party_open(&y, &o);
    for (i = 0; i < CUTS; i++) {
      hl_call *call = party_call(&y, "abc", BIG, 0);
      if (party_begin(&y, call, posted) && party_finish(&y, posted, 9000))
        told += hl_call_result(call)->kind == HL_NETWORK;
      hl_call_free(call);
    }
  }
  party_close(&y);
  printf("  %d of %d requests over %s cut off while we send: network\n", told,
         2 * CUTS, name);
  expect(told == 2 * CUTS, name);
}

static void break_connections (void) {
  const char *https = getenv("HIGHLEVEL_SANDBOX_HTTPS");
  const char *colon = https != NULL ? strrchr(https, ':') : NULL;
  char url[200];
  cutter c;

  signal(SIGPIPE, SIG_DFL);
  cutter_start(&c, 0);
  snprintf(url, sizeof(url), "http://127.0.0.1:%d", c.port);
  broken("http", url, NULL);
  cutter_stop(&c);
  if (colon == NULL)
    return; /* no sandbox: without TLS */
  cutter_start(&c, atoi(colon + 1));
  snprintf(url, sizeof(url), "%.*s:%d", (int)(colon - https), https, c.port);
  broken("https", url, getenv("HIGHLEVEL_SANDBOX_CA"));
  cutter_stop(&c);
}

int main (int argc, char **argv) {
  int port, posted;
  pid_t server = server_start(&port);

  if (server < 0)
    return 1;
  if (argc > 1)
    seconds = strtod(argv[1], NULL);
  main_thread = pthread_self();
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", port);
  storm(true);
  for (posted = 0; posted <= 1; posted++) {
    one_by_one(posted);
    paced(posted);
    deadline(posted);
  }
  storm(false);
  expect(caught > 1000, "there was a storm");
  break_connections();
  server_stop(server);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
