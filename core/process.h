/*
** process.h: which process is this?
**
** What is made before a fork is the parent's. To ask the system for each call
** costs more than looking at a number that changes with each fork.
*/
#ifndef HL_PROCESS_H
#define HL_PROCESS_H

#include <stdbool.h>

/* Begin to watch forks. False: out of memory. Safe again. */
bool hl_process_watch (void);

/* A number that no parent of this process has had. */
unsigned long hl_process_number (void);

#endif
