/*
** thread.h: the one thread of this process that carries posted calls.
*/
#ifndef HL_THREAD_H
#define HL_THREAD_H

#include "client.h"

/* See that there is one. False: out of memory, of threads or of descriptors, as
** errno says. */
bool hl_thread_need (void);

/* End it, and wait for that, if no mailbox is left. */
void hl_thread_end (void);

/* A client will have no more calls: the thread ends those it has. */
void hl_thread_close (hl_client *c);

/*
** Before a call is freed. True: it is the caller's. False: it is the thread's,
** which ends and frees it soon; or its parent's, where nobody does.
*/
bool hl_thread_let_go (hl_call *call);

#endif
