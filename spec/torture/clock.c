/*
** clock.c: clocks that jump.
**
** This program's own clock_gettime, gettimeofday and time stand before libc's,
** for libcurl too. The time of day jumps by days, there and back, while calls
** run: nothing may come of it. Then the monotonic clock leaps hours ahead, as
** if the machine had slept: what is overdue ends at once, nothing spins, and
** the next call works.
*/
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../sweep/server.h"
#include "party.h"

#define DAY INT64_C(86400)
#define YEAR (365 * DAY)
#define CROWD 40

static char base_url[64], silent_url[64];
static int passed, failed;

static void expect (bool ok, const char *what) {
  passed += ok;
  failed += !ok;
  if (!ok)
    fprintf(stderr, "  FAILED: %s\n", what);
}

/*----------------------------------------------------------------- clocks */

static _Atomic int64_t day_s, mono_s; /* ahead of the true ones */
static atomic_long asked_day, asked_mono;

int clock_gettime (clockid_t id, struct timespec *t) {
  int rc = (int)syscall(SYS_clock_gettime, id, t);

  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
    t->tv_sec += day_s;
    asked_day++;
  } else if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE ||
             id == CLOCK_MONOTONIC_RAW || id == CLOCK_BOOTTIME) {
    t->tv_sec += mono_s;
    asked_mono++;
  }
  return rc;
}

int gettimeofday (struct timeval *tv, void *zone) {
  struct timespec t;

  (void)zone;
  clock_gettime(CLOCK_REALTIME, &t);
  tv->tv_sec = t.tv_sec;
  tv->tv_usec = t.tv_nsec / 1000;
  return 0;
}

time_t time (time_t *out) {
  struct timespec t;

  clock_gettime(CLOCK_REALTIME, &t);
  if (out != NULL)
    *out = t.tv_sec;
  return t.tv_sec;
}

/* True seconds, and seconds of the processor. */
static double true_now (void) {
  struct timespec t;

  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double used (void) {
  struct rusage u;

  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/*------------------------------------------------------------------ cases */

static hl_options options (void) {
  return (hl_options){
      .token = "pit-0123456789", .base_url = base_url, .timeout_ms = 30000};
}

static atomic_bool jumping;

static void *jump (void *unused) {
  static const int64_t to[] = {0, DAY, -DAY, 30 * YEAR, -50 * YEAR};
  size_t i;

  for (i = 0; jumping; i++) {
    day_s = to[i % (sizeof(to) / sizeof(to[0]))];
    usleep(500);
  }
  day_s = 0;
  return unused;
}

static void time_of_day (bool posted) {
  hl_options o = options();
  double began = true_now(), took;
  pthread_t jumper;
  int good = 0, i;
  party y;

  o.rate_requests = 30;
  o.rate_interval_ms = 200;
  jumping = true;
  if (pthread_create(&jumper, NULL, jump, NULL) != 0)
    abort();
  party_open(&y, &o);
  for (i = 0; i < CROWD; i++)
    good += party_run(&y, "abc", posted) == HL_OK;
  good += party_crowd(&y, "abc", CROWD, posted, HL_OK);
  good += party_crowd(&y, "again", CROWD, posted, HL_OK);
  party_close(&y);
  jumping = false;
  pthread_join(jumper, NULL);
  took = true_now() - began;
  printf("  the time of day jumps: %d of %d calls ok in %.1f s%s\n", good,
         3 * CROWD, took, posted ? ", posted" : "");
  expect(good == 3 * CROWD, "days mean nothing");
  expect(took >= 0.8 && took < 6, "nor does the pace heed them");
}

/* A call waits for an answer, or its turn, when the clock leaps. */
static void leap (const char *name, const char *url, int64_t seconds,
                  bool posted, hl_kind kind) {
  hl_options o = options();
  double began = true_now(), cpu = used();
  hl_call *call, *second;
  hl_kind first;
  bool ended;
  party y;

  o.base_url = url;
  o.rate_requests = 1; /* so the second waits for its turn */
  party_open(&y, &o);
  call = party_call(&y, "abc", 5, 0);
  second = party_call(&y, "abc", 5, 0);
  party_begin(&y, call, posted);
  party_begin(&y, second, posted);
  if (!posted)
    hl_client_step(y.client, 10);
  usleep(50000);
  mono_s += seconds;
  hl_mailbox_alarm(y.mailbox, 1); /* a thread that waits looks at its clock */
  ended = party_finish(&y, posted, 20000);
  printf("  %+lld s, %s%s: %.1f s, %.2f s of processor\n", (long long)seconds,
         name, posted ? ", posted" : "", true_now() - began, used() - cpu);
  expect(ended && true_now() - began < 3, "the clock leaps: it ends at once");
  expect(used() - cpu < 0.5, "the clock leaps: nothing spins");
  if (ended) {
    first = hl_call_result(call)->kind;
    expect(first == kind || first == HL_TIMEOUT, "the kind of the first");
    kind = hl_call_result(second)->kind;
    expect(kind == HL_TIMEOUT || kind == HL_RATE_LIMITED || kind == HL_OK,
           "the kind of the second");
  }
  hl_call_free(call);
  hl_call_free(second);
  party_close(&y);
}

/* A client that nobody used while the machine slept. */
static void sleep_long (int64_t seconds, bool posted) {
  hl_options o = options();
  int good;
  party y;

  party_open(&y, &o);
  good = party_crowd(&y, "abc", CROWD, posted, HL_OK);
  mono_s += seconds;
  good += party_run(&y, "abc", posted) == HL_OK;
  good += party_crowd(&y, "again", CROWD, posted, HL_OK);
  party_close(&y);
  expect(good == 2 * CROWD + 1, "after a long sleep calls work");
}

static int listen_silently (void) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
      listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
    abort();
  snprintf(silent_url, sizeof(silent_url), "http://127.0.0.1:%d",
           ntohs(at.sin_port));
  return fd;
}

int main (void) {
  static const int64_t leaps[] = {6 * 3600, 30 * DAY, 100 * YEAR};
  int port, posted, silent = listen_silently();
  pid_t server = server_start(&port);
  size_t i;

  if (server < 0)
    return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", port);
  for (posted = 0; posted <= 1; posted++) {
    time_of_day(posted);
    for (i = 0; i < sizeof(leaps) / sizeof(leaps[0]); i++) {
      leap("no answer", silent_url, leaps[i], posted, HL_TIMEOUT);
      leap("answered", base_url, leaps[i], posted, HL_OK);
      sleep_long(leaps[i], posted);
    }
  }
  expect(asked_day > 100 && asked_mono > 1000, "libcurl asks our clocks");
  close(silent);
  server_stop(server);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
