/*
** failmalloc.h: make the n-th allocation of this thread fail.
**
** libfailmalloc.so goes before libc (LD_PRELOAD) and stands in for malloc and
** its relatives. Only the thread that armed it sees failures, unless all are
** to, or those who run a library's code; live blocks are counted for all
** threads.
*/
#ifndef FAILMALLOC_H
#define FAILMALLOC_H

#include <stdbool.h>
#include <stddef.h>

typedef enum failmalloc_mode {
  FAIL_ONCE, /* the n-th alone */
  FAIL_ON    /* the n-th and all after it */
} failmalloc_mode;

/* n counts from 1; 0 never fails, and only counts. */
void failmalloc_arm (long n, failmalloc_mode mode);

/* The same for the n-th allocation of any thread. */
void failmalloc_arm_all (long n, failmalloc_mode mode);

/* The same, but only of those made by a library, in any thread, or by what it
** called: its file's name ends like that. False: it is not loaded. */
bool failmalloc_arm_for (const char *library, long n, failmalloc_mode mode);

/* Back to plain allocation. True if the n-th allocation came. */
bool failmalloc_disarm (void);

long failmalloc_count (void); /* allocations since it was armed */
long failmalloc_live (void);  /* blocks that were not freed */

/* Did a library of that name ("libcurl") ask for what was refused? libc and
** cJSON are looked through, to whoever called them. */
bool failmalloc_blames (const char *library);

/* The frames of the first failure, one a line, on stderr. */
void failmalloc_trace (void);

#endif
