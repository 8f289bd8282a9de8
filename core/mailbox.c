/*
** mailbox.c: where posted calls arrive once they are settled.
*/
#include "mailbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "orders.h"
#include "poller.h"
#include "process.h"
#include "thread.h"

/* How long a mailbox is quiet before its reader is told that it may leave. */
#define QUIET_US INT64_C(100000)

struct hl_mailbox {
  hl_link calls;    /* settled */
  hl_link link;     /* among all mailboxes */
  hl_link untold;   /* among those to be written to */
  int fd;           /* -1: nobody is told */
  int holders;      /* the owner, and every call posted to it */
  int expected;     /* posted, and not taken or freed */
  int on_the_way;   /* posted, and not in it yet */
  int64_t quiet_us; /* when to say that nothing is left; INT64_MAX: said */
  int64_t alarm_us; /* when to write a byte in any case; INT64_MAX: never */
  bool told;        /* a byte is due or was written since it was empty */
  bool owed;        /* once it is, that nothing is left is still to be said */
};

static hl_link all = {&all, &all};
static int n_owned;

static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;
static hl_link untold = {&untold, &untold}; /* guarded by it */

static hl_mailbox *mailbox_at (hl_link *link) {
  return HL_HOLDER(link, hl_mailbox, link);
}

static void drop (hl_mailbox *m) {
  if (--m->holders == 0) {
    hl_list_take(&m->link);
    free(m);
  }
}

void hl_mailboxes_hold (void) {
  pthread_mutex_lock(&telling);
}

void hl_mailboxes_release (void) {
  pthread_mutex_unlock(&telling);
}

void hl_mailboxes_open (void) {
  hl_mailboxes_hold();
  hl_orders_lock();
}

/* Its owner, at the end of this. */
static void tell (hl_mailbox *m) {
  if (m->fd >= 0 && !m->told) {
    m->told = true;
    hl_list_put(&untold, &m->untold);
  }
}

void hl_mailboxes_close (void) {
  hl_orders_unlock();
  while (!hl_list_is_empty(&untold)) {
    hl_mailbox *m = HL_HOLDER(untold.next, hl_mailbox, untold);
    hl_list_take(&m->untold);
    hl_write_byte(m->fd);
  }
  hl_mailboxes_release();
}

/*---------------------------------------------------- calls on their way */

void hl_mailbox_expect (hl_mailbox *m, hl_call *call) {
  m->holders++;
  m->expected++;
  m->on_the_way++;
  m->quiet_us = INT64_MAX;
  m->owed = false;
  call->posted.mailbox = m;
  call->posted.at = HL_WITH_THREAD;
}

static void one_less (hl_mailbox *m, int64_t now_us) {
  if (--m->on_the_way == 0)
    m->quiet_us = now_us + QUIET_US;
}

void hl_mailbox_deliver (hl_call *call, int64_t now_us) {
  hl_mailbox *m = call->posted.mailbox;

  hl_list_put(&m->calls, &call->posted.link);
  call->posted.at = HL_IN_MAILBOX;
  one_less(m, now_us);
  tell(m);
}

void hl_mailbox_forget (hl_call *call) {
  hl_mailbox *m = call->posted.mailbox;

  hl_list_take(&call->posted.link);
  call->posted.mailbox = NULL;
  call->posted.at = HL_WITH_CALLER;
  m->expected--;
  drop(m);
}

void hl_mailbox_lose (hl_call *call, int64_t now_us) {
  one_less(call->posted.mailbox, now_us);
  hl_mailbox_forget(call);
}

/*---------------------------------------------------------- all mailboxes */

int64_t hl_mailboxes_ring (int64_t now_us) {
  int64_t due_us = INT64_MAX;
  hl_link *link;

  for (link = all.next; link != &all; link = link->next) {
    hl_mailbox *m = mailbox_at(link);
    if (m->quiet_us <= now_us) {
      m->owed = m->told; /* who has not read yet takes that byte for news */
      m->quiet_us = INT64_MAX;
      tell(m);
    }
    if (m->alarm_us <= now_us) {
      m->alarm_us = INT64_MAX;
      tell(m);
    }
    due_us = hl_sooner(due_us, hl_sooner(m->quiet_us, m->alarm_us));
  }
  return due_us;
}

bool hl_mailboxes_are_gone (void) {
  return n_owned == 0;
}

void hl_mailboxes_mute (void) {
  hl_link *link;

  for (link = all.next; link != &all; link = link->next)
    mailbox_at(link)->fd = -1;
}

/*----------------------------------------------------------- its owner's */

hl_mailbox *hl_mailbox_new (int fd) {
  hl_mailbox *m = hl_process_watch() ? calloc(1, sizeof(*m)) : NULL;

  if (m == NULL)
    return NULL;
  hl_list_init(&m->calls);
  hl_list_init(&m->untold);
  m->fd = fd;
  m->holders = 1;
  m->quiet_us = INT64_MAX;
  m->alarm_us = INT64_MAX;
  hl_orders_lock();
  hl_list_put(&all, &m->link);
  n_owned++;
  hl_orders_unlock();
  return m;
}

void hl_mailbox_free (hl_mailbox *m) {
  bool last;

  if (m == NULL)
    return;
  hl_mailboxes_open();
  m->fd = -1;
  m->quiet_us = INT64_MAX;
  m->alarm_us = INT64_MAX;
  drop(m);
  last = --n_owned == 0;
  hl_mailboxes_close();
  if (last)
    hl_thread_end();
}

void hl_mailbox_redirect (hl_mailbox *m, int fd) {
  hl_mailboxes_open();
  m->fd = fd;
  m->told = false;
  m->owed = false;
  if (!hl_list_is_empty(&m->calls) || m->on_the_way == 0)
    tell(m); /* nobody shall wait in vain; there may be no thread to say so */
  hl_mailboxes_close();
}

hl_kind hl_mailbox_alarm (hl_mailbox *m, int in_ms) {
  if (!hl_thread_need())
    return HL_MEMORY;
  hl_orders_open();
  m->alarm_us = hl_now_us() + (int64_t)in_ms * 1000;
  hl_orders_wake();
  hl_orders_close();
  return HL_OK;
}

hl_call *hl_mailbox_take (hl_mailbox *m) {
  hl_call *call = NULL;
  bool owed = false;

  hl_orders_lock();
  if (hl_list_is_empty(&m->calls)) {
    owed = m->owed && m->fd >= 0;
    m->told = owed;
    m->owed = false;
  } else {
    call = HL_HOLDER(m->calls.next, hl_call, posted.link);
    hl_mailbox_forget(call);
  }
  hl_orders_unlock();
  if (owed)
    hl_write_byte(m->fd);
  return call;
}

int hl_mailbox_expected (const hl_mailbox *m) {
  int n;

  hl_orders_lock();
  n = m->expected;
  hl_orders_unlock();
  return n;
}
