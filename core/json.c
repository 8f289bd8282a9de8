/*
** json.c: cJSON nodes, and JSON text from them. The way back is json_tree.c.
*/
#include "json.h"

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every integer up to here is exact in a double. */
#define EXACT_MAX 9007199254740992.0

/*---------------------------------------------------------------- making */

cJSON *hl_json_new (hl_json_block *block, int type) {
  cJSON *item;

  if (block != NULL)
    return hl_json_block_new(block, type);
  item = cJSON_malloc(sizeof(*item));
  if (item != NULL) {
    memset(item, 0, sizeof(*item));
    item->type = type;
  }
  return item;
}

static char *copy_bytes (const char *s, size_t len) {
  char *copy = cJSON_malloc(len + 1);

  if (copy != NULL) {
    memcpy(copy, s, len);
    copy[len] = '\0';
  }
  return copy;
}

static cJSON *new_with_text (hl_json_block *block, int type, const char *s,
                             size_t len) {
  cJSON *item = hl_json_new(block, type);

  if (item == NULL)
    return NULL;
  item->valuestring =
      block != NULL ? hl_json_block_copy(block, s, len) : copy_bytes(s, len);
  if (item->valuestring != NULL)
    return item;
  if (block == NULL)
    cJSON_Delete(item);
  return NULL;
}

cJSON *hl_json_new_number (hl_json_block *block, double d) {
  cJSON *item = hl_json_new(block, cJSON_Number);

  if (item != NULL) {
    item->valuedouble = d;
    item->valueint = d >= INT_MAX ? INT_MAX : d > INT_MIN ? (int)d : INT_MIN;
  }
  return item;
}

cJSON *hl_json_new_integer (hl_json_block *block, int64_t i) {
  char digits[HL_JSON_NUMBER_ROOM];
  int n;

  if (i >= -(int64_t)EXACT_MAX && i <= (int64_t)EXACT_MAX)
    return hl_json_new_number(block, (double)i);
  n = snprintf(digits, sizeof(digits), "%lld", (long long)i);
  return new_with_text(block, cJSON_Raw, digits, (size_t)n);
}

cJSON *hl_json_new_string (hl_json_block *block, const char *s, size_t len) {
  hl_text quoted;
  cJSON *item;

  if (memchr(s, '\0', len) == NULL)
    return new_with_text(block, cJSON_String, s, len);
  hl_text_init(&quoted, HL_TEXT_MAX);
  hl_json_print_text(&quoted, s, len);
  item = quoted.failed
             ? NULL
             : new_with_text(block, cJSON_Raw, quoted.bytes, quoted.len);
  hl_text_free(&quoted);
  return item;
}

cJSON *hl_json_new_raw (hl_json_block *block, const char *json, size_t len) {
  return new_with_text(block, cJSON_Raw, json, len);
}

void hl_json_mark_refused (cJSON *item) {
  item->type = (item->type & ~0xFF) | cJSON_Invalid;
}

/*--------------------------------------------------------------- looking */

bool hl_json_is_number (const cJSON *item) {
  return hl_json_is(item, cJSON_Number) ||
         (hl_json_is(item, cJSON_Raw) && item->valuestring[0] != '"');
}

bool hl_json_is_text (const cJSON *item) {
  return hl_json_is(item, cJSON_String) ||
         (hl_json_is(item, cJSON_Raw) && item->valuestring[0] == '"');
}

bool hl_json_is_plain_text (const cJSON *item) {
  return hl_json_is(item, cJSON_String) &&
         memchr(item->valuestring, '\0', hl_json_text_len(item)) == NULL;
}

const char *hl_json_type_name (const cJSON *item) {
  if (hl_json_is_shapeless(item))
    return "an empty table";
  if (hl_json_is_text(item))
    return hl_json_is_plain_text(item) ? "a text" : "a text with a NUL byte";
  if (hl_json_is_number(item))
    return "a number";
  if (cJSON_IsBool(item))
    return "a boolean";
  if (hl_json_is(item, cJSON_NULL))
    return "null";
  if (hl_json_is(item, cJSON_Array))
    return "a list";
  return "an object";
}

const char *hl_json_get_text (const cJSON *object, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

bool hl_json_to_integer (double d, int64_t *out) {
  if (!(fabs(d) <= EXACT_MAX) || d != floor(d) || (d == 0 && signbit(d)))
    return false;
  *out = (int64_t)d;
  return true;
}

/*--------------------------------------------------------------- numbers */

/* strtod for text we wrote with snprintf: both follow the same locale. */
static bool reads_back (const char *buf, double d) {
  return strtod(buf, NULL) == d; // NOLINT(cert-err34-c): never out of range
}

/*
** At a power of two the doubles below lie closer than those above, so the
** nearest 16-digit decimal may fall outside while its upper neighbour reads
** back: 2^-44 is 5.684341886080802e-14, not ...8015e-14.
*/
static bool upper_neighbour (char *buf, size_t room, double d) {
  int exponent;
  char *last;

  if (fabs(frexp(d, &exponent)) != 0.5)
    return false;
  snprintf(buf, room, "%.15e", d);
  last = strchr(buf, 'e') - 1;
  if (*last == '9')
    return false;
  ++*last;
  return reads_back(buf, d);
}

static void shortest (char *buf, size_t room, double d) {
  /* with up to 15 digits a normal double gives back any decimal it came
  ** from, so fewer need not be tried; subnormals have fewer to give */
  int digits = fabs(d) < DBL_MIN ? 1 : DBL_DIG;

  for (; digits < 17; digits++) {
    snprintf(buf, room, "%.*g", digits, d);
    if (reads_back(buf, d))
      return;
    if (digits == 16 && upper_neighbour(buf, room, d))
      return;
  }
  snprintf(buf, room, "%.17g", d);
}

/* From what printf made to what JSON has: `1,5e+07` becomes `1.5e7`. */
static size_t tidy (char *out, const char *s) {
  const char *point = localeconv()->decimal_point;
  size_t point_len = strlen(point);
  char *o = out;

  while (*s != '\0') {
    if (point_len > 0 && strncmp(s, point, point_len) == 0) {
      *o++ = '.';
      s += point_len;
    } else if (*s == 'e') {
      *o++ = *s++;
      if (*s == '-')
        *o++ = '-';
      if (*s == '-' || *s == '+')
        s++;
      while (*s == '0' && s[1] != '\0')
        s++;
    } else {
      *o++ = *s++;
    }
  }
  *o = '\0';
  return (size_t)(o - out);
}

static size_t format_integer (char *buf, int64_t i) {
  char digits[24];
  size_t n = 0, len = 0;
  uint64_t v = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;

  do {
    digits[n++] = (char)('0' + v % 10);
    v /= 10;
  } while (v > 0);
  if (i < 0)
    buf[len++] = '-';
  while (n > 0)
    buf[len++] = digits[--n];
  buf[len] = '\0';
  return len;
}

/* Amounts, like 100.5: up to three places, and few enough digits that the
** decimal is the only one so short that reads back as `d`. 0 if it is not. */
static size_t format_amount (char *buf, double d) {
  double thousandths = d * 1000;
  size_t n;
  int64_t t;

  if (!(fabs(thousandths) < 1e15) || thousandths != floor(thousandths) ||
      thousandths / 1000 != d)
    return 0;
  t = (int64_t)fabs(thousandths);
  n = d < 0 ? 1 : 0;
  if (n > 0)
    buf[0] = '-';
  n += format_integer(buf + n, t / 1000);
  buf[n++] = '.';
  buf[n++] = (char)('0' + t / 100 % 10);
  buf[n++] = (char)('0' + t / 10 % 10);
  buf[n++] = (char)('0' + t % 10);
  while (buf[n - 1] == '0') /* one place is none: `d` is no integer */
    n--;
  buf[n] = '\0';
  return n;
}

size_t hl_json_format (char *buf, double d) {
  char wide[64];
  size_t n;

  if (fabs(d) < EXACT_MAX && d == floor(d) && !(d == 0 && signbit(d)))
    return format_integer(buf, (int64_t)d);
  n = d != 0 && fabs(d) >= 0.001 ? format_amount(buf, d) : 0;
  if (n > 0)
    return n;
  shortest(wide, sizeof(wide), d);
  return tidy(buf, wide);
}

/*-------------------------------------------------------------- printing */

/* What follows the backslash; 'u' for the long form, 0 for no escape. */
static const char escape_of[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 0,   0,   '"', ['\\'] = '\\'};

/* A character that cannot stand in a string as it is. */
static bool print_escape (hl_text *out, unsigned char c) {
  char e = escape_of[c];

  if (e == 'u')
    return hl_text_printf(out, "\\u%04x", (unsigned)c);
  return hl_text_add(out, (const char[2]){'\\', e}, 2);
}

/* What comes after plain characters: one that is escaped, or bytes that are
** not ASCII. Gives how many bytes of `s` that was; 0 if they are not UTF-8. */
static size_t print_special (hl_text *out, const char *s, size_t left) {
  size_t n;

  if ((unsigned char)*s < 0x80) {
    print_escape(out, (unsigned char)*s);
    return 1;
  }
  n = hl_utf8_char(s, left);
  hl_text_add(out, s, n > 0 ? n : 1);
  return n;
}

size_t hl_json_print_rest (hl_text *out, const char *s, size_t len,
                           size_t done) {
  size_t good = len, n;

  while (hl_text_reserve(out, len - done + 2)) {
    n = hl_plain_copy(out->bytes + out->len, s + done, len - done);
    out->len += n;
    done += n;
    if (done == len)
      break;
    n = print_special(out, s + done, len - done);
    if (n == 0 && good == len)
      good = done;
    done += n > 0 ? n : 1;
  }
  hl_text_putc(out, '"');
  return good;
}

static bool print_number (hl_text *out, double d) {
  char buf[HL_JSON_NUMBER_ROOM];

  if (!isfinite(d)) /* read from 1e999, say: JSON has no word for it */
    return hl_text_add(out, "null", 4);
  return hl_text_add(out, buf, hl_json_format(buf, d));
}

static bool print_children (hl_text *out, const cJSON *parent) {
  bool object = hl_json_is(parent, cJSON_Object);
  const cJSON *child;

  hl_text_putc(out, object ? '{' : '[');
  for (child = parent->child; child != NULL; child = child->next) {
    if (child != parent->child)
      hl_text_putc(out, ',');
    if (object) {
      hl_json_print_text(out, child->string, strlen(child->string));
      hl_text_putc(out, ':');
    }
    if (!hl_json_print(out, child))
      return false;
  }
  return hl_text_putc(out, object ? '}' : ']');
}

bool hl_json_print (hl_text *out, const cJSON *item) {
  switch (item->type & 0xFF) {
  case cJSON_False:
    return hl_text_add(out, "false", 5);
  case cJSON_True:
    return hl_text_add(out, "true", 4);
  case cJSON_Number:
    return print_number(out, item->valuedouble);
  case cJSON_String:
    hl_json_print_text(out, item->valuestring, strlen(item->valuestring));
    return !out->failed;
  case cJSON_Raw:
    return hl_text_puts(out, item->valuestring);
  case cJSON_Array:
  case cJSON_Object:
    return print_children(out, item);
  default:
    return hl_text_add(out, "null", 4);
  }
}
