/*
** client.h: one account, and the calls it makes.
*/
#ifndef HL_CLIENT_H
#define HL_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "call.h"
#include "carrier.h"

struct hl_client {
  hl_settings settings; /* never change */
  atomic_int holders;   /* the owner, each call, and a thread that closes it */
  bool closed;

  /* Whoever carries the calls: the owner, step by step ... */
  hl_poller *poller;
  hl_carrier *carrier;   /* made at first use */
  unsigned long process; /* in which it was made */
  hl_link news;          /* calls that it left with news */

  /* ... or a thread, whose business this is. */
  struct {
    hl_carrier *carrier;
    unsigned long thread; /* the number of the thread that made it */
    bool closed;
    hl_link link;    /* among its clients */
    hl_link closing; /* among those to be closed */
    bool used;       /* the owner's: something was posted */
  } posted;
  struct {
    pthread_mutex_t lock;
    int64_t ready_us;     /* see hl_client_ready_ms */
    hl_rate_limit limits; /* see hl_client_limits */
  } shown;                /* by the thread, as it last saw it */
};

void hl_client_hold (hl_client *c);
void hl_client_drop (hl_client *c);

#endif
