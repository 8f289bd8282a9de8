/*
** bytes.h: the bytes of a fuzzer's input, taken as decisions.
**
** What is asked for beyond the end is zero, so every input is a whole story,
** and a longer one goes on where a shorter one ended.
*/
#ifndef HL_FUZZ_BYTES_H
#define HL_FUZZ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What must be so. If it is not, that is a finding. */
#define claim(truth)                                                           \
  do {                                                                         \
    if (!(truth)) {                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth);      \
      abort();                                                                 \
    }                                                                          \
  } while (0)

/* libFuzzer's own names, which its headers do not all declare for C. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

typedef struct bytes {
  const uint8_t *at;
  const uint8_t *end;
} bytes;

static inline bytes bytes_of (const uint8_t *data, size_t size) {
  return (bytes){data, size > 0 ? data + size : data};
}

static inline size_t bytes_left (const bytes *b) {
  return (size_t)(b->end - b->at);
}

static inline unsigned bytes_one (bytes *b) {
  return b->at < b->end ? *b->at++ : 0;
}

static inline uint64_t bytes_word (bytes *b, int n) {
  uint64_t v = 0;

  for (; n > 0; n--)
    v = v << 8 | bytes_one(b);
  return v;
}

/* From `low` to `high`, both included: of as many bytes as that takes. */
static inline int64_t bytes_range (bytes *b, int64_t low, int64_t high) {
  uint64_t span = (uint64_t)high - (uint64_t)low;
  int n = span <= 0xFF ? 1 : span <= 0xFFFF ? 2 : span <= 0xFFFFFFFF ? 4 : 8;
  uint64_t v = bytes_word(b, n);

  return (int64_t)((uint64_t)low + (span == UINT64_MAX ? v : v % (span + 1)));
}

/* Up to `most` of them, borrowed: a byte says how many. */
static inline const char *bytes_some (bytes *b, size_t most, size_t *len) {
  size_t n = bytes_one(b);
  const char *s = (const char *)b->at;

  n = n < most ? n : most;
  *len = n < bytes_left(b) ? n : bytes_left(b);
  b->at += *len;
  return s;
}

/* A copy that ends in NUL, with nothing behind it. */
static inline char *bytes_copy (const void *s, size_t len) {
  char *copy = malloc(len + 1);

  claim(copy != NULL);
  if (len > 0)
    memcpy(copy, s, len);
  copy[len] = '\0';
  return copy;
}

#endif
