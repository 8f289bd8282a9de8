/*
** strict.h: is this JSON, by the letter of RFC 8259?
**
** Written for being plain, and apart from the library's own reader, which is
** held against it.
*/
#ifndef HL_FUZZ_STRICT_H
#define HL_FUZZ_STRICT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct strict {
  const unsigned char *at;
  const unsigned char *end;
  int depth;
  int deepest;
  bool surrogates; /* there is an escape \uD800 to \uDFFF, paired or not */
  bool nul;        /* there is an escape \u0000 */
  size_t longest;  /* number, in bytes */
} strict;

/* Fills in `s`. */
bool strict_json (strict *s, const char *text, size_t len);

/* RFC 3629, from the table of its section 4. */
bool strict_utf8 (const char *text, size_t len);

#endif
