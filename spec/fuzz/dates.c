/*
** dates.c: dates of birth and countries.
**
** What is accepted is canonical: it is accepted again, unchanged. Both are
** held against the plainest way to say the same.
*/
#include "date.h"

#include <time.h>

#include "bytes.h"
#include "country.h"
#include "highlevel.h"
#include "json.h"

/*------------------------------------------------------------------- dates */

static int digits (const char *s, int n) {
  int v = 0;

  for (; n > 0; n--, s++) {
    if (*s < '0' || *s > '9')
      return -1;
    v = v * 10 + (*s - '0');
  }
  return v;
}

/* The calendar is the C library's: a day that it moves is none. */
static bool is_day (int year, int month, int day) {
  struct tm t = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

  return year >= 1 && month >= 1 && day >= 1 && timegm(&t) != (time_t)-1 &&
         t.tm_year == year - 1900 && t.tm_mon == month - 1 && t.tm_mday == day;
}

/* The eight forms, one after the other; false: it has none of them. */
static bool is_date (const char *s, int *year, int *month, int *day) {
  const char *c;

  if (strlen(s) != 10)
    return false;
  for (c = "/-._"; *c != '\0'; c++) {
    if (s[4] == *c && s[7] == *c) {
      *year = digits(s, 4);
      *month = digits(s + 5, 2);
      *day = digits(s + 8, 2);
      return is_day(*year, *month, *day);
    }
    if (s[2] == *c && s[5] == *c) {
      *month = digits(s, 2);
      *day = digits(s + 3, 2);
      *year = digits(s + 6, 4);
      return is_day(*year, *month, *day);
    }
  }
  return false;
}

static void date (const char *text) {
  char out[11], again[11], expected[40];
  const char *why = hl_date_normalize(text, out);
  int year = 0, month = 0, day = 0;
  bool good = is_date(text, &year, &month, &day);

  if (year == 1969 && month == 12 && day == 31)
    good = why == NULL; /* timegm may mean it, or a failure, by -1 */
  claim((why == NULL) == good);
  if (why != NULL) {
    claim(*why != '\0');
    return;
  }
  snprintf(expected, sizeof(expected), "%04d-%02d-%02d", year, month, day);
  claim(strcmp(out, expected) == 0);
  claim(hl_date_normalize(out, again) == NULL);
  claim(strcmp(out, again) == 0);
}

/* Numbers near those that matter, in a shape near those that do. */
static void date_of_bytes (bytes b) {
  static const char separators[] = "/-._ /-._";
  char text[32];
  char one = separators[bytes_range(&b, 0, 8)];
  char other = bytes_range(&b, 0, 9) > 0
                   ? one
                   : separators[bytes_range(&b, 0, sizeof(separators) - 2)];
  bool first = bytes_range(&b, 0, 1) == 1;
  int year = (int)bytes_range(&b, 0, 9999), month = (int)bytes_range(&b, 0, 14),
      day = (int)bytes_range(&b, 0, 33);

  if (first)
    snprintf(text, sizeof(text), "%04d%c%02d%c%02d", year, one, month, other,
             day);
  else
    snprintf(text, sizeof(text), "%02d%c%02d%c%04d", month, one, day, other,
             year);
  date(text);
}

/*--------------------------------------------------------------- countries */

static void country (const char *text) {
  size_t from = 0, n = 0;
  const char *code, *first = hl_country_find(text, &from);
  bool is_code = hl_country_is_code(text);

  if (is_code)
    claim(first != NULL && strcmp(first, text) == 0);
  for (code = first; code != NULL; code = hl_country_find(text, &from)) {
    claim(hl_country_is_code(code));
    claim(strlen(code) == 2);
    claim(++n <= 2);
  }
  claim(hl_country_find(text, &from) == NULL);
}

/* Letters of the other case: the same country, but no code. */
static void country_turned (const char *text) {
  char *turned = bytes_copy(text, strlen(text)), *c;
  size_t from = 0, from_turned = 0;
  const char *code = hl_country_find(text, &from);

  for (c = turned; *c != '\0'; c++)
    if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
      *c = (char)(*c ^ 0x20);
  claim(code == hl_country_find(turned, &from_turned));
  claim(from == from_turned);
  if (hl_country_is_code(text))
    claim(!hl_country_is_code(turned));
  free(turned);
}

/*--------------------------------------------------------------- an update */

/* The body of an update with this field; NULL: refused. */
static char *body_of (const char *field, const char *text) {
  cJSON *document = cJSON_CreateObject();
  const hl_result *why;
  char *body = NULL;
  size_t len;

  cJSON_AddStringToObject(document, field, text);
  if (hl_encode(hl_fields_new(document), NULL, false, &body, &len, &why) ==
      HL_OK)
    return body;
  claim(why != NULL && why->kind == HL_INVALID && why->message != NULL);
  claim(why->path != NULL && strcmp(why->path, field) == 0);
  hl_result_free(why);
  return NULL;
}

/* What leaves as the value of a field is left as it is the next time. */
static void update (const char *field, const char *text, bool good) {
  char *body = body_of(field, text), *again;
  hl_json_fault fault;
  cJSON *parsed;

  claim((body != NULL) == good);
  if (body == NULL)
    return;
  parsed = hl_json_parse(body, strlen(body), &fault);
  claim(parsed != NULL);
  again = body_of(field, hl_json_get_text(parsed, field));
  claim(again != NULL && strcmp(body, again) == 0);
  cJSON_Delete(parsed);
  hl_free(body);
  hl_free(again);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *text = bytes_copy(data, size), out[11];

  date(text);
  date_of_bytes(bytes_of(data, size));
  country(text);
  country_turned(text);
  update("dateOfBirth", text, hl_date_normalize(text, out) == NULL);
  update("country", text, hl_country_is_code(text));
  free(text);
  return 0;
}
