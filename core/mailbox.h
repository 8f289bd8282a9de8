/*
** mailbox.h: where posted calls arrive once they are settled.
**
** Guarded by the lock of orders.h, which the caller of these holds. What a
** program calls is in highlevel.h.
*/
#ifndef HL_MAILBOX_H
#define HL_MAILBOX_H

#include "call.h"

/* A call is on its way to it. */
void hl_mailbox_expect (hl_mailbox *m, hl_call *call);

/* It is settled: it is put in. */
void hl_mailbox_deliver (hl_call *call, int64_t now_us);

/* It was given up on its way, and will not arrive. */
void hl_mailbox_lose (hl_call *call, int64_t now_us);

/* The call is nobody's any more but who holds it. */
void hl_mailbox_forget (hl_call *call);

/* Write to those that have been quiet for a while, or wanted to be woken now.
** When the next is due; INT64_MAX: none is. */
int64_t hl_mailboxes_ring (int64_t now_us);

/* Have all of them been freed by their owners? */
bool hl_mailboxes_are_gone (void);

/* In a child process: their descriptors are the parent's. */
void hl_mailboxes_mute (void);

#endif
