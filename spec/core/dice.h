/*
** dice.h: random numbers for property tests, the same ones for the same seed.
*/
#ifndef HL_SPEC_DICE_H
#define HL_SPEC_DICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dice {
  uint64_t state;
} dice;

/* xorshift64*; neighbouring seeds are first stirred apart. */
static inline uint64_t dice_roll (dice *d) {
  d->state ^= d->state >> 12;
  d->state ^= d->state << 25;
  d->state ^= d->state >> 27;
  return d->state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline dice dice_of (uint64_t seed) {
  dice d = {(seed + 1) * UINT64_C(0x9E3779B97F4A7C15)};

  (void)dice_roll(&d);
  return d;
}

/* From `low` to `high`, both included. */
static inline int64_t dice_range (dice *d, int64_t low, int64_t high) {
  return low + (int64_t)((dice_roll(d) >> 1) % (uint64_t)(high - low + 1));
}

/* So many times in a hundred. */
static inline bool dice_percent (dice *d, int percent) {
  return dice_range(d, 0, 99) < percent;
}

/* From 0 up to, not including, 1. */
static inline double dice_unit (dice *d) {
  return (double)(dice_roll(d) >> 11) / 9007199254740992.0;
}

#endif
