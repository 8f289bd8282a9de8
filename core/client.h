/*
** client.h: one account, and the calls it makes.
*/
#ifndef HL_CLIENT_H
#define HL_CLIENT_H

#include <sys/types.h>

#include "call.h"
#include "engine.h"
#include "queue.h"

struct hl_client {
  hl_settings settings;
  hl_poller *poller; /* made at first use, and the engine as well */
  hl_engine *engine;
  pid_t engine_pid; /* the process it belongs to */
  hl_queue queue;
  hl_link calls; /* every one that was not freed */
  hl_link news;  /* those of which something is to be told */
  int running;   /* started, and not settled */
  uint64_t dice; /* state of the random numbers */
  bool closed;
  bool freed; /* gone for its owner; the last call takes it along */
};

#endif
