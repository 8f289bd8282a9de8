/*
** yield.h: letting others run.
**
** The library's thread may share a processor with an event loop. A scheduler
** lets it go on for a millisecond or more while the loop waits; it has to yield
** by itself for others to wait for one small piece of work at most. Threads of
** the program's are not asked to.
*/
#ifndef HL_YIELD_H
#define HL_YIELD_H

/* This thread yields from now on, and has just come back from waiting. */
void hl_yield_begin (void);

/* A good moment, often: it yields if it has run for a while. */
void hl_yield_if_due (void);

#endif
