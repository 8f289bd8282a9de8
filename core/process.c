/*
** process.c: which process is this?
*/
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_ulong number = 1;

static void in_child (void) {
  atomic_fetch_add(&number, 1);
}

bool hl_process_watch (void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool watches;
  bool ok;

  pthread_mutex_lock(&lock);
  if (!watches)
    watches = pthread_atfork(NULL, NULL, in_child) == 0;
  ok = watches;
  pthread_mutex_unlock(&lock);
  return ok;
}

unsigned long hl_process_number (void) {
  return atomic_load_explicit(&number, memory_order_relaxed);
}
