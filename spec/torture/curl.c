/*
** curl.c: libcurl fails at every place where the core meets it.
**
** The 1st, 2nd, 3rd ... call of each function, and of each callback, has a
** fault (faults.h), until a run meets none; once that one alone, once all from
** there on. A run is a few calls: stepped, or carried by the thread. Each must
** end in time, as one of the kinds that suit; then the same client must work
** again, and no handle may be left. Without `long` some places are left out.
**
**   curl [long]
*/
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../sweep/server.h"
#include "faults.h"
#include "party.h"

#define N_MAX 400
#define CALLS_MAX 6
#define LATE_MS 3000

typedef struct plan {
  const char *name;
  int calls;
  bool posted;
  long retries;
} plan;

static const plan plans[] = {
    {"one call", 1, false, -1},
    {"calls at a time", CALLS_MAX, false, -1},
    {"calls that are tried again", CALLS_MAX, false, 2},
    {"posted calls", CALLS_MAX, true, -1},
};

/* Besides success: what such a fault may look like, as bits. */
#define MEMORY (1U << HL_MEMORY)
#define NETWORK (1U << HL_NETWORK)

static const unsigned suits[FAULTS] = {
    [EASY_INIT] = MEMORY,    [EASY_SETOPT] = MEMORY, [MULTI_INIT] = MEMORY,
    [MULTI_SETOPT] = MEMORY, [MULTI_ADD] = MEMORY,   [MULTI_ACTION] = NETWORK,
    [SLIST_APPEND] = MEMORY, [URL_NEW] = MEMORY,     [URL_SET] = MEMORY,
    [URL_GET] = MEMORY,      [ON_HEADER] = NETWORK,  [ON_BODY] = NETWORK,
    [ON_OPEN] = NETWORK,     [ON_SOCKET] = NETWORK,  [ON_TIMER] = NETWORK};

static char base_url[64];
static int wrong, stride = 7;

static void complain (fault which, int n, const plan *p, const char *what) {
  if (wrong++ < 20)
    fprintf(stderr, "  %s fails at %d, %s: %s\n", fault_names[which], n,
            p->name, what);
}

/*------------------------------------------------------------------- calls */

/* The kinds they ended as, as bits. */
static unsigned run (party *y, const plan *p, bool *in_time) {
  hl_call *calls[CALLS_MAX];
  unsigned kinds = 0;
  int i, n = 0;

  for (i = 0; i < p->calls; i++) {
    calls[n] = party_call(y, "abc", 5, 0);
    if (party_begin(y, calls[n], p->posted))
      n++;
    else
      kinds |= MEMORY;
  }
  *in_time = party_finish(y, p->posted, LATE_MS);
  for (i = 0; i < n; i++) {
    if (*in_time)
      kinds |= 1U << hl_call_result(calls[i])->kind;
    hl_call_free(calls[i]);
  }
  return kinds;
}

/*------------------------------------------------------------------ faults */

static hl_kind open_party (party *y, const plan *p) {
  hl_options o = {.token = "pit-0123456789",
                  .base_url = base_url,
                  .timeout_ms = 2000,
                  .retries = p->retries};

  return party_open(y, &o);
}

/* One run with that fault; did it come? */
static bool meets (fault which, int n, bool on, const plan *p, long *ends) {
  unsigned good = 1U << HL_OK, kinds;
  bool in_time = true, hit;
  party y;
  int k;

  faults_arm(which, n, on);
  if (open_party(&y, p) != HL_OK) {
    hit = faults_disarm();
    ends[HL_MEMORY]++;
    if ((suits[which] & MEMORY) == 0)
      complain(which, n, p, "no client");
    party_close(&y);
    return hit;
  }
  kinds = run(&y, p, &in_time);
  if (which == MULTI_CLEANUP || which == ON_CLOSE) { /* they come at the end */
    party_close(&y);
    hit = faults_disarm();
    open_party(&y, p);
  } else {
    hit = faults_disarm();
  }
  for (k = 0; k < HL_KINDS; k++)
    ends[k] += (kinds & 1U << k) != 0;
  if (!in_time)
    complain(which, n, p, "a call did not end in time");
  for (k = 0; k < HL_KINDS; k++)
    if ((kinds & ~(good | suits[which]) & 1U << k) != 0)
      complain(which, n, p, hl_kind_name((hl_kind)k));
  if (run(&y, p, &in_time) != good || !in_time)
    complain(which, n, p, "the next calls fail");
  party_close(&y);
  if (faults_handles() != 0)
    complain(which, n, p, "a handle is left");
  return hit;
}

/* Every place of one fault, in one plan, or each `stride`-th. */
static void sweep (fault which, const plan *p, bool on, long *places,
                   long *ends) {
  int n, step = which == EASY_SETOPT || which == SLIST_APPEND ? stride : 1;

  for (n = 1; n <= N_MAX && meets(which, n, on, p, ends); n += step)
    ++*places;
  if (n > N_MAX)
    complain(which, n, p, "it has no end");
}

int main (int argc, char **argv) {
  int port, passed = 0, failed = 0, before, w, k;
  pid_t server = server_start(&port);
  size_t i;

  if (server < 0)
    return 1;
  alarm(300); /* or it hangs */
  if (argc > 1 && strcmp(argv[1], "long") == 0)
    stride = 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", port);
  for (w = 0; w < FAULTS; w++) {
    long places = 0, ends[HL_KINDS] = {0};
    before = wrong;
    for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
      sweep((fault)w, &plans[i], false, &places, ends);
      if (stride == 1 || plans[i].retries < 0) /* whose waits take long */
        sweep((fault)w, &plans[i], true, &places, ends);
    }
    if (places == 0)
      complain((fault)w, 0, &plans[0], "it is never called");
    printf("  %s: %ld faults;", fault_names[w], places);
    for (k = 0; k < HL_KINDS; k++)
      if (ends[k] > 0)
        printf(" %ld %s", ends[k], hl_kind_name((hl_kind)k));
    printf("\n");
    passed += wrong == before;
    failed += wrong != before;
  }
  server_stop(server);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
