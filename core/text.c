/*
** text.c: text that grows up to a ceiling, and small questions about text.
*/
#include "text.h"
#include "plain.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer names are cut: a suggestion for a 64-letter name helps nobody. */
#define NAME_MAX_LETTERS 40

/* Blotting out shorter "secrets" would only garble ordinary words. */
#define SECRET_MIN 6

void hl_text_init (hl_text *t, size_t ceiling) {
  memset(t, 0, sizeof(*t));
  t->ceiling = ceiling;
}

void hl_text_free (hl_text *t) {
  size_t ceiling = t->ceiling;
  free(t->bytes);
  hl_text_init(t, ceiling);
}

void hl_text_clear (hl_text *t) {
  t->len = 0;
  t->failed = false;
  t->too_large = false;
  if (t->bytes != NULL)
    t->bytes[0] = '\0';
}

static bool fail (hl_text *t, bool too_large) {
  hl_text_free(t);
  t->failed = true;
  t->too_large = too_large;
  return false;
}

bool hl_text_grow (hl_text *t, size_t more) {
  size_t room;
  char *grown;

  if (t->bytes != NULL && more <= t->room - t->len)
    return true;
  if (t->failed)
    return false;
  if (more > t->ceiling - t->len)
    return fail(t, true);
  room = t->room < 128 ? 256 : t->room * 2;
  if (room < t->len + more)
    room = t->len + more;
  if (room > t->ceiling)
    room = t->ceiling;
  grown = realloc(t->bytes, room + 1);
  if (grown == NULL)
    return fail(t, false);
  t->bytes = grown;
  t->room = room;
  return true;
}

bool hl_text_puts (hl_text *t, const char *s) {
  return hl_text_add(t, s, strlen(s));
}

bool hl_text_vprintf (hl_text *t, const char *fmt, va_list ap) {
  char small[256];
  va_list again;
  int len;
  bool ok = false;

  va_copy(again, ap);
  len = vsnprintf(small, sizeof(small), fmt, ap);
  if (len < 0) {
    fail(t, false);
  } else if ((size_t)len < sizeof(small)) {
    ok = hl_text_add(t, small, (size_t)len);
  } else if (hl_text_reserve(t, (size_t)len)) {
    vsnprintf(t->bytes + t->len, (size_t)len + 1, fmt, again);
    t->len += (size_t)len;
    ok = true;
  }
  va_end(again);
  return ok;
}

bool hl_text_printf (hl_text *t, const char *fmt, ...) {
  va_list ap;
  bool ok;

  va_start(ap, fmt);
  ok = hl_text_vprintf(t, fmt, ap);
  va_end(ap);
  return ok;
}

char *hl_text_take (hl_text *t) {
  char *bytes;

  if (!t->failed && t->bytes == NULL)
    hl_text_add(t, "", 0); /* an empty text is a text, too */
  bytes = t->bytes;
  t->bytes = NULL;
  hl_text_free(t);
  return bytes;
}

static size_t cut (const char *s, size_t len, size_t max) {
  size_t shown = len < max ? len : max;

  while (shown < len && shown > 0 && ((unsigned char)s[shown] & 0xC0) == 0x80)
    shown--;
  return shown;
}

bool hl_text_add_cut (hl_text *t, const char *s, size_t len, size_t max) {
  return hl_text_add(t, s, cut(s, len, max));
}

bool hl_text_quote (hl_text *t, const char *s, size_t len, size_t max) {
  size_t i, shown = cut(s, len, max), start = t->len;

  hl_text_putc(t, '"');
  for (i = 0; i < shown; i++) {
    unsigned char c = (unsigned char)s[i];
    hl_text_putc(t, c < 0x20 || c == 0x7F ? '.' : s[i]);
  }
  if (!hl_text_puts(t, shown < len ? "…\"" : "\""))
    return false;
  hl_utf8_mend(t->bytes + start);
  return true;
}

char *hl_strndup (const char *s, size_t len) {
  char *copy = malloc(len + 1);

  if (copy != NULL) {
    memcpy(copy, s, len);
    copy[len] = '\0';
  }
  return copy;
}

char *hl_strdup (const char *s) {
  return hl_strndup(s, strlen(s));
}

/* RFC 3629, section 4: no overlong forms, no surrogates, nothing above
** U+10FFFF. */
size_t hl_utf8_char (const char *bytes, size_t left) {
  const unsigned char *s = (const unsigned char *)bytes;
  unsigned char low = 0x80, high = 0xBF;
  size_t n, i;

  if (s[0] < 0x80)
    return 1;
  if (s[0] < 0xC2 || s[0] > 0xF4)
    return 0;
  n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  if (s[0] == 0xE0)
    low = 0xA0;
  else if (s[0] == 0xED)
    high = 0x9F;
  else if (s[0] == 0xF0)
    low = 0x90;
  else if (s[0] == 0xF4)
    high = 0x8F;
  if (left < n || s[1] < low || s[1] > high)
    return 0;
  for (i = 2; i < n; i++)
    if ((s[i] & 0xC0) != 0x80)
      return 0;
  return n;
}

size_t hl_utf8_check (const char *s, size_t len) {
  size_t i = 0;

  while (i < len) {
    uint64_t eight;
    size_t n;
    /* eight ASCII bytes at a time: nearly all text is just that */
    if (len - i >= sizeof(eight)) {
      memcpy(&eight, s + i, sizeof(eight));
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    if ((unsigned char)s[i] < 0x80) {
      i++;
      continue;
    }
    n = hl_utf8_char(s + i, len - i);
    if (n == 0)
      return i;
    i += n;
  }
  return len;
}

void hl_utf8_mend (char *s) {
  while (*(s += hl_utf8_check(s, strlen(s))) != '\0')
    *s = '?';
}

bool hl_is_digit (char c) {
  return c >= '0' && c <= '9';
}

bool hl_is_space (char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char hl_lower (char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool hl_same_nocase (const char *a, const char *b) {
  while (*a != '\0' && hl_lower(*a) == hl_lower(*b)) {
    a++;
    b++;
  }
  return hl_lower(*a) == hl_lower(*b);
}

bool hl_starts_nocase (const char *s, const char *prefix) {
  while (*prefix != '\0' && hl_lower(*s) == hl_lower(*prefix)) {
    s++;
    prefix++;
  }
  return *prefix == '\0';
}

const char *hl_find_nocase (const char *s, const char *part) {
  for (; *s != '\0'; s++)
    if (hl_starts_nocase(s, part))
      return s;
  return NULL;
}

/* The letters that count for likeness. */
static int letters (char *out, const char *s) {
  int n = 0;

  for (; *s != '\0' && n < NAME_MAX_LETTERS; s++)
    if (*s != '_' && *s != '-' && *s != ' ')
      out[n++] = hl_lower(*s);
  return n;
}

static int least (int a, int b, int c) {
  int m = a < b ? a : b;
  return m < c ? m : c;
}

int hl_edit_distance (const char *a, const char *b) {
  char x[NAME_MAX_LETTERS], y[NAME_MAX_LETTERS];
  int row[3][NAME_MAX_LETTERS + 1]; /* the one in work and the two above */
  int nx = letters(x, a), ny = letters(y, b), i, j;

  for (j = 0; j <= ny; j++)
    row[0][j] = j;
  for (i = 1; i <= nx; i++) {
    int *now = row[i % 3];
    const int *up = row[(i + 2) % 3];
    const int *up2 = row[(i + 1) % 3];
    now[0] = i;
    for (j = 1; j <= ny; j++) {
      int cost = x[i - 1] != y[j - 1];
      now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + cost);
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
          up2[j - 2] + 1 < now[j])
        now[j] = up2[j - 2] + 1;
    }
  }
  return row[nx % 3][ny];
}

bool hl_redact (char *bytes, size_t len, const char *secret) {
  size_t n = secret != NULL ? strlen(secret) : 0;
  char *p = bytes;
  bool found = false;

  if (n < SECRET_MIN || bytes == NULL)
    return false;
  while (len - (size_t)(p - bytes) >= n) {
    p = memchr(p, secret[0], len - (size_t)(p - bytes) - n + 1);
    if (p == NULL)
      break;
    if (memcmp(p, secret, n) == 0) {
      memset(p, '*', n);
      p += n;
      found = true;
    } else {
      p++;
    }
  }
  return found;
}

void hl_free_secret (char *s) {
  if (s != NULL) {
    volatile char *p = s;
    while (*p != '\0')
      *p++ = '\0';
    free(s);
  }
}
