/*
** mailbox.h: where posted calls arrive once they are settled.
**
** Guarded by the lock of orders.h, which the caller of these holds, and those
** that write to mailboxes between hl_mailboxes_open and hl_mailboxes_close.
** What a program calls is in highlevel.h.
*/
#ifndef HL_MAILBOX_H
#define HL_MAILBOX_H

#include "call.h"

/* Their descriptors are nobody else's from here to there; the lock of orders.h
** is taken after it. */
void hl_mailboxes_hold (void);
void hl_mailboxes_release (void);

/* Both, for who has something to put in; at the end, with the lock given back,
** those are written to whose owners are to be told. */
void hl_mailboxes_open (void);
void hl_mailboxes_close (void);

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
