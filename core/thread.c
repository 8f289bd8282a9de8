/*
** thread.c: the one thread of this process that carries posted calls.
**
** One lock guards what both sides touch: the calls and clients posted, the
** mailboxes, and where each call is. It is held for a few instructions only.
** Carriers, their queues and engines are the thread's alone.
*/
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "process.h"

/* How long a mailbox is quiet before its reader is told that it may leave. */
#define QUIET_US INT64_C(100000)

#define LONGEST_MS 60000 /* one wait */

struct hl_mailbox {
  hl_link calls;  /* settled */
  hl_link link;   /* among the thread's mailboxes, once something was posted */
  int fd;         /* -1: freed by its owner */
  int holders;    /* the owner, and every call posted to it */
  int expected;   /* posted, and not taken or freed */
  int on_the_way; /* posted, and not in it yet */
  int64_t quiet_us; /* when to say that nothing is left; INT64_MAX: said */
  int64_t alarm_us; /* when to write a byte in any case; INT64_MAX: never */
  bool told;        /* a byte was written since it was found empty */
};

typedef struct hl_thread {
  pthread_t id;
  unsigned long number;
  hl_poller *poller;
  int wake[2]; /* a pipe */
  hl_watch woken;
  hl_link clients; /* that have a carrier */
} hl_thread;

/* Guarded by `lock`, all of it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hl_thread *current;      /* NULL: there is none */
static unsigned long n_threads; /* ever made, also in parent processes */
static hl_link posted = {&posted, &posted};    /* calls to start, or to drop */
static hl_link closing = {&closing, &closing}; /* clients to close */
static hl_link mailboxes = {&mailboxes, &mailboxes};
static int n_mailboxes; /* that have an owner */
static bool woken;      /* a byte is in the pipe */
static bool ending;     /* the thread is to end */

static hl_call *posted_call (hl_link *link) {
  return HL_HOLDER(link, hl_call, posted.link);
}

static void write_byte (int fd) {
  ssize_t n;

  do
    n = write(fd, "\n", 1);
  while (n < 0 && errno == EINTR); /* full is as good as written */
}

/* With the lock. */
static void wake (void) {
  if (current != NULL && !woken) {
    woken = true;
    write_byte(current->wake[1]);
  }
}

/*-------------------------------------------------------------- mailboxes */

static void mailbox_drop (hl_mailbox *m) {
  if (--m->holders == 0) {
    hl_list_take(&m->link);
    free(m);
  }
}

static void tell (hl_mailbox *m) {
  if (m->fd >= 0 && !m->told) {
    m->told = true;
    write_byte(m->fd);
  }
}

/* One less on the way. With the lock. */
static void arrived (hl_mailbox *m, int64_t now_us) {
  if (--m->on_the_way == 0)
    m->quiet_us = now_us + QUIET_US;
}

/* A settled call to where it is expected. With the lock. */
static void deliver (hl_call *call, int64_t now_us) {
  hl_mailbox *m = call->posted.mailbox;

  hl_list_put(&m->calls, &call->posted.link);
  call->posted.at = HL_IN_MAILBOX;
  arrived(m, now_us);
  tell(m);
}

/* The call is nobody's any more but who holds it. With the lock. */
static void forget (hl_call *call) {
  hl_mailbox *m = call->posted.mailbox;

  hl_list_take(&call->posted.link);
  call->posted.mailbox = NULL;
  call->posted.at = HL_WITH_CALLER;
  m->expected--;
  mailbox_drop(m);
}

hl_mailbox *hl_mailbox_new (int fd) {
  hl_mailbox *m = calloc(1, sizeof(*m));

  if (m == NULL)
    return NULL;
  hl_list_init(&m->calls);
  m->fd = fd;
  m->holders = 1;
  m->quiet_us = INT64_MAX;
  m->alarm_us = INT64_MAX;
  pthread_mutex_lock(&lock);
  hl_list_put(&mailboxes, &m->link);
  n_mailboxes++;
  pthread_mutex_unlock(&lock);
  return m;
}

void hl_mailbox_redirect (hl_mailbox *m, int fd) {
  pthread_mutex_lock(&lock);
  m->fd = fd;
  m->told = false;
  if (!hl_list_is_empty(&m->calls))
    tell(m);
  else if (m->on_the_way == 0)
    m->quiet_us = 0; /* nobody shall wait in vain */
  wake();
  pthread_mutex_unlock(&lock);
}

hl_call *hl_mailbox_take (hl_mailbox *m) {
  hl_call *call = NULL;

  pthread_mutex_lock(&lock);
  if (hl_list_is_empty(&m->calls)) {
    m->told = false;
  } else {
    call = posted_call(m->calls.next);
    forget(call);
  }
  pthread_mutex_unlock(&lock);
  return call;
}

int hl_mailbox_expected (const hl_mailbox *m) {
  int n;

  pthread_mutex_lock(&lock);
  n = m->expected;
  pthread_mutex_unlock(&lock);
  return n;
}

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

/* To the mailbox, unless its owner gave it up: then it is posted once more. */
static void deliver_if_wanted (hl_call *call) {
  int64_t now_us = hl_now_us();

  pthread_mutex_lock(&lock);
  if (!call->posted.abandoned)
    deliver(call, now_us);
  pthread_mutex_unlock(&lock);
}

static void bury (hl_call *call) {
  if (hl_call_is_running(call))
    hl_carrier_stop(call->client->posted.carrier, call, HL_CANCELLED,
                    "freed while it ran");
  pthread_mutex_lock(&lock);
  arrived(call->posted.mailbox, hl_now_us());
  forget(call);
  pthread_mutex_unlock(&lock);
  destroy(call);
}

static void begin (hl_thread *t, hl_call *call) {
  hl_client *c = call->client;
  hl_carrier *carrier;

  if (call->state == HL_CALL_PREPARED) {
    carrier = c->posted.closed ? NULL : carrier_of(t, c);
    if (carrier != NULL) {
      hl_carrier_start(carrier, call);
      return; /* what comes of it is among the carrier's news */
    }
    hl_call_stop(call, c->posted.closed ? HL_CANCELLED : HL_MEMORY,
                 "the client was closed", hl_now_us());
  }
  deliver_if_wanted(call);
}

static void tell_news (hl_client *c) {
  hl_call *call;

  while ((call = hl_carrier_next(c->posted.carrier)) != NULL)
    if (hl_call_result(call) != NULL)
      deliver_if_wanted(call);
}

static void end_carrier (hl_client *c, const char *why) {
  hl_carrier_stop_all(c->posted.carrier, HL_CANCELLED, why);
  tell_news(c);
  hl_carrier_free(c->posted.carrier);
  c->posted.carrier = NULL;
  hl_list_take(&c->posted.link);
  hl_client_drop(c);
}

static hl_call *take_call (bool *abandoned) {
  hl_call *call = NULL;

  pthread_mutex_lock(&lock);
  if (!hl_list_is_empty(&posted)) {
    call = posted_call(posted.next);
    hl_list_take(&call->posted.link);
    *abandoned = call->posted.abandoned;
  }
  pthread_mutex_unlock(&lock);
  return call;
}

static hl_client *take_client (void) {
  hl_client *c = NULL;

  pthread_mutex_lock(&lock);
  if (!hl_list_is_empty(&closing)) {
    c = HL_HOLDER(closing.next, hl_client, posted.closing);
    hl_list_take(&c->posted.closing);
  }
  pthread_mutex_unlock(&lock);
  return c;
}

static void follow_orders (hl_thread *t) {
  hl_call *call;
  hl_client *c;
  bool abandoned;

  while ((call = take_call(&abandoned)) != NULL) {
    if (abandoned)
      bury(call);
    else
      begin(t, call);
  }
  while ((c = take_client()) != NULL) {
    c->posted.closed = true;
    if (c->posted.carrier != NULL && c->posted.thread == t->number)
      end_carrier(c, "the client was closed while this call ran");
    hl_client_drop(c);
  }
}

/* Every client's turn. When the next is due. */
static int64_t give_turns (hl_thread *t) {
  int64_t now_us, due_us = INT64_MAX, next_us;
  hl_link *link;

  for (link = t->clients.next; link != &t->clients; link = link->next) {
    hl_client *c = HL_HOLDER(link, hl_client, posted.link);
    hl_carrier *carrier = c->posted.carrier;
    if (hl_carrier_running(carrier) > 0)
      hl_carrier_turn(carrier);
    tell_news(c);
    now_us = hl_now_us();
    if (c->settings.token != NULL)
      atomic_store(&c->ready_us,
                   hl_carrier_ready(carrier, c->settings.token, now_us));
    if (hl_carrier_running(carrier) > 0) {
      next_us = hl_carrier_due(carrier, now_us);
      if (next_us < due_us)
        due_us = next_us;
    }
  }
  return due_us;
}

static int64_t sooner (int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Mailboxes that have been quiet for a while, or wanted to be woken now. When
** the next is due. */
static int64_t ring (int64_t now_us) {
  int64_t due_us = INT64_MAX;
  hl_link *link;

  pthread_mutex_lock(&lock);
  for (link = mailboxes.next; link != &mailboxes; link = link->next) {
    hl_mailbox *m = HL_HOLDER(link, hl_mailbox, link);
    if (m->quiet_us <= now_us || m->alarm_us <= now_us) {
      if (m->quiet_us <= now_us)
        m->quiet_us = INT64_MAX;
      if (m->alarm_us <= now_us)
        m->alarm_us = INT64_MAX;
      tell(m);
    }
    due_us = sooner(due_us, sooner(m->quiet_us, m->alarm_us));
  }
  pthread_mutex_unlock(&lock);
  return due_us;
}

static void answer_wake (hl_thread *t) {
  char bytes[16];

  pthread_mutex_lock(&lock);
  (void)!read(t->wake[0], bytes, sizeof(bytes));
  woken = false;
  pthread_mutex_unlock(&lock);
}

static void wait_until (hl_thread *t, int64_t due_us) {
  int64_t now_us = hl_now_us(), ms = LONGEST_MS;
  int64_t ring_us = ring(now_us);
  hl_watch *w;
  int ready;

  due_us = sooner(due_us, ring_us);
  if (due_us <= now_us)
    ms = 0;
  else if ((due_us - now_us) / 1000 < LONGEST_MS)
    ms = (due_us - now_us + 999) / 1000;
  hl_poller_wait(t->poller, (int)ms);
  while ((w = hl_poller_next(t->poller, &ready)) != NULL) {
    if (w == &t->woken)
      answer_wake(t);
    else
      hl_engine_ready(w->owner, w, ready);
  }
}

static bool is_ending (void) {
  bool is;

  pthread_mutex_lock(&lock);
  is = ending;
  pthread_mutex_unlock(&lock);
  return is;
}

static void *run (void *arg) {
  hl_thread *t = arg;

  while (!is_ending()) {
    follow_orders(t);
    wait_until(t, give_turns(t));
  }
  follow_orders(t);
  while (!hl_list_is_empty(&t->clients))
    end_carrier(HL_HOLDER(t->clients.next, hl_client, posted.link),
                "the program ends");
  follow_orders(t); /* calls given up meanwhile */
  return NULL;
}

/*------------------------------------------------------ its birth and end */

/* Held by whoever makes or ends the thread, outside of `lock`. */
static pthread_mutex_t life = PTHREAD_MUTEX_INITIALIZER;

static void before_fork (void) {
  pthread_mutex_lock(&life);
  pthread_mutex_lock(&lock);
}

static void after_fork (void) {
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&life);
}

/* The thread is the parent's, and so is what it carries. */
static void in_child (void) {
  hl_link *link;

  current = NULL;
  woken = false;
  ending = false;
  while (!hl_list_is_empty(&posted))
    hl_list_take(posted.next);
  while (!hl_list_is_empty(&closing))
    hl_list_take(closing.next);
  for (link = mailboxes.next; link != &mailboxes; link = link->next)
    HL_HOLDER(link, hl_mailbox, link)->fd = -1;
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
  hl_watch_init(&t->woken, -1, NULL);
  t->poller = hl_poller_new();
  if (t->poller == NULL) {
    free(t);
    return NULL;
  }
  if (!hl_pipe(t->wake)) {
    hl_poller_free(t->poller);
    free(t);
    return NULL;
  }
  t->woken.fd = t->wake[0];
  if (hl_poller_want(t->poller, &t->woken, HL_READABLE))
    return t;
  thread_free(t);
  return NULL;
}

/* Signals are for the program's own threads. */
static bool launch (hl_thread *t) {
  sigset_t all, before;
  bool ok;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  ok = pthread_create(&t->id, NULL, run, t) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return ok;
}

static bool make_thread (void) {
  static bool watches_forks;
  hl_thread *t;

  if (!watches_forks)
    watches_forks = pthread_atfork(before_fork, after_fork, in_child) == 0;
  t = watches_forks ? thread_new() : NULL;
  if (t == NULL)
    return false;
  t->number = ++n_threads;
  if (!launch(t)) {
    thread_free(t);
    return false;
  }
  pthread_mutex_lock(&lock);
  current = t;
  pthread_mutex_unlock(&lock);
  return true;
}

static bool need_thread (void) {
  bool there;

  pthread_mutex_lock(&life);
  pthread_mutex_lock(&lock);
  there = current != NULL;
  pthread_mutex_unlock(&lock);
  there = there || make_thread();
  pthread_mutex_unlock(&life);
  return there;
}

static void end_thread (void) {
  hl_thread *t = NULL;
  hl_client *c;

  pthread_mutex_lock(&life);
  pthread_mutex_lock(&lock);
  if (n_mailboxes == 0 && current != NULL) {
    t = current;
    ending = true;
    wake();
  }
  pthread_mutex_unlock(&lock);
  if (t != NULL) {
    pthread_join(t->id, NULL);
    pthread_mutex_lock(&lock);
    current = NULL;
    ending = false;
    woken = false;
    pthread_mutex_unlock(&lock);
    thread_free(t);
    while ((c = take_client()) != NULL) /* closed too late to be noticed */
      hl_client_drop(c);
  }
  pthread_mutex_unlock(&life);
}

/*------------------------------------------------------- the caller's side */

void hl_mailbox_free (hl_mailbox *m) {
  bool last;

  if (m == NULL)
    return;
  pthread_mutex_lock(&lock);
  m->fd = -1;
  m->quiet_us = INT64_MAX;
  mailbox_drop(m);
  last = --n_mailboxes == 0;
  pthread_mutex_unlock(&lock);
  if (last)
    end_thread();
}

hl_kind hl_mailbox_alarm (hl_mailbox *m, int in_ms) {
  if (!need_thread())
    return HL_MEMORY;
  pthread_mutex_lock(&lock);
  m->alarm_us = hl_now_us() + (int64_t)in_ms * 1000;
  wake();
  pthread_mutex_unlock(&lock);
  return HL_OK;
}

hl_kind hl_call_post (hl_call *call, hl_mailbox *m) {
  hl_client *c = call->client;

  if (!need_thread())
    return HL_MEMORY;
  if (c->closed && call->state == HL_CALL_PREPARED)
    hl_call_stop(call, HL_CANCELLED, "the client is closed", hl_now_us());
  c->posted.used = true;
  call->posted.mailbox = m;
  call->posted.process = hl_process_number();
  pthread_mutex_lock(&lock);
  m->holders++;
  m->expected++;
  m->on_the_way++;
  m->quiet_us = INT64_MAX;
  call->posted.abandoned = false;
  call->posted.at = HL_WITH_THREAD;
  hl_list_put(&posted, &call->posted.link);
  wake();
  pthread_mutex_unlock(&lock);
  return HL_OK;
}

bool hl_thread_let_go (hl_call *call) {
  bool ours = true;

  if (call->posted.mailbox == NULL)
    return true;
  pthread_mutex_lock(&lock);
  if (call->posted.at == HL_IN_MAILBOX) {
    forget(call);
  } else if (call->posted.at == HL_WITH_THREAD) {
    ours = false;
    if (call->posted.process == hl_process_number()) {
      call->posted.abandoned = true;
      if (hl_list_is_empty(&call->posted.link))
        hl_list_put(&posted, &call->posted.link);
      wake();
    }
  }
  pthread_mutex_unlock(&lock);
  return ours;
}

void hl_thread_close (hl_client *c) {
  if (!c->posted.used)
    return;
  pthread_mutex_lock(&lock);
  if (current != NULL && hl_list_is_empty(&c->posted.closing)) {
    hl_client_hold(c);
    hl_list_put(&closing, &c->posted.closing);
    wake();
  }
  pthread_mutex_unlock(&lock);
}
