/*
** server.h: a small HTTP server in a process of its own.
*/
#ifndef SWEEP_SERVER_H
#define SWEEP_SERVER_H

#include <sys/types.h>

/*
** Answers each PUT on 127.0.0.1 by the last part of its path: "rejected" gets
** a 422, anything else a contact. Ends with this process, or by itself after
** some minutes. -1 if it cannot be started.
*/
pid_t server_start (int *port);
void server_stop (pid_t pid);

#endif
