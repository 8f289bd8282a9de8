/*
** cutter.c: a server that hangs up on whoever is still sending. See cutter.h.
*/
#include "cutter.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENOUGH 20000

/* Bytes from one to the other; how many, or -1 at the end. */
static ssize_t pass (int from, int to) {
  char bytes[4096];
  ssize_t n = recv(from, bytes, sizeof(bytes), 0);

  if (n <= 0)
    return -1;
  if (to >= 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) != n)
    return -1;
  return n;
}

static int reach (int port) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons((unsigned short)port);
  if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
    abort();
  return fd;
}

static void serve (int fd, int upstream) {
  struct linger at_once = {1, 0};
  int up = upstream > 0 ? reach(upstream) : -1;
  ssize_t sum = 0, n = 0;

  while (n >= 0 && sum < ENOUGH) {
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {up, POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0)
      n = pass(up, fd);
    if (n >= 0 && fds[0].revents != 0 && (n = pass(fd, up)) > 0)
      sum += n;
  }
  shutdown(fd, SHUT_WR); /* or who sends is told of a reset, and not EPIPE */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
  close(up);
}

void cutter_start (cutter *c, int upstream) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
      listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
    abort();
  c->port = ntohs(at.sin_port);
  c->pid = fork();
  if (c->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      serve(accept(fd, NULL, NULL), upstream);
  }
  close(fd);
}

void cutter_stop (cutter *c) {
  kill(c->pid, SIGKILL);
  waitpid(c->pid, NULL, 0);
}
