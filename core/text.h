/*
** text.h: text that grows up to a ceiling, and small questions about text.
*/
#ifndef HL_TEXT_H
#define HL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
** A buffer that is always NUL-terminated once it holds something. The first
** failure sticks: it empties the buffer, and every later append fails too, so
** a chain of appends needs one look at the end.
*/
typedef struct hl_text {
  char *bytes; /* NULL while nothing was appended, or after a failure */
  size_t len;
  size_t room;    /* allocated, without the NUL */
  size_t ceiling; /* most bytes it may hold */
  bool failed;
  bool too_large; /* failed because of the ceiling, not for want of memory */
} hl_text;

#define HL_TEXT_MAX ((size_t)64 * 1024 * 1024)

void hl_text_init (hl_text *t, size_t ceiling);
void hl_text_free (hl_text *t);

/* Forget the content, keep the memory. */
void hl_text_clear (hl_text *t);

/* Room for that many more bytes. False: it failed, now or before. */
bool hl_text_grow (hl_text *t, size_t more);

static inline bool hl_text_reserve (hl_text *t, size_t more) {
  return (t->bytes != NULL && more <= t->room - t->len) ||
         hl_text_grow(t, more);
}

/* Inline, as printing JSON is mostly this. */
static inline bool hl_text_add (hl_text *t, const char *bytes, size_t len) {
  if (!hl_text_reserve(t, len))
    return false;
  if (len > 0)
    memcpy(t->bytes + t->len, bytes, len);
  t->len += len;
  t->bytes[t->len] = '\0';
  return true;
}

static inline bool hl_text_putc (hl_text *t, char c) {
  if (t->len >= t->room && !hl_text_reserve(t, 1))
    return false;
  t->bytes[t->len++] = c;
  t->bytes[t->len] = '\0';
  return true;
}

bool hl_text_puts (hl_text *t, const char *s);

bool hl_text_printf (hl_text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool hl_text_vprintf (hl_text *t, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* The bytes, yours now (NULL after a failure); `t` is empty and reusable. */
char *hl_text_take (hl_text *t);

/* Up to `max` bytes of `s`, never cut within a UTF-8 character. */
bool hl_text_add_cut (hl_text *t, const char *s, size_t len, size_t max);

/* Up to `max` bytes of `s`, quoted: control characters as dots, an ellipsis
** where it was cut (never within a character), UTF-8 whatever it was. */
bool hl_text_quote (hl_text *t, const char *s, size_t len, size_t max);

char *hl_strdup (const char *s);
char *hl_strndup (const char *s, size_t len);

/* Bytes of the character that starts at `s`, 0 if it is not UTF-8. */
size_t hl_utf8_char (const char *s, size_t left);

/* Offset of the first byte that is not UTF-8 (RFC 3629); or `len`. */
size_t hl_utf8_check (const char *s, size_t len);

/* Question marks in place of the bytes that are not. */
void hl_utf8_mend (char *s);

/* ASCII only, whatever the locale says. */
bool hl_is_digit (char c);
bool hl_is_space (char c);
char hl_lower (char c);
bool hl_same_nocase (const char *a, const char *b);
bool hl_starts_nocase (const char *s, const char *prefix);
const char *hl_find_nocase (const char *s, const char *part);

/* How many edits (insert, delete, replace, swap neighbours) lead from one
** name to the other, letter case, `_`, `-` and blanks not counted. */
int hl_edit_distance (const char *a, const char *b);

/* Replace every `secret` in `bytes` by `*`s, in place. Was there one? */
bool hl_redact (char *bytes, size_t len, const char *secret);

/* Overwrite, so that the compiler keeps it, then free. */
void hl_free_secret (char *s);

#endif
