/*
** strict.c: is this JSON, by the letter of RFC 8259?
*/
#include "strict.h"

#include <string.h>

static bool value (strict *s);

static bool is (const strict *s, char c) {
  return s->at < s->end && *s->at == (unsigned char)c;
}

static bool take (strict *s, char c) {
  if (!is(s, c))
    return false;
  s->at++;
  return true;
}

static bool in_range (const strict *s, int low, int high) {
  return s->at < s->end && *s->at >= low && *s->at <= high;
}

static void blanks (strict *s) {
  while (take(s, ' ') || take(s, '\t') || take(s, '\n') || take(s, '\r'))
    ;
}

/*------------------------------------------------------------------- UTF-8 */

/* One character's bytes: the rows of RFC 3629, section 4. */
static bool character (strict *s) {
  static const struct {
    unsigned char first[2], second[2];
    int more;
  } rows[] = {
      {{0x00, 0x7F}, {0, 0}, 0},       {{0xC2, 0xDF}, {0x80, 0xBF}, 1},
      {{0xE0, 0xE0}, {0xA0, 0xBF}, 2}, {{0xE1, 0xEC}, {0x80, 0xBF}, 2},
      {{0xED, 0xED}, {0x80, 0x9F}, 2}, {{0xEE, 0xEF}, {0x80, 0xBF}, 2},
      {{0xF0, 0xF0}, {0x90, 0xBF}, 3}, {{0xF1, 0xF3}, {0x80, 0xBF}, 3},
      {{0xF4, 0xF4}, {0x80, 0x8F}, 3},
  };
  size_t i;
  int k;

  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (!in_range(s, rows[i].first[0], rows[i].first[1]))
      continue;
    s->at++;
    for (k = 0; k < rows[i].more; k++) {
      if (!in_range(s, k == 0 ? rows[i].second[0] : 0x80,
                    k == 0 ? rows[i].second[1] : 0xBF))
        return false;
      s->at++;
    }
    return true;
  }
  return false;
}

bool strict_utf8 (const char *text, size_t len) {
  strict s = {.at = (const unsigned char *)text};

  s.end = s.at + len;
  while (s.at < s.end)
    if (!character(&s))
      return false;
  return true;
}

/*------------------------------------------------------------------ values */

static bool hex (strict *s, unsigned *v) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  const char *d;

  if (s->at == s->end || *s->at == '\0' || (d = strchr(digits, *s->at)) == NULL)
    return false;
  *v = *v * 16 + (unsigned)(d - digits) % 16;
  s->at++;
  return true;
}

static bool escape (strict *s) {
  unsigned v = 0;

  if (s->at < s->end && *s->at != '\0' && strchr("\"\\/bfnrt", *s->at)) {
    s->at++;
    return true;
  }
  if (!take(s, 'u') || !hex(s, &v) || !hex(s, &v) || !hex(s, &v) || !hex(s, &v))
    return false;
  s->surrogates |= v >= 0xD800 && v <= 0xDFFF;
  s->nul |= v == 0;
  return true;
}

static bool string (strict *s) {
  if (!take(s, '"'))
    return false;
  while (!take(s, '"')) {
    if (take(s, '\\') ? !escape(s) : in_range(s, 0, 0x1F) || !character(s))
      return false;
  }
  return true;
}

static bool digits (strict *s) {
  const unsigned char *from = s->at;

  while (in_range(s, '0', '9'))
    s->at++;
  return s->at > from;
}

static bool number (strict *s) {
  const unsigned char *from = s->at;

  (void)take(s, '-');
  if (!take(s, '0') && !digits(s))
    return false;
  if (take(s, '.') && !digits(s))
    return false;
  if (take(s, 'e') || take(s, 'E')) {
    if (!take(s, '+'))
      (void)take(s, '-');
    if (!digits(s))
      return false;
  }
  if ((size_t)(s->at - from) > s->longest)
    s->longest = (size_t)(s->at - from);
  return true;
}

static bool member (strict *s) {
  if (!string(s))
    return false;
  blanks(s);
  if (!take(s, ':'))
    return false;
  blanks(s);
  return value(s);
}

static bool children (strict *s, bool (*child)(strict *), char close) {
  bool ok = true;

  if (++s->depth > s->deepest)
    s->deepest = s->depth;
  blanks(s);
  if (!take(s, close)) {
    do {
      blanks(s);
      ok = s->depth < 2000 && child(s);
      blanks(s);
    } while (ok && take(s, ','));
    ok = ok && take(s, close);
  }
  s->depth--;
  return ok;
}

static bool word (strict *s, const char *w) {
  for (; *w != '\0'; w++)
    if (!take(s, *w))
      return false;
  return true;
}

static bool value (strict *s) {
  if (is(s, '"'))
    return string(s);
  if (take(s, '['))
    return children(s, value, ']');
  if (take(s, '{'))
    return children(s, member, '}');
  if (is(s, 't'))
    return word(s, "true");
  if (is(s, 'f'))
    return word(s, "false");
  if (is(s, 'n'))
    return word(s, "null");
  return number(s);
}

bool strict_json (strict *s, const char *text, size_t len) {
  memset(s, 0, sizeof(*s));
  s->at = (const unsigned char *)text;
  s->end = s->at + len;
  blanks(s);
  if (!value(s))
    return false;
  blanks(s);
  return s->at == s->end;
}
