/*
** server.c: a small HTTP server in a process of its own. See server.h.
*/
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFE_S 600

/* One of each kind of value; an integer no double holds, a NUL in a text. */
static const char contact[] =
    "{\"succeded\":true,\"traceId\":\"0c2b1f1e-5d0a-4a39-9a4f-2f1c7d4a9b11\","
    "\"contact\":{\"id\":\"ocQHyuzHvysMo5N5VsXc\","
    "\"locationId\":\"C2QujeCh8ZnC7al2InWR\",\"firstName\":\"rosan\","
    "\"lastName\":\"D\\u00e9o\",\"email\":\"rosan@deos.com\",\"dnd\":true,"
    "\"dateOfBirth\":null,\"big\":9007199254740993,\"nul\":\"a\\u0000b\","
    "\"tags\":[\"nisi sint commodo amet\",\"consequat\",null],"
    "\"dndSettings\":{\"Call\":{\"status\":\"active\",\"code\":\"string\"}},"
    "\"customFields\":[{\"id\":\"6dvNaf7VhkQ9snc5vnjJ\",\"value\":100.5},"
    "{\"id\":\"7dvNaf7VhkQ9snc5vnjJ\",\"value\":[\"test\",\"test2\"]},"
    "{\"id\":\"8dvNaf7VhkQ9snc5vnjJ\",\"value\":{\"meta\":{\"size\":7}}}]}}";

static const char rejection[] =
    "{\"statusCode\":422,\"error\":\"Unprocessable Entity\","
    "\"traceId\":\"0c2b1f1e-5d0a-4a39-9a4f-2f1c7d4a9b11\","
    "\"message\":[\"email must be an email\","
    "\"property surname should not exist\","
    "\"dndSettings.Call.status must be a valid enum value\"],"
    "\"meta\":{\"contactId\":\"ocQHyuzHvysMo5N5VsXc\","
    "\"matchingField\":\"email\"}}";

static int write_all (int fd, const char *s, size_t len) {
  while (len > 0) {
    ssize_t n = send(fd, s, len, MSG_NOSIGNAL);
    if (n <= 0)
      return -1;
    s += n;
    len -= (size_t)n;
  }
  return 0;
}

/* Does the request's path end in that? */
static int is_for (const char *request, const char *name) {
  const char *end = strstr(request, " HTTP/1.1\r\n");
  ptrdiff_t len = (ptrdiff_t)strlen(name);

  return end != NULL && end - request > len &&
         strncmp(end - len, name, (size_t)len) == 0;
}

/* "/again" is refused on a new connection, and ends it when it goes well. */
static int answer (int fd, const char *request, int first) {
  int bad = is_for(request, "/rejected"), again = is_for(request, "/again");
  int busy = first && again, last = again && !busy;
  const char *body = bad ? rejection : busy ? "try later" : contact;
  char head[300];
  int n = snprintf(head, sizeof(head),
                   "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                   "X-RateLimit-Max: 1000000\r\n"
                   "X-RateLimit-Remaining: 999999\r\n%s%s"
                   "Content-Length: %zu\r\n\r\n",
                   bad    ? "422 Unprocessable Entity"
                   : busy ? "503 Service Unavailable"
                          : "200 OK",
                   busy ? "Retry-After: 0\r\n" : "",
                   last ? "Connection: close\r\n" : "", strlen(body));

  if (write_all(fd, head, (size_t)n) != 0 ||
      write_all(fd, body, strlen(body)) != 0)
    return -1;
  return last ? -1 : 0;
}

/* One request after another, until the other side has enough. */
static void *serve (void *arg) {
  static const char length[] = "Content-Length: ";
  int fd = (int)(intptr_t)arg, first = 1;
  char buf[16 * 1024];
  size_t have = 0;

  for (;;) {
    ssize_t n = recv(fd, buf + have, sizeof(buf) - 1 - have, 0);
    char *end, *number;
    size_t whole;
    if (n <= 0)
      break;
    have += (size_t)n;
    buf[have] = '\0';
    end = strstr(buf, "\r\n\r\n");
    if (end == NULL)
      continue;
    number = strstr(buf, length);
    whole = (size_t)(end + 4 - buf) +
            (number != NULL && number < end
                 ? strtoul(number + strlen(length), NULL, 10)
                 : 0);
    if (have < whole)
      continue;
    if (answer(fd, buf, first) != 0)
      break;
    first = 0;
    have = 0; /* nobody pipelines */
  }
  close(fd);
  return NULL;
}

static void run (int listener) {
  pthread_attr_t detached;
  pthread_t id;

  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  alarm(LIFE_S);
  for (;;) {
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0)
      continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (pthread_create(&id, &detached, serve, (void *)(intptr_t)fd) != 0)
      close(fd);
  }
}

pid_t server_start (int *port) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pid_t parent = getpid(), pid;

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
      listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
    close(fd);
    return -1;
  }
  *port = ntohs(at.sin_port);
  pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(1);
    run(fd);
  }
  close(fd);
  return pid;
}

void server_stop (pid_t pid) {
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
}
