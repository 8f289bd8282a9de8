/*
** status.c: counts of what goes on in this process, for an operator's page.
*/
#include "status.h"

#include <stdatomic.h>

static atomic_long states[HL_CALL_SETTLED + 1];
static atomic_long kinds[HL_KINDS];
static atomic_long connections;

static void add (atomic_long *counter, long n) {
  atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static long value_of (atomic_long *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void hl_status_exists (hl_call_state state, int more) {
  add(&states[state], more);
}

void hl_status_moved (hl_call_state from, hl_call_state to) {
  add(&states[from], -1);
  add(&states[to], 1);
}

void hl_status_settled (hl_kind kind) {
  add(&kinds[kind], 1);
}

void hl_status_connected (int more) {
  add(&connections, more);
}

void hl_status_get (hl_status *s) {
  int i;

  s->sending = value_of(&states[HL_CALL_SENDING]);
  s->queued = value_of(&states[HL_CALL_QUEUED]);
  s->waiting = value_of(&states[HL_CALL_WAITING]);
  s->connections = value_of(&connections);
  for (i = 0; i < HL_KINDS; i++)
    s->finished[i] = value_of(&kinds[i]);
}
