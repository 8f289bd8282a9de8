/*
** yield.c: letting others run.
*/
#include "yield.h"

#include <sched.h>
#include <stdint.h>

#include "highlevel.h"

/* To yield costs half a microsecond, and one of many transfers over a connection
** that is looked at less than one; an answer is read in ten. */
#define SPAN_US 10

static _Thread_local int64_t since_us; /* 0: it does not yield */

void hl_yield_begin (void) {
  since_us = hl_now_us();
}

void hl_yield_if_due (void) {
  if (since_us == 0 || hl_now_us() - since_us < SPAN_US)
    return;
  (void)sched_yield();
  hl_yield_begin();
}
