/*
** torture.c: many threads post calls, cancel them and close clients, at
** random.
**
**   torture SECONDS [SEED]
**
** Each of 8 threads has a mailbox and a few clients of its own, which talk to
** a small server. Every call must come to its end exactly once: settled and
** taken, or freed before. Made to be run under a sanitizer of threads.
*/
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sweep/server.h"
#include "highlevel.h"

#define THREADS 8
#define CLIENTS 3
#define CALLS 40 /* at a time, for each thread */

typedef struct tally {
  long posted, ok, rejected, cancelled, other, freed;
} tally;

typedef struct worker {
  pthread_t id;
  unsigned seed;
  int64_t until_us;
  hl_mailbox *mailbox;
  int pipe[2];
  hl_client *clients[CLIENTS];
  hl_call *calls[CALLS];
  tally t;
} worker;

static char base_url[64];

static unsigned dice (worker *w, unsigned sides) {
  w->seed = w->seed * 1103515245U + 12345U;
  return (w->seed >> 16) % sides;
}

static hl_client *new_client (void) {
  hl_options o = {.token = "pit-0123456789",
                  .base_url = base_url,
                  .timeout_ms = 5000,
                  .rate_requests = -1};
  const hl_result *why = NULL;
  hl_client *c = NULL;

  if (hl_client_new(&c, &o, &why) != HL_OK)
    abort();
  return c;
}

static void post (worker *w, int i) {
  static const char *const ids[] = {"abc", "rejected", "again", "a/b"};
  const char *id = ids[dice(w, 4)];
  cJSON *fields = cJSON_CreateObject();
  hl_call_options o = {.user = &w->calls[i],
                       .timeout_ms = dice(w, 20) == 0 ? 1 : 0};

  cJSON_AddStringToObject(fields, "firstName", "rosan");
  w->calls[i] = hl_call_new(w->clients[dice(w, CLIENTS)], id, strlen(id),
                            hl_fields_new(fields), &o);
  if (w->calls[i] == NULL || hl_call_post(w->calls[i], w->mailbox) != HL_OK)
    abort();
  w->t.posted++;
}

static void take (worker *w) {
  hl_call *call;

  while ((call = hl_mailbox_take(w->mailbox)) != NULL) {
    hl_call **place = hl_call_user(call);
    if (*place != call)
      abort(); /* freed, and yet here */
    switch (hl_call_result(call)->kind) {
    case HL_OK:
      w->t.ok++;
      break;
    case HL_REJECTED:
    case HL_INVALID:
      w->t.rejected++;
      break;
    case HL_CANCELLED:
      w->t.cancelled++;
      break;
    default:
      w->t.other++;
    }
    hl_call_free(call);
    *place = NULL;
  }
}

static void *work (void *arg) {
  worker *w = arg;
  int i;

  for (i = 0; i < CLIENTS; i++)
    w->clients[i] = new_client();
  while (hl_now_us() < w->until_us) {
    struct pollfd fd = {.fd = w->pipe[0], .events = POLLIN};
    char bytes[64];
    for (i = 0; i < CALLS; i++)
      if (w->calls[i] == NULL) {
        post(w, i);
      } else if (dice(w, 200) == 0) {
        hl_call_free(w->calls[i]);
        w->calls[i] = NULL;
        w->t.freed++;
      }
    if (dice(w, 50) == 0) {
      i = (int)dice(w, CLIENTS);
      hl_client_free(w->clients[i]);
      w->clients[i] = new_client();
    }
    if (poll(&fd, 1, 20) > 0)
      (void)!read(w->pipe[0], bytes, sizeof(bytes));
    take(w);
    if (dice(w, 2000) == 0) { /* a mailbox ends with calls on the way */
      for (i = 0; i < CALLS; i++) {
        w->t.freed += w->calls[i] != NULL;
        hl_call_free(w->calls[i]);
        w->calls[i] = NULL;
      }
      hl_mailbox_free(w->mailbox);
      w->mailbox = hl_mailbox_new(w->pipe[1]);
    }
  }
  while (hl_mailbox_expected(w->mailbox) > 0) {
    struct pollfd fd = {.fd = w->pipe[0], .events = POLLIN};
    char bytes[64];
    if (poll(&fd, 1, 10000) <= 0)
      break;
    (void)!read(w->pipe[0], bytes, sizeof(bytes));
    take(w);
  }
  for (i = 0; i < CLIENTS; i++)
    hl_client_free(w->clients[i]);
  hl_mailbox_free(w->mailbox);
  return NULL;
}

int main (int argc, char **argv) {
  static worker workers[THREADS];
  double seconds = argc > 1 ? strtod(argv[1], NULL) : 5;
  unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
  int port, i, lost = 0;
  pid_t server = server_start(&port);
  tally t = {0};

  if (server < 0)
    return 2;
  snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", port);
  for (i = 0; i < THREADS; i++) {
    worker *w = &workers[i];
    w->seed = seed + (unsigned)i * 7919U;
    w->until_us = hl_now_us() + (int64_t)(seconds * 1e6);
    if (pipe2(w->pipe, O_NONBLOCK | O_CLOEXEC) != 0)
      return 2;
    w->mailbox = hl_mailbox_new(w->pipe[1]);
    if (pthread_create(&w->id, NULL, work, w) != 0)
      return 2;
  }
  for (i = 0; i < THREADS; i++) {
    worker *w = &workers[i];
    pthread_join(w->id, NULL);
    close(w->pipe[0]);
    close(w->pipe[1]);
    lost += w->t.posted !=
            w->t.ok + w->t.rejected + w->t.cancelled + w->t.other + w->t.freed;
    t.posted += w->t.posted;
    t.ok += w->t.ok;
    t.rejected += w->t.rejected;
    t.cancelled += w->t.cancelled;
    t.other += w->t.other;
    t.freed += w->t.freed;
  }
  server_stop(server);
  printf("%ld posted: %ld ok, %ld rejected, %ld cancelled, %ld other, %ld "
         "freed; %d threads lost one\n",
         t.posted, t.ok, t.rejected, t.cancelled, t.other, t.freed, lost);
  return lost != 0 || t.ok == 0;
}
