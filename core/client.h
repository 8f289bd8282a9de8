/*
** client.h: one account, and the calls it makes.
*/
#ifndef HL_CLIENT_H
#define HL_CLIENT_H

#include <sys/types.h>

#include "call.h"
#include "engine.h"

struct hl_client {
  hl_settings settings;
  hl_engine *engine; /* made at first use */
  pid_t engine_pid;  /* the process it belongs to */
  hl_call *calls;    /* every one that was not freed */
  bool closed;
  bool freed; /* gone for its owner; the last call takes it along */
};

#endif
