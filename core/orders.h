/*
** orders.h: what the program asks of the process's thread.
**
** One lock guards it, and with it the mailboxes and where each posted call is:
** all that callers and the thread both touch. It is held for a few
** instructions only, and while nobody is woken: whoever wakes would run into
** it, often on the very processor of its holder.
*/
#ifndef HL_ORDERS_H
#define HL_ORDERS_H

#include "client.h"

void hl_orders_lock (void);
void hl_orders_unlock (void);

/* The same for who gives orders: once they are given, the thread is woken if it
** rests. */
void hl_orders_open (void);
void hl_orders_close (void);

/* In between: */

/* A call to carry, or once it is abandoned, to drop. Safe again. */
void hl_orders_put_call (hl_call *call);

/* A client that will have no more calls. Safe again. */
void hl_orders_put_client (hl_client *c);

/* The thread is to end. */
void hl_orders_end (void);

/* There is something to look at. */
void hl_orders_wake (void);

/* Whom to wake: a byte is written there; -1: nobody. */
void hl_orders_go_to (int fd);

/* With the lock, for the thread: it is to be woken from now on. False: there
** are orders. */
bool hl_orders_rest (void);

/* In a child process: they were its parent's. */
void hl_orders_forget (void);

/* Without it, for the thread: */

/* NULL: there is none. */
hl_call *hl_orders_take_call (bool *abandoned);
hl_client *hl_orders_take_client (void);

/* It need not be woken. */
void hl_orders_look (void);

bool hl_orders_are_over (void);

#endif
