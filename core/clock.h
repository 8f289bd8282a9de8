/*
** clock.h: reckoning with times, in microseconds as hl_now_us has them.
*/
#ifndef HL_CLOCK_H
#define HL_CLOCK_H

#include <stdint.h>

static inline int64_t hl_sooner (int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Whole milliseconds until then, never too few; 0 once it is past, `most` at
** most. */
static inline int hl_ms_until (int64_t then_us, int64_t now_us, int most) {
  int64_t left_us;

  if (then_us <= now_us)
    return 0;
  left_us = then_us - now_us;
  return left_us / 1000 < most ? (int)((left_us + 999) / 1000) : most;
}

#endif
