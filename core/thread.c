/*
** thread.c: the one thread of this process that carries posted calls.
**
** Carriers, their queues and engines are its alone; what others touch as well
** is in orders.c and mailbox.c. It reads answers, too; bodies are printed by
** whoever makes a call, as they are checked: handing the fields over instead
** would take a copy of all their texts, which costs as much as to print them.
*/
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "mailbox.h"
#include "orders.h"
#include "process.h"

#define LONGEST_MS 60000 /* one wait */

typedef struct hl_thread {
  pthread_t id;
  unsigned long number;
  hl_poller *poller;
  int wake[2]; /* a pipe */
  hl_watch woken;
  hl_link clients; /* that have a carrier */
  hl_link settled; /* calls, for their mailboxes */
} hl_thread;

/*------------------------------------------------------------- the thread */

static void destroy (hl_call *call) {
  hl_client *c = call->client;

  hl_call_destroy(call);
  hl_client_drop(c);
}

static hl_carrier *carrier_of (hl_thread *t, hl_client *c) {
  if (c->posted.thread != t->number) { /* made by the parent's, before a fork */
    c->posted.carrier = NULL;
    hl_list_init(&c->posted.link);
  }
  if (c->posted.carrier == NULL) {
    c->posted.carrier = hl_carrier_new(&c->settings, t->poller);
    if (c->posted.carrier == NULL)
      return NULL;
    c->posted.thread = t->number;
    hl_client_hold(c);
    hl_list_put(&t->clients, &c->posted.link);
  }
  return c->posted.carrier;
}

static void settled (hl_thread *t, hl_call *call) {
  hl_list_put(&t->settled, &call->done);
}

/* To the mailbox, unless its owner gave it up: then it is posted once more. */
static void deliver_if_wanted (hl_call *call, int64_t now_us) {
  hl_list_take(&call->done);
  if (!call->posted.abandoned)
    hl_mailbox_deliver(call, now_us);
}

/* What is settled to the mailboxes, all at once. */
static void deliver (hl_thread *t) {
  int64_t now_us = hl_now_us();

  if (hl_list_is_empty(&t->settled))
    return;
  hl_mailboxes_open();
  while (!hl_list_is_empty(&t->settled))
    deliver_if_wanted(HL_HOLDER(t->settled.next, hl_call, done), now_us);
  hl_mailboxes_close();
}

static void bury (hl_call *call) {
  if (hl_call_is_running(call))
    hl_carrier_stop(call->client->posted.carrier, call, HL_CANCELLED,
                    "freed while it ran");
  hl_list_take(&call->done);
  hl_orders_lock();
  hl_mailbox_lose(call, hl_now_us());
  hl_orders_unlock();
  destroy(call);
}

static void begin (hl_thread *t, hl_call *call) {
  hl_client *c = call->client;
  hl_carrier *carrier;

  if (call->state == HL_CALL_PREPARED) {
    carrier = c->posted.closed ? NULL : carrier_of(t, c);
    if (carrier != NULL) {
      hl_carrier_start(carrier, call);
      hl_poller_yield(t->poller);
      return; /* what comes of it is among the carrier's news */
    }
    hl_call_stop(call, c->posted.closed ? HL_CANCELLED : HL_MEMORY,
                 "the client was closed", hl_now_us());
  }
  settled(t, call);
}

static void tell_news (hl_thread *t, hl_client *c) {
  hl_call *call;

  while ((call = hl_carrier_next(c->posted.carrier)) != NULL)
    if (hl_call_result(call) != NULL)
      settled(t, call);
}

static void end_carrier (hl_thread *t, hl_client *c, const char *why) {
  hl_carrier_stop_all(c->posted.carrier, HL_CANCELLED, why);
  tell_news(t, c);
  hl_carrier_free(c->posted.carrier);
  c->posted.carrier = NULL;
  hl_list_take(&c->posted.link);
  hl_client_drop(c);
}

static void follow_orders (hl_thread *t) {
  hl_call *call;
  hl_client *c;
  bool abandoned;

  while ((call = hl_orders_take_call(&abandoned)) != NULL) {
    if (abandoned)
      bury(call);
    else
      begin(t, call);
  }
  while ((c = hl_orders_take_client()) != NULL) {
    c->posted.closed = true;
    if (c->posted.carrier != NULL && c->posted.thread == t->number)
      end_carrier(t, c, "the client was closed while this call ran");
    hl_client_drop(c);
  }
}

/* How its limits are, for whoever asks the client. */
static void show (hl_client *c, int64_t now_us) {
  const hl_carrier *carrier = c->posted.carrier;

  pthread_mutex_lock(&c->shown.lock);
  if (c->settings.token != NULL)
    c->shown.ready_us = hl_carrier_ready(carrier, c->settings.token, now_us);
  c->shown.limits = *hl_carrier_limits(carrier);
  pthread_mutex_unlock(&c->shown.lock);
}

/* Whose attempts ended while others were waited for hears of it before new ones
** begin. */
static void tell_ends (hl_thread *t) {
  hl_link *link;

  for (link = t->clients.next; link != &t->clients; link = link->next) {
    hl_client *c = HL_HOLDER(link, hl_client, posted.link);
    if (hl_carrier_conclude(c->posted.carrier) > 0)
      tell_news(t, c);
  }
  deliver(t);
}

/* Every client's turn. When the next is due. */
static int64_t give_turns (hl_thread *t) {
  int64_t now_us, due_us = INT64_MAX;
  hl_link *link;

  for (link = t->clients.next; link != &t->clients; link = link->next) {
    hl_client *c = HL_HOLDER(link, hl_client, posted.link);
    hl_carrier *carrier = c->posted.carrier;
    if (hl_carrier_running(carrier) > 0)
      hl_carrier_turn(carrier);
    tell_news(t, c);
    now_us = hl_now_us();
    show(c, now_us);
    if (hl_carrier_running(carrier) > 0)
      due_us = hl_sooner(due_us, hl_carrier_due(carrier, now_us));
  }
  deliver(t);
  return due_us;
}

/* Write to the mailboxes whose time has come. When that of the next will have;
** now, if there are orders. */
static int64_t prepare_to_rest (int64_t now_us) {
  int64_t due_us;

  hl_mailboxes_open();
  due_us = hl_mailboxes_ring(now_us);
  if (!hl_orders_rest())
    due_us = 0;
  hl_mailboxes_close();
  return due_us;
}

static void wait_until (hl_thread *t, int64_t due_us) {
  int64_t now_us = hl_now_us();
  char bytes[16];
  hl_watch *w;
  int ready;

  due_us = hl_sooner(due_us, prepare_to_rest(now_us));
  hl_poller_wait(t->poller, hl_ms_until(due_us, now_us, LONGEST_MS));
  hl_orders_look();
  while ((w = hl_poller_next(t->poller, &ready)) != NULL) {
    if (w == &t->woken)
      (void)!read(t->wake[0], bytes, sizeof(bytes));
    else
      hl_engine_ready(w->owner, w, ready);
  }
}

static void *run (void *arg) {
  hl_thread *t = arg;

#ifdef __linux__
  pthread_setname_np(pthread_self(), "highlevel"); /* for top and gdb */
#endif
  while (!hl_orders_are_over()) {
    follow_orders(t);
    wait_until(t, give_turns(t));
    tell_ends(t);
  }
  follow_orders(t);
  while (!hl_list_is_empty(&t->clients))
    end_carrier(t, HL_HOLDER(t->clients.next, hl_client, posted.link),
                "the program ends");
  deliver(t);
  follow_orders(t); /* calls given up meanwhile */
  deliver(t);
  return NULL;
}

/*------------------------------------------------------ its birth and end */

static hl_thread *current;      /* NULL: there is none */
static unsigned long n_threads; /* ever made, also in parent processes */

/* Guards both; held by whoever makes or ends the thread. */
static pthread_mutex_t life = PTHREAD_MUTEX_INITIALIZER;

static void before_fork (void) {
  pthread_mutex_lock(&life);
  hl_mailboxes_hold();
  hl_orders_open();
}

static void after_fork (void) {
  hl_orders_close();
  hl_mailboxes_release();
  pthread_mutex_unlock(&life);
}

/* The thread is the parent's, and so is what it carries. */
static void in_child (void) {
  current = NULL;
  hl_orders_forget();
  hl_mailboxes_mute();
  after_fork();
}

static void thread_free (hl_thread *t) {
  hl_poller_drop(t->poller, &t->woken);
  hl_poller_free(t->poller);
  close(t->wake[0]);
  close(t->wake[1]);
  free(t);
}

static hl_thread *thread_new (void) {
  hl_thread *t = calloc(1, sizeof(*t));

  if (t == NULL)
    return NULL;
  hl_list_init(&t->clients);
  hl_list_init(&t->settled);
  hl_watch_init(&t->woken, -1, NULL);
  t->poller = hl_poller_new();
  if (t->poller == NULL) {
    int why = errno;
    free(t);
    errno = why;
    return NULL;
  }
  if (!hl_pipe(t->wake)) {
    int why = errno;
    hl_poller_free(t->poller);
    free(t);
    errno = why;
    return NULL;
  }
  hl_poller_share(t->poller);
  t->woken.fd = t->wake[0];
  if (hl_poller_want(t->poller, &t->woken, HL_READABLE))
    return t;
  thread_free(t);
  return NULL;
}

/* Signals are for the program's own threads. 0, or an errno. */
static int launch (hl_thread *t) {
  sigset_t all, before;
  int why;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  why = pthread_create(&t->id, NULL, run, t);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return why;
}

/* Where orders go from now on. */
static void go_to (int fd) {
  hl_orders_open();
  hl_orders_go_to(fd);
  hl_orders_close();
}

static bool make_thread (void) {
  static bool watches_forks;
  hl_thread *t;
  int why;

  errno = ENOMEM;
  if (!watches_forks)
    watches_forks = pthread_atfork(before_fork, after_fork, in_child) == 0;
  t = watches_forks ? thread_new() : NULL;
  if (t == NULL)
    return false;
  t->number = ++n_threads;
  go_to(t->wake[1]);
  why = launch(t);
  if (why != 0) {
    go_to(-1);
    thread_free(t);
    errno = why;
    return false;
  }
  current = t;
  return true;
}

bool hl_thread_need (void) {
  bool there;

  pthread_mutex_lock(&life);
  there = current != NULL || make_thread();
  pthread_mutex_unlock(&life);
  return there;
}

/* To end; NULL: there is none, or somebody needs it. */
static hl_thread *take_thread (void) {
  hl_thread *t = NULL;

  hl_orders_open();
  if (hl_mailboxes_are_gone())
    t = current;
  if (t != NULL)
    hl_orders_end();
  hl_orders_close();
  return t;
}

void hl_thread_end (void) {
  hl_thread *t;
  hl_client *c;

  pthread_mutex_lock(&life);
  t = take_thread();
  if (t != NULL) {
    pthread_join(t->id, NULL);
    current = NULL;
    go_to(-1);
    thread_free(t);
    while ((c = hl_orders_take_client()) != NULL) /* closed too late */
      hl_client_drop(c);
  }
  pthread_mutex_unlock(&life);
}

/*------------------------------------------------------- the caller's side */

hl_kind hl_call_post (hl_call *call, hl_mailbox *m) {
  hl_client *c = call->client;

  if (!hl_thread_need())
    return HL_MEMORY;
  if (c->closed && call->state == HL_CALL_PREPARED)
    hl_call_stop(call, HL_CANCELLED, "the client is closed", hl_now_us());
  c->posted.used = true;
  call->posted.process = hl_process_number();
  hl_orders_open();
  call->posted.abandoned = false;
  hl_mailbox_expect(m, call);
  hl_orders_put_call(call);
  hl_orders_close();
  return HL_OK;
}

bool hl_thread_let_go (hl_call *call) {
  bool ours = true;

  if (call->posted.mailbox == NULL)
    return true;
  hl_orders_open();
  if (call->posted.at == HL_IN_MAILBOX) {
    hl_mailbox_forget(call);
  } else if (call->posted.at == HL_WITH_THREAD) {
    ours = false;
    if (call->posted.process == hl_process_number()) {
      call->posted.abandoned = true;
      hl_orders_put_call(call);
    }
  }
  hl_orders_close();
  return ours;
}

void hl_thread_close (hl_client *c) {
  if (!c->posted.used)
    return;
  hl_orders_open();
  hl_orders_put_client(c);
  hl_orders_close();
}
