/*
** orders.c: what the program asks of the process's thread.
*/
#include "orders.h"

#include <pthread.h>

#include "poller.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Held by who gives orders, so that `waker` stays open; taken before `lock`. */
static pthread_mutex_t giving = PTHREAD_MUTEX_INITIALIZER;
static bool to_wake;

/* Guarded by `lock`. */
static hl_link calls = {&calls, &calls};
static hl_link clients = {&clients, &clients};
static int waker = -1; /* and changed with `giving` as well */
static bool rests;     /* the thread waits, and nobody woke it */
static bool ending;    /* the thread is to end */

void hl_orders_lock (void) {
  pthread_mutex_lock(&lock);
}

void hl_orders_unlock (void) {
  pthread_mutex_unlock(&lock);
}

void hl_orders_open (void) {
  pthread_mutex_lock(&giving);
  pthread_mutex_lock(&lock);
}

void hl_orders_close (void) {
  pthread_mutex_unlock(&lock);
  if (to_wake && waker >= 0)
    hl_write_byte(waker);
  to_wake = false;
  pthread_mutex_unlock(&giving);
}

void hl_orders_wake (void) {
  to_wake = to_wake || rests;
  rests = false;
}

void hl_orders_put_call (hl_call *call) {
  if (hl_list_is_empty(&call->posted.link))
    hl_list_put(&calls, &call->posted.link);
  hl_orders_wake();
}

void hl_orders_put_client (hl_client *c) {
  if (waker >= 0 && hl_list_is_empty(&c->posted.closing)) {
    hl_client_hold(c);
    hl_list_put(&clients, &c->posted.closing);
    hl_orders_wake();
  }
}

void hl_orders_end (void) {
  ending = true;
  hl_orders_wake();
}

void hl_orders_go_to (int fd) {
  waker = fd;
  rests = false;
  ending = false;
}

void hl_orders_forget (void) {
  while (!hl_list_is_empty(&calls))
    hl_list_take(calls.next);
  while (!hl_list_is_empty(&clients))
    hl_list_take(clients.next);
  hl_orders_go_to(-1);
}

hl_call *hl_orders_take_call (bool *abandoned) {
  hl_call *call = NULL;

  hl_orders_lock();
  if (!hl_list_is_empty(&calls)) {
    call = HL_HOLDER(calls.next, hl_call, posted.link);
    hl_list_take(&call->posted.link);
    *abandoned = call->posted.abandoned;
  }
  hl_orders_unlock();
  return call;
}

hl_client *hl_orders_take_client (void) {
  hl_client *c = NULL;

  hl_orders_lock();
  if (!hl_list_is_empty(&clients)) {
    c = HL_HOLDER(clients.next, hl_client, posted.closing);
    hl_list_take(&c->posted.closing);
  }
  hl_orders_unlock();
  return c;
}

bool hl_orders_are_over (void) {
  bool over;

  hl_orders_lock();
  over = ending;
  hl_orders_unlock();
  return over;
}

bool hl_orders_rest (void) {
  rests = !ending && hl_list_is_empty(&calls) && hl_list_is_empty(&clients);
  return rests;
}

void hl_orders_look (void) {
  hl_orders_lock();
  rests = false;
  hl_orders_unlock();
}
