/*
** json_parse.c: a cJSON tree from JSON text, as strict as RFC 8259.
*/
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define EXACT_MAX ((uint64_t)1 << 53)

/* Exact powers of ten in a double. */
static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define TENS_MAX 22

typedef struct reader {
  const char *text; /* where it began, for offsets */
  const char *p;    /* the next byte; the text ends in NUL */
  const char *end;
  const char *what; /* the first fault; NULL if there was none */
  const char *spot;
  int depth;
  hl_json_block *block; /* for nodes; NULL: cJSON's own */
  bool in_place;        /* leave strings where they are */
} reader;

static cJSON *value (reader *r);

static cJSON *fault_at (reader *r, const char *spot, const char *what) {
  r->what = what;
  r->spot = spot;
  return NULL;
}

static void blanks (reader *r) {
  while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')
    r->p++;
}

/*---------------------------------------------------------------- strings */

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

typedef struct span {
  const char *start; /* after the opening quote */
  size_t len;        /* up to the closing one */
  bool escapes;
  bool nul; /* holds an escaped U+0000 */
} span;

/* Walk over a string; `r->p` is at its opening quote. */
static bool scan_string (reader *r, span *s) {
  const char *p = r->p + 1;

  memset(s, 0, sizeof(*s));
  s->start = p;
  for (; *p != '"'; p++) {
    if ((unsigned char)*p < 0x20) {
      fault_at(r, p,
               p == r->end ? "the text ends inside a string"
                           : "a control character inside a string");
      return false;
    }
    if (*p != '\\')
      continue;
    s->escapes = true;
    p++;
    if (*p == 'u' && hex4(p + 1) >= 0) {
      s->nul = s->nul || hex4(p + 1) == 0;
      p += 4;
    } else if (*p == '\0' || strchr("\"\\/bfnrt", *p) == NULL) {
      fault_at(r, p, "an unknown escape in a string");
      return false;
    }
  }
  s->len = (size_t)(p - s->start);
  r->p = p + 1;
  return true;
}

/* The string's bytes, NUL-terminated; an escape never grows when undone. In
** place, the NUL takes the place of the closing quote. */
static char *string_bytes (const reader *r, const span *s) {
  const char *p = s->start, *end = p + s->len;
  char *bytes = r->in_place ? (char *)(uintptr_t)s->start
                            : (char *)cJSON_malloc(s->len + 1);
  char *o = bytes;

  if (bytes == NULL)
    return NULL;
  if (!s->escapes) {
    if (!r->in_place)
      memcpy(bytes, p, s->len);
    o += s->len;
  }
  while (s->escapes && p < end) {
    if (*p == '\\') {
      p++;
      o = unescape(o, &p);
    } else {
      *o++ = *p++;
    }
  }
  *o = '\0';
  return bytes;
}

static cJSON *raw (reader *r, const char *text, size_t len) {
  cJSON *item = hl_json_new(r->block, cJSON_Raw);

  if (item == NULL)
    return NULL;
  item->valuestring = cJSON_malloc(len + 1);
  if (item->valuestring == NULL) {
    hl_json_delete(r->block, item);
    return NULL;
  }
  memcpy(item->valuestring, text, len);
  item->valuestring[len] = '\0';
  return item;
}

static cJSON *string (reader *r) {
  span s;
  cJSON *item;

  if (!scan_string(r, &s))
    return NULL;
  if (s.nul)
    return raw(r, s.start - 1, s.len + 2);
  item = hl_json_new(r->block,
                     cJSON_String | (r->in_place ? cJSON_IsReference : 0));
  if (item != NULL) {
    item->valuestring = string_bytes(r, &s);
    if (item->valuestring == NULL) {
      hl_json_delete(r->block, item);
      item = NULL;
    }
  }
  return item;
}

/*---------------------------------------------------------------- numbers */

/* strtod, whatever the program's locale takes for a decimal point. */
static cJSON *inexact (reader *r, const char *s, size_t len) {
  const char *point = localeconv()->decimal_point;
  const char *dot = memchr(s, '.', len);
  cJSON *item = NULL;
  hl_text t;

  hl_text_init(&t, HL_TEXT_MAX);
  hl_text_add(&t, s, dot != NULL ? (size_t)(dot - s) : len);
  if (dot != NULL) {
    hl_text_puts(&t, point);
    hl_text_add(&t, dot + 1, len - (size_t)(dot + 1 - s));
  }
  if (!t.failed)
    item = hl_json_new_number(r->block, strtod(t.bytes, NULL));
  hl_text_free(&t);
  return item;
}

static int digits (reader *r, uint64_t *mantissa, int *used) {
  int n = 0;

  for (; hl_is_digit(*r->p); r->p++, n++) {
    if (*used < 18) {
      *mantissa = *mantissa * 10 + (uint64_t)(*r->p - '0');
      if (*mantissa > 0)
        ++*used;
    } else {
      *used = 99; /* more than the mantissa can tell */
    }
  }
  return n;
}

/* `e+12` if there is one; false if it is broken. Large ones stay large. */
static bool exponent (reader *r, int *e) {
  bool negative;
  int v = 0;

  *e = 0;
  if (*r->p != 'e' && *r->p != 'E')
    return true;
  r->p++;
  negative = *r->p == '-';
  if (*r->p == '-' || *r->p == '+')
    r->p++;
  if (!hl_is_digit(*r->p))
    return false;
  for (; hl_is_digit(*r->p); r->p++)
    if (v < 100000)
      v = v * 10 + (*r->p - '0');
  *e = negative ? -v : v;
  return true;
}

static cJSON *integer (reader *r, const char *start, uint64_t v, bool fits) {
  if (fits && v <= EXACT_MAX)
    return hl_json_new_number(r->block, *start == '-' ? -(double)v : (double)v);
  return raw(r, start, (size_t)(r->p - start));
}

static cJSON *number (reader *r) {
  const char *start = r->p, *first;
  uint64_t mantissa = 0;
  int used = 0, places = 0, e;

  if (*r->p == '-')
    r->p++;
  first = r->p;
  if (digits(r, &mantissa, &used) == 0)
    return fault_at(r, r->p, "not a value");
  if (*first == '0' && r->p - first > 1)
    return fault_at(r, first, "a number that begins with 0");
  if (*r->p != '.' && *r->p != 'e' && *r->p != 'E')
    return integer(r, start, mantissa, used <= 18);
  if (*r->p == '.') {
    r->p++;
    places = digits(r, &mantissa, &used);
    if (places == 0)
      return fault_at(r, r->p, "a number without digits after its point");
  }
  if (!exponent(r, &e))
    return fault_at(r, r->p, "a number without digits in its exponent");
  e -= places;
  if (used <= 18 && mantissa <= EXACT_MAX && e >= -TENS_MAX && e <= TENS_MAX) {
    /* both operands are exact, so the one rounding is the right one */
    double d = e < 0 ? (double)mantissa / tens[-e] : (double)mantissa * tens[e];
    return hl_json_new_number(r->block, *start == '-' ? -d : d);
  }
  return inexact(r, start, (size_t)(r->p - start));
}

/*------------------------------------------------------ lists and objects */

static bool enter (reader *r) {
  r->p++;
  blanks(r);
  if (++r->depth <= HL_JSON_DEPTH_IN)
    return true;
  fault_at(r, r->p, "nested too deeply");
  return false;
}

/* After an element: true if another follows. A fault ends it as well. */
static bool another (reader *r, char close, const char *missing) {
  blanks(r);
  if (*r->p == ',') {
    r->p++;
    blanks(r);
    return true;
  }
  if (*r->p != close)
    fault_at(r, r->p, r->p == r->end ? "the text ends too early" : missing);
  else
    r->p++;
  return false;
}

static void link_last (cJSON *parent, cJSON **last, cJSON *item) {
  if (*last == NULL) {
    parent->child = item;
  } else {
    (*last)->next = item;
    item->prev = *last;
  }
  *last = item;
  parent->child->prev = item; /* cJSON: the first one knows the last one */
}

static void free_key (const reader *r, char *name) {
  if (!r->in_place)
    cJSON_free(name);
}

static bool key (reader *r, char **out) {
  span s;

  if (*r->p != '"') {
    fault_at(r, r->p,
             r->p == r->end ? "the text ends too early"
                            : "a member without a name in quotes");
    return false;
  }
  if (!scan_string(r, &s))
    return false;
  *out = string_bytes(r, &s); /* a NUL in a name cuts it: nobody uses those */
  if (*out == NULL)
    return false;
  blanks(r);
  if (*r->p != ':') {
    free_key(r, *out);
    fault_at(r, r->p, "a name without a colon");
    return false;
  }
  r->p++;
  blanks(r);
  return true;
}

static cJSON *children (reader *r, int type, char close, const char *missing) {
  cJSON *parent = hl_json_new(r->block, type), *last = NULL;

  if (parent == NULL || !enter(r))
    goto fail;
  if (*r->p == close) {
    r->p++;
  } else {
    do {
      char *name = NULL;
      cJSON *item;
      if (type == cJSON_Object && !key(r, &name))
        goto fail;
      item = value(r);
      if (item == NULL) {
        free_key(r, name);
        goto fail;
      }
      item->string = name;
      if (r->in_place)
        item->type |= cJSON_StringIsConst;
      link_last(parent, &last, item);
    } while (another(r, close, missing));
    if (r->what != NULL)
      goto fail;
  }
  r->depth--;
  return parent;
fail:
  hl_json_delete(r->block, parent);
  return NULL;
}

static cJSON *word (reader *r, const char *text, int type) {
  size_t len = strlen(text);

  if (strncmp(r->p, text, len) != 0)
    return fault_at(r, r->p, "not a value");
  r->p += len;
  return hl_json_new(r->block, type);
}

static cJSON *value (reader *r) {
  switch (*r->p) {
  case '{':
    return children(r, cJSON_Object, '}', "a comma or } is missing");
  case '[':
    return children(r, cJSON_Array, ']', "a comma or ] is missing");
  case '"':
    return string(r);
  case 't':
    return word(r, "true", cJSON_True);
  case 'f':
    return word(r, "false", cJSON_False);
  case 'n':
    return word(r, "null", cJSON_NULL);
  default:
    if (r->p == r->end)
      return fault_at(r, r->p, "the text ends too early");
    return number(r);
  }
}

static cJSON *parse (hl_json_block *block, const char *text, size_t len,
                     bool in_place, hl_json_fault *fault) {
  reader r = {.text = text,
              .p = text,
              .end = text + len,
              .block = block,
              .in_place = in_place};
  size_t good = hl_utf8_check(text, len);
  cJSON *item = NULL;

  if (good < len) {
    fault_at(&r, text + good, "a byte that is not UTF-8");
  } else {
    if (strncmp(r.p, "\xEF\xBB\xBF", 3) == 0)
      r.p += 3;
    blanks(&r);
    item = value(&r);
    blanks(&r);
    if (item != NULL && r.p != r.end) {
      fault_at(&r, r.p, "more text after the value");
      hl_json_delete(block, item);
      item = NULL;
    }
  }
  fault->what = r.what;
  fault->offset = r.spot != NULL ? (size_t)(r.spot - text) : 0;
  return item;
}

cJSON *hl_json_parse (const char *text, size_t len, hl_json_fault *fault) {
  return parse(NULL, text, len, false, fault);
}

cJSON *hl_json_parse_in_place (hl_json_block *block, char *text, size_t len,
                               hl_json_fault *fault) {
  return parse(block, text, len, true, fault);
}
