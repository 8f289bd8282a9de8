/*
** cutter.h: a server that hangs up on whoever is still sending.
*/
#ifndef TORTURE_CUTTER_H
#define TORTURE_CUTTER_H

#include <sys/types.h>

typedef struct cutter {
  int port;
  pid_t pid;
} cutter;

/*
** A process that resets each connection once it has sent some ten thousand
** bytes. With `upstream`, a port of this machine, they go there and its bytes
** come back: so TLS gets as far as the request.
*/
void cutter_start (cutter *c, int upstream);
void cutter_stop (cutter *c);

#endif
