/*
** plain.h: the bytes of a text that JSON has as they are.
**
** Inline: most of reading and printing JSON is this.
*/
#ifndef HL_PLAIN_H
#define HL_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
** Plain is what stands in a JSON string as it is, and is ASCII: no control
** character, quote or backslash. Eight bytes at a time are looked at by the
** arithmetic of "Bit Twiddling Hacks", "determine if a word has a byte less
** than n", where the lowest bit set is always right. A quote or a backslash
** becomes zero first, which is less than one.
*/
static inline uint64_t hl_special_bytes (uint64_t v) {
  const uint64_t each = UINT64_C(0x0101010101010101);

  return ((v - each * 0x20) | ((v ^ (each * '"')) - each) |
          ((v ^ (each * '\\')) - each) | v) &
         (each * 0x80);
}

static inline bool hl_is_plain (char c) {
  return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
         c != '\\';
}

/* Bytes of `s` before the first of eight that is special: there is one. */
static inline size_t hl_plain_before (uint64_t found, const char *s) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  (void)s;
  return (size_t)__builtin_ctzll(found) / 8;
#else
  size_t n = 0;

  (void)found;
  while (hl_is_plain(s[n]))
    n++;
  return n;
#endif
}

/* The first byte from `s` on that is not plain; `*end` is NUL. */
static inline const char *hl_skip_plain (const char *s, const char *end) {
  uint64_t v, found;

  for (; end - s >= (ptrdiff_t)sizeof(v); s += sizeof(v)) {
    memcpy(&v, s, sizeof(v));
    found = hl_special_bytes(v);
    if (found != 0)
      return s + hl_plain_before(found, s);
  }
  while (hl_is_plain(*s))
    s++;
  return s;
}

/* Four to seven bytes: copy them; are they all plain? */
static inline bool hl_plain_copy_few (char *to, const char *s, size_t len) {
  uint32_t first, last;

  memcpy(&first, s, 4);
  memcpy(&last, s + len - 4, 4);
  memcpy(to, &first, 4);
  memcpy(to + len - 4, &last, 4);
  return hl_special_bytes(first | (uint64_t)last << 32) == 0;
}

/* Copy what is plain from `s` on, and say how much that was. `to` has room for
** `len`. */
static inline size_t hl_plain_copy (char *to, const char *s, size_t len) {
  size_t i = 0, last = len >= sizeof(uint64_t) ? len - sizeof(uint64_t) : 0;
  uint64_t v, found = 0;

  while (len >= sizeof(v)) {
    memcpy(&v, s + i, sizeof(v));
    memcpy(to + i, &v, sizeof(v));
    found = hl_special_bytes(v);
    if (found != 0)
      return i + hl_plain_before(found, s + i);
    if (i == last)
      return len;
    i = i + sizeof(v) < last ? i + sizeof(v) : last; /* overlaps at the end */
  }
  if (len >= 4 && hl_plain_copy_few(to, s, len))
    return len;
  for (; i < len && hl_is_plain(s[i]); i++)
    to[i] = s[i];
  return i;
}

#endif
