/*
** poller.h: which sockets have something to do.
**
** epoll on Linux, poll elsewhere. Whoever watches a socket owns its hl_watch;
** what a wait found is handed out one by one, and a watch that is dropped
** meanwhile is not.
**
** The thread that waits here may share a processor with an event loop, which the
** scheduler would let wait for a millisecond or more. So the library's own thread
** yields between two small pieces of work; a program's threads do not.
*/
#ifndef HL_POLLER_H
#define HL_POLLER_H

#include <stdbool.h>

#include "list.h"

typedef enum hl_readiness {
  HL_READABLE = 1,
  HL_WRITABLE = 2,
  HL_BROKEN = 4
} hl_readiness;

typedef struct hl_watch {
  hl_link link; /* in the poller's watches */
  int fd;
  int wanted; /* HL_READABLE, HL_WRITABLE: what it is registered for */
  void *owner;
} hl_watch;

typedef struct hl_poller hl_poller;

/* NULL: out of memory, or of descriptors; errno says which. */
hl_poller *hl_poller_new (void);

/* Every watch must be dropped, but after a fork, in the child. */
void hl_poller_free (hl_poller *p);

void hl_watch_init (hl_watch *w, int fd, void *owner);

/* Wake up for that from now on; 0: for nothing. False: it cannot be. */
bool hl_poller_want (hl_poller *p, hl_watch *w, int wanted);

/* Before its descriptor is closed. */
void hl_poller_drop (hl_poller *p, hl_watch *w);

/* Wait up to so long for something to be ready. */
void hl_poller_wait (hl_poller *p, int timeout_ms);

/* The thread that waits here shares its processor: it is to yield. */
void hl_poller_share (hl_poller *p);
bool hl_poller_is_shared (const hl_poller *p);

/* Between two pieces of work: yield, if shared and if it has worked for a while. */
void hl_poller_yield (hl_poller *p);

/* One after the other of what the last wait found; NULL: no more. */
hl_watch *hl_poller_next (hl_poller *p, int *ready);

/* A descriptor that does not block, and that no other program gets. */
bool hl_set_quiet (int fd);

/* A pipe of two such. */
bool hl_pipe (int fds[2]);

/* A byte for whoever waits at the other end. */
void hl_write_byte (int fd);

#endif
