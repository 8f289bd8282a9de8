/*
** poller.c: which sockets have something to do.
*/
#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "highlevel.h"

#if defined(__linux__) && !defined(HL_NO_EPOLL)
#define HL_EPOLL 1
#include <sys/epoll.h>
#else
#define HL_EPOLL 0
#endif

#define BATCH 64

/* Half a microsecond is what a yield costs. libcurl looks at one of many transfers
** over a connection in less than one, and reads an answer in ten. */
#define SPAN_US 10

typedef struct found {
  hl_watch *watch; /* NULL: dropped since */
  int ready;
} found;

struct hl_poller {
  hl_link watches;
  found batch[BATCH];
  int n;    /* found */
  int next; /* to hand out */
  bool shared;
  int64_t since_us; /* when it last waited or yielded */
#if HL_EPOLL
  int fd;
#else
  struct pollfd *fds; /* made anew for each wait */
  hl_watch **of;      /* whose they are */
  size_t n_watches;
  size_t room;
  size_t turn; /* where to begin, so that nobody starves */
#endif
};

void hl_watch_init (hl_watch *w, int fd, void *owner) {
  hl_list_init(&w->link);
  w->fd = fd;
  w->wanted = 0;
  w->owner = owner;
}

static void forget (hl_poller *p, const hl_watch *w) {
  int i;

  for (i = p->next; i < p->n; i++)
    if (p->batch[i].watch == w)
      p->batch[i].watch = NULL;
}

hl_watch *hl_poller_next (hl_poller *p, int *ready) {
  while (p->next < p->n) {
    found *f = &p->batch[p->next++];
    if (f->watch != NULL) {
      *ready = f->ready;
      return f->watch;
    }
  }
  return NULL;
}

void hl_poller_share (hl_poller *p) {
  p->shared = true;
}

bool hl_poller_is_shared (const hl_poller *p) {
  return p->shared;
}

void hl_poller_yield (hl_poller *p) {
  if (!p->shared || hl_now_us() - p->since_us < SPAN_US)
    return;
  (void)sched_yield();
  p->since_us = hl_now_us();
}

bool hl_set_quiet (int fd) {
  int flags = fcntl(fd, F_GETFL);

  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool hl_pipe (int fds[2]) {
  if (pipe(fds) != 0)
    return false;
  if (hl_set_quiet(fds[0]) && hl_set_quiet(fds[1]))
    return true;
  close(fds[0]);
  close(fds[1]);
  return false;
}

void hl_write_byte (int fd) {
  ssize_t n;

  do
    n = write(fd, "\n", 1);
  while (n < 0 && errno == EINTR); /* full is as good as written */
}

#if HL_EPOLL

hl_poller *hl_poller_new (void) {
  hl_poller *p = calloc(1, sizeof(*p));

  if (p == NULL)
    return NULL;
  hl_list_init(&p->watches);
  p->fd = epoll_create1(EPOLL_CLOEXEC);
  if (p->fd < 0) {
    int why = errno;
    free(p);
    errno = why;
    return NULL;
  }
  return p;
}

void hl_poller_free (hl_poller *p) {
  if (p != NULL) {
    close(p->fd);
    free(p);
  }
}

bool hl_poller_want (hl_poller *p, hl_watch *w, int wanted) {
  struct epoll_event event = {0};
  bool known = w->wanted != 0;
  int rc;

  if (wanted == w->wanted)
    return true;
  if (wanted == 0) {
    hl_poller_drop(p, w);
    return true;
  }
  event.events = ((wanted & HL_READABLE) != 0 ? (unsigned)EPOLLIN : 0U) |
                 ((wanted & HL_WRITABLE) != 0 ? (unsigned)EPOLLOUT : 0U);
  event.data.ptr = w;
  rc = epoll_ctl(p->fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &event);
  if (rc != 0)
    return false;
  if (!known)
    hl_list_put(&p->watches, &w->link);
  w->wanted = wanted;
  return true;
}

/* Not left to close(): the descriptor may live on in a child process. */
void hl_poller_drop (hl_poller *p, hl_watch *w) {
  struct epoll_event event = {0};

  if (w->wanted == 0)
    return;
  (void)epoll_ctl(p->fd, EPOLL_CTL_DEL, w->fd, &event);
  hl_list_take(&w->link);
  w->wanted = 0;
  forget(p, w);
}

static void find (hl_poller *p, int timeout_ms) {
  struct epoll_event events[BATCH];
  int i, n = epoll_wait(p->fd, events, BATCH, timeout_ms);

  p->next = 0;
  p->n = n > 0 ? n : 0; /* a signal: nothing was found */
  for (i = 0; i < p->n; i++) {
    unsigned e = events[i].events;
    p->batch[i].watch = events[i].data.ptr;
    p->batch[i].ready = ((e & EPOLLIN) != 0 ? HL_READABLE : 0) |
                        ((e & EPOLLOUT) != 0 ? HL_WRITABLE : 0) |
                        ((e & (EPOLLERR | EPOLLHUP)) != 0 ? HL_BROKEN : 0);
  }
}

#else /* poll */

hl_poller *hl_poller_new (void) {
  hl_poller *p = calloc(1, sizeof(*p));

  if (p != NULL)
    hl_list_init(&p->watches);
  return p;
}

void hl_poller_free (hl_poller *p) {
  if (p != NULL) {
    free(p->fds);
    free(p->of);
    free(p);
  }
}

static bool make_room (hl_poller *p) {
  size_t room = p->room * 2 + 16;
  struct pollfd *fds;
  hl_watch **of;

  if (p->n_watches < p->room)
    return true;
  fds = realloc(p->fds, room * sizeof(*fds));
  if (fds == NULL)
    return false;
  p->fds = fds;
  of = realloc(p->of, room * sizeof(hl_watch *));
  if (of == NULL)
    return false;
  p->of = of;
  p->room = room;
  return true;
}

bool hl_poller_want (hl_poller *p, hl_watch *w, int wanted) {
  if (wanted == 0) {
    hl_poller_drop(p, w);
    return true;
  }
  if (w->wanted == 0) {
    if (!make_room(p))
      return false;
    hl_list_put(&p->watches, &w->link);
    p->n_watches++;
  }
  w->wanted = wanted;
  return true;
}

void hl_poller_drop (hl_poller *p, hl_watch *w) {
  if (w->wanted == 0)
    return;
  hl_list_take(&w->link);
  p->n_watches--;
  w->wanted = 0;
  forget(p, w);
}

static void gather (hl_poller *p) {
  hl_link *link;
  size_t i = 0;

  for (link = p->watches.next; link != &p->watches; link = link->next, i++) {
    hl_watch *w = HL_HOLDER(link, hl_watch, link);
    p->of[i] = w;
    p->fds[i].fd = w->fd;
    p->fds[i].events = (short)(((w->wanted & HL_READABLE) != 0 ? POLLIN : 0) |
                               ((w->wanted & HL_WRITABLE) != 0 ? POLLOUT : 0));
    p->fds[i].revents = 0;
  }
}

static void find (hl_poller *p, int timeout_ms) {
  size_t i, n = p->n_watches;

  p->next = 0;
  p->n = 0;
  gather(p);
  if (poll(p->fds, (nfds_t)n, timeout_ms) <= 0)
    return;
  for (i = 0; i < n && p->n < BATCH; i++) {
    size_t at = (p->turn + i) % n;
    short e = p->fds[at].revents;
    if (e == 0)
      continue;
    p->batch[p->n].watch = p->of[at];
    p->batch[p->n++].ready =
        ((e & POLLIN) != 0 ? HL_READABLE : 0) |
        ((e & POLLOUT) != 0 ? HL_WRITABLE : 0) |
        ((e & (POLLERR | POLLHUP | POLLNVAL)) != 0 ? HL_BROKEN : 0);
  }
  p->turn += i;
}

#endif

void hl_poller_wait (hl_poller *p, int timeout_ms) {
  find(p, timeout_ms);
  if (p->shared)
    p->since_us = hl_now_us();
}
