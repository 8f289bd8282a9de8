/*
** json_token.c: JSON text as a flat list of tokens, as strict as RFC 8259.
*/
#include "json_token.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "text.h"

#define EXACT_MAX ((uint64_t)1 << 53)

/* Exact powers of ten in a double. */
static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define TENS_MAX 22

/* Functions that read take the place where they begin and give the one where
** they ended, or NULL after a fault. */
typedef struct reader {
  hl_json_tokens *out;
  const char *end;
  const char *what; /* the fault; NULL if there was none */
  const char *spot;
  int depth;
} reader;

static const char *value (reader *r, const char *p);

static const char *fault_at (reader *r, const char *spot, const char *what) {
  r->what = what;
  r->spot = spot;
  return NULL;
}

static inline const char *blanks (const char *p) {
  while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
    p++;
  return p;
}

/*------------------------------------------------------------------- list */

static bool grow (hl_json_tokens *t, size_t room) {
  hl_json_token *list = room <= SIZE_MAX / sizeof(*list)
                            ? realloc(t->list, room * sizeof(*list))
                            : NULL;

  if (list == NULL)
    return false;
  t->list = list;
  t->room = room;
  return true;
}

static inline hl_json_token *add (hl_json_tokens *t, hl_json_token_type type) {
  hl_json_token *token;

  if (t->n == t->room && !grow(t, t->room * 2 + 16))
    return NULL;
  token = &t->list[t->n++];
  *token = (hl_json_token){.type = type, .as.span = 1};
  return token;
}

hl_json_token *hl_json_tokens_add (hl_json_tokens *t, hl_json_token_type type) {
  return add(t, type);
}

void hl_json_tokens_free (hl_json_tokens *t) {
  free(t->list);
  memset(t, 0, sizeof(*t));
}

/*------------------------------------------------------------------ texts */

static int hex4 (const char *s) {
  int v = 0, i;

  for (i = 0; i < 4; i++) {
    char c = hl_lower(s[i]);
    if (hl_is_digit(c))
      v = v * 16 + (c - '0');
    else if (c >= 'a' && c <= 'f')
      v = v * 16 + (c - 'a' + 10);
    else
      return -1;
  }
  return v;
}

static char *put_utf8 (char *o, unsigned c) {
  if (c < 0x80) {
    *o++ = (char)c;
  } else if (c < 0x800) {
    *o++ = (char)(0xC0 | (c >> 6));
    *o++ = (char)(0x80 | (c & 0x3F));
  } else {
    if (c < 0x10000) {
      *o++ = (char)(0xE0 | (c >> 12));
    } else {
      *o++ = (char)(0xF0 | (c >> 18));
      *o++ = (char)(0x80 | ((c >> 12) & 0x3F));
    }
    *o++ = (char)(0x80 | ((c >> 6) & 0x3F));
    *o++ = (char)(0x80 | (c & 0x3F));
  }
  return o;
}

/* One escape from `*s` (after the backslash), already known to be good. */
static char *unescape (char *o, const char **s) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *simple = strchr(from, **s);
  unsigned c;

  if (simple != NULL) {
    ++*s;
    *o++ = to[simple - from];
    return o;
  }
  c = (unsigned)hex4(*s + 1);
  *s += 5;
  if (c >= 0xD800 && c < 0xDC00 && (*s)[0] == '\\' && (*s)[1] == 'u') {
    int low = hex4(*s + 2);
    if (low >= 0xDC00 && low < 0xE000) {
      *s += 6;
      c = 0x10000 + ((c - 0xD800) << 10) + ((unsigned)low - 0xDC00);
    }
  }
  if (c >= 0xD800 && c < 0xE000)
    c = 0xFFFD; /* half a pair: someone cut the text inside an emoji */
  return put_utf8(o, c);
}

size_t hl_json_token_copy (char *to, const hl_json_token *t) {
  const char *p = t->as.text, *end = p + t->len;
  char *o = to;

  if (t->type != HL_TOKEN_ESCAPED) {
    memmove(to, p, t->len);
    return t->len;
  }
  while (p < end) {
    if (*p == '\\') {
      p++;
      o = unescape(o, &p);
    } else {
      *o++ = *p++;
    }
  }
  return (size_t)(o - to);
}

/* The end of an escape whose backslash is at `p`. */
static const char *escape (reader *r, const char *p) {
  p++;
  if (*p == 'u' && hex4(p + 1) >= 0)
    return p + 5;
  if (*p != '\0' && strchr("\"\\/bfnrt", *p) != NULL)
    return p + 1;
  return fault_at(r, p, "an unknown escape in a string");
}

/* A text; `p` is at its opening quote. */
static inline const char *text (reader *r, const char *p) {
  hl_json_token *t = add(r->out, HL_TOKEN_TEXT);

  if (t == NULL)
    return NULL;
  t->as.text = ++p;
  for (;;) {
    size_t n;
    p = hl_skip_plain(p, r->end);
    if (*p == '"') {
      t->len = (uint32_t)(p - t->as.text);
      return p + 1;
    }
    if (*p == '\\') {
      t->type = HL_TOKEN_ESCAPED;
      p = escape(r, p);
      if (p == NULL)
        return NULL;
      continue;
    }
    n = (unsigned char)*p < 0x80 ? 0 : hl_utf8_char(p, (size_t)(r->end - p));
    if (n == 0)
      return fault_at(r, p,
                      p == r->end ? "the text ends inside a string"
                                  : "a control character inside a string");
    p += n;
  }
}

/*---------------------------------------------------------------- numbers */

/* strtod, whatever the program's locale takes for a decimal point. */
static bool inexact (const char *s, size_t len, double *d) {
  const char *point = localeconv()->decimal_point;
  const char *dot = memchr(s, '.', len);
  bool ok;
  hl_text t;

  hl_text_init(&t, HL_TEXT_MAX);
  hl_text_add(&t, s, dot != NULL ? (size_t)(dot - s) : len);
  if (dot != NULL) {
    hl_text_puts(&t, point);
    hl_text_add(&t, dot + 1, len - (size_t)(dot + 1 - s));
  }
  ok = !t.failed;
  if (ok)
    *d = strtod(t.bytes, NULL);
  hl_text_free(&t);
  return ok;
}

/* Digits into the mantissa while it has room; `*used` says if it had. */
static const char *digits (const char *p, uint64_t *mantissa, int *used) {
  for (; *p >= '0' && *p <= '9'; p++) {
    if (*used < 18) {
      *mantissa = *mantissa * 10 + (uint64_t)(*p - '0');
      if (*mantissa > 0)
        ++*used;
    } else {
      *used = 99; /* more than the mantissa can tell */
    }
  }
  return p;
}

/* `e+12` if there is one. Large ones stay large. */
static const char *exponent (reader *r, const char *p, int *e) {
  bool negative;
  int v = 0;

  *e = 0;
  if (*p != 'e' && *p != 'E')
    return p;
  p++;
  negative = *p == '-';
  if (*p == '-' || *p == '+')
    p++;
  if (!hl_is_digit(*p))
    return fault_at(r, p, "a number without digits in its exponent");
  for (; hl_is_digit(*p); p++)
    if (v < 100000)
      v = v * 10 + (*p - '0');
  *e = negative ? -v : v;
  return p;
}

/* All digits from `first` to `p`, and more than 18 of them. */
static bool long_integer (const char *first, const char *p, bool negative,
                          int64_t *out) {
  uint64_t v = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

  for (; first < p; first++) {
    uint64_t digit = (uint64_t)(*first - '0');
    if (v > (limit - digit) / 10)
      return false;
    v = v * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - v) : (int64_t)v;
  return true;
}

static void integer (hl_json_token *t, const char *start, const char *p,
                     uint64_t mantissa, bool fits) {
  bool negative = *start == '-';

  t->type = HL_TOKEN_INTEGER;
  if (negative && mantissa == 0 && fits) {
    t->type = HL_TOKEN_NUMBER;
    t->as.number = -0.0;
  } else if (fits) {
    t->as.integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
  } else if (!long_integer(start + negative, p, negative, &t->as.integer)) {
    t->type = HL_TOKEN_DIGITS;
    t->as.text = start;
    t->len = (uint32_t)(p - start);
  }
}

/* With a point or an exponent. */
static const char *decimal (reader *r, hl_json_token *t, const char *start,
                            const char *p, uint64_t mantissa, int used) {
  int places = 0, e;
  double d;

  if (*p == '.') {
    const char *first = ++p;
    p = digits(p, &mantissa, &used);
    if (p == first)
      return fault_at(r, p, "a number without digits after its point");
    places = p - first < 100000 ? (int)(p - first) : 100000;
  }
  p = exponent(r, p, &e);
  if (p == NULL)
    return NULL;
  e -= places;
  if (used <= 18 && mantissa <= EXACT_MAX && e >= -TENS_MAX && e <= TENS_MAX) {
    /* both operands are exact, so the one rounding is the right one */
    d = e < 0 ? (double)mantissa / tens[-e] : (double)mantissa * tens[e];
    d = *start == '-' ? -d : d;
  } else if (!inexact(start, (size_t)(p - start), &d)) {
    return NULL;
  }
  t->as.number = d;
  return p;
}

static const char *number (reader *r, const char *p) {
  const char *start = p, *first = *p == '-' ? p + 1 : p;
  uint64_t mantissa = 0;
  int used = 0;
  hl_json_token *t = add(r->out, HL_TOKEN_NUMBER);

  if (t == NULL)
    return NULL;
  p = digits(first, &mantissa, &used);
  if (p == first)
    return fault_at(r, p, "not a value");
  if (*first == '0' && p - first > 1)
    return fault_at(r, first, "a number that begins with 0");
  if (*p == '.' || *p == 'e' || *p == 'E')
    return decimal(r, t, start, p, mantissa, used);
  integer(t, start, p, mantissa, used <= 18);
  return p;
}

/*------------------------------------------------------ lists and objects */

/* After a value: at the next one, or past the bracket, which then shows. */
static const char *another (reader *r, const char *p, char close,
                            const char *missing) {
  p = blanks(p);
  if (*p == ',')
    return blanks(p + 1);
  if (*p == close)
    return p + 1;
  return fault_at(r, p, p == r->end ? "the text ends too early" : missing);
}

static const char *name (reader *r, const char *p) {
  if (*p != '"')
    return fault_at(r, p,
                    p == r->end ? "the text ends too early"
                                : "a member without a name in quotes");
  p = text(r, p);
  if (p == NULL)
    return NULL;
  p = blanks(p);
  if (*p != ':')
    return fault_at(r, p, "a name without a colon");
  return blanks(p + 1);
}

/* `p` is at the opening bracket. */
static const char *children (reader *r, const char *p, hl_json_token_type type,
                             char close, const char *missing) {
  size_t at = r->out->n, value_at;
  uint32_t n = 0;

  if (add(r->out, type) == NULL)
    return NULL;
  p = blanks(p + 1);
  if (++r->depth > HL_JSON_DEPTH_IN)
    return fault_at(r, p, "nested too deeply");
  if (r->depth > r->out->depth)
    r->out->depth = r->depth;
  if (*p == close) {
    p++;
  } else {
    do {
      if (type == HL_TOKEN_OBJECT && (p = name(r, p)) == NULL)
        return NULL;
      value_at = r->out->n;
      if ((p = value(r, p)) == NULL)
        return NULL;
      if (type == HL_TOKEN_LIST || r->out->list[value_at].type > HL_TOKEN_NULL)
        n++;
      if ((p = another(r, p, close, missing)) == NULL)
        return NULL;
    } while (p[-1] != close);
  }
  r->depth--;
  r->out->list[at].len = n;
  r->out->list[at].as.span = r->out->n - at;
  return p;
}

static const char *word (reader *r, const char *p, const char *word_is,
                         size_t len, hl_json_token_type type) {
  if (strncmp(p, word_is, len) != 0)
    return fault_at(r, p, "not a value");
  return add(r->out, type) != NULL ? p + len : NULL;
}

static const char *value (reader *r, const char *p) {
  switch (*p) {
  case '{':
    return children(r, p, HL_TOKEN_OBJECT, '}', "a comma or } is missing");
  case '[':
    return children(r, p, HL_TOKEN_LIST, ']', "a comma or ] is missing");
  case '"':
    return text(r, p);
  case 't':
    return word(r, p, "true", 4, HL_TOKEN_TRUE);
  case 'f':
    return word(r, p, "false", 5, HL_TOKEN_FALSE);
  case 'n':
    return word(r, p, "null", 4, HL_TOKEN_NULL);
  default:
    if (p == r->end)
      return fault_at(r, p, "the text ends too early");
    return number(r, p);
  }
}

/* What was wrong; bytes that are not UTF-8 come before all else. */
static void explain (const reader *r, const char *start, size_t len,
                     hl_json_fault *fault) {
  size_t good = r->what != NULL ? hl_utf8_check(start, len) : len;

  fault->what = good < len ? "a byte that is not UTF-8" : r->what;
  fault->offset = good < len        ? good
                  : r->spot != NULL ? (size_t)(r->spot - start)
                                    : 0;
}

bool hl_json_tokens_read (hl_json_tokens *out, const char *start, size_t len,
                          hl_json_fault *fault) {
  reader r = {.out = out, .end = start + len};
  const char *p = start;

  out->n = 0;
  out->depth = 0;
  if (len > UINT32_MAX) {
    fault_at(&r, start, "a text of more than 4 GiB");
  } else if (out->room > 0 || grow(out, len / 8 + 16)) {
    if (strncmp(p, "\xEF\xBB\xBF", 3) == 0)
      p += 3;
    p = value(&r, blanks(p));
    if (p != NULL) {
      p = blanks(p);
      if (p == r.end)
        return true;
      fault_at(&r, p, "more text after the value");
    }
  }
  explain(&r, start, len, fault);
  return false;
}

/*---------------------------------------------------------------- looking */

/* Escapes are rare in names, and a name looked for is short. */
static bool is_named (const hl_json_token *t, const char *name, size_t len) {
  char plain[128];

  if (t->type == HL_TOKEN_TEXT)
    return t->len == len && memcmp(t->as.text, name, len) == 0;
  return t->len <= sizeof(plain) && hl_json_token_copy(plain, t) == len &&
         memcmp(plain, name, len) == 0;
}

/* The value of that name among the members from `member` on. */
static const hl_json_token *find (const hl_json_token *member,
                                  const hl_json_token *end, const char *name) {
  size_t len = strlen(name);

  for (; member < end; member = hl_json_token_next(member + 1))
    if (is_named(member, name, len))
      return member + 1;
  return NULL;
}

const hl_json_token *hl_json_token_member (const hl_json_token *t,
                                           const char *name) {
  if (t->type != HL_TOKEN_OBJECT)
    return NULL;
  return find(t + 1, t + t->as.span, name);
}

const hl_json_token *hl_json_token_member_after (const hl_json_token *object,
                                                 const hl_json_token *t,
                                                 const char *name) {
  return find(hl_json_token_next(t), object + object->as.span, name);
}
