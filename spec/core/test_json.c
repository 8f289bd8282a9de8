/*
** test_json.c: JSON text out and in.
*/
#include "check.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

/* xorshift64*: the same numbers in every run. */
static uint64_t dice (void) {
  static uint64_t x = UINT64_C(88172645463325252);
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  return x * UINT64_C(2685821657736338717);
}

static double any_double (void) {
  uint64_t bits = dice();
  double d;
  memcpy(&d, &bits, sizeof(d));
  return isfinite(d) ? d : 0;
}

static char *printed (const cJSON *item) {
  hl_text t;
  hl_text_init(&t, HL_TEXT_MAX);
  assert_true(hl_json_print(&t, item));
  return hl_text_take(&t);
}

static cJSON *parsed (const char *text) {
  hl_json_fault fault;
  return hl_json_parse(text, strlen(text), &fault);
}

static void formats_the_shortest (void **state) {
  static const struct {
    double d;
    const char *text;
  } rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1, "-1"},
      {100.5, "100.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e15, "1000000000000000"},
      {9007199254740991, "9007199254740991"},
      {9007199254740992, "9007199254740992"},
      {1e22, "1e22"},
      {1e-7, "1e-7"},
      {1e300, "1e300"},
      {DBL_MAX, "1.7976931348623157e308"},
      {DBL_MIN, "2.2250738585072014e-308"},
      {5e-324, "5e-324"},
      {1e-320, "1e-320"},
      {5.684341886080802e-14, "5.684341886080802e-14"},
  };
  char buf[HL_JSON_NUMBER_ROOM];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    size_t n = hl_json_format(buf, rows[i].d);
    assert_string_equal(buf, rows[i].text);
    assert_int_equal(n, strlen(rows[i].text));
  }
}

static void numbers_come_back_equal (void **state) {
  char buf[HL_JSON_NUMBER_ROOM];
  int i;

  (void)state;
  for (i = 0; i < 200000; i++) {
    double d = any_double();
    cJSON *item;
    hl_json_format(buf, d);
    item = parsed(buf);
    assert_non_null(item);
    if (hl_json_get_number(item) != d)
      fail_msg("%.17g as %s", d, buf);
    cJSON_Delete(item);
  }
}

static void integers_come_back_exact (void **state) {
  int i;

  (void)state;
  for (i = 0; i < 100000; i++) {
    int64_t v = (int64_t)(dice() >> (dice() % 64)), back;
    cJSON *item = hl_json_new_integer(i % 2 == 0 ? v : INT64_MIN + (v & 99));
    char *text = printed(item);
    cJSON *again = parsed(text);
    assert_true(hl_json_get_integer(again, &back));
    assert_int_equal(back, i % 2 == 0 ? v : INT64_MIN + (v & 99));
    cJSON_Delete(item);
    cJSON_Delete(again);
    free(text);
  }
}

/* In a locale whose decimal point is a comma, where there is one. */
static void heeds_no_locale (void **state) {
  char buf[HL_JSON_NUMBER_ROOM];
  cJSON *item;

  (void)state;
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
    skip();
  hl_json_format(buf, 1.5);
  item = parsed("0.30000000000000004e0");
  setlocale(LC_ALL, "C");
  assert_string_equal(buf, "1.5");
  assert_true(item->valuedouble == 0.1 + 0.2);
  cJSON_Delete(item);
}

/* RFC 8259: what is JSON. */
static void accepts (void **state) {
  static const char *const rows[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "123",
      "-1.5e-3",
      "1E2",
      "1e+2",
      "0.5",
      "\"\"",
      "\"a\\/b\"",
      "[]",
      "{}",
      " [ 1 , 2 ] ",
      "\t\r\n{\"a\":1}\n",
      "[[[[]]]]",
      "{\"\":0}",
      "\"\\ud83d\\ude00\"",
      "\"\\u0000\"",
      "\"\x7f\"",
      "1e400",
      "[1e-400]",
      "\xEF\xBB\xBF[]",
      "\"\\ud800\"",
      "{\"a\":{\"a\":{}}}",
      "123456789012345678901234567890",
      "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *item = parsed(rows[i]);
    assert_row(i, item != NULL);
    cJSON_Delete(item);
  }
}

static void refuses (void **state) {
  static const char *const rows[] = {
      "",
      " ",
      "nul",
      "True",
      "+1",
      "01",
      "-",
      "1.",
      ".5",
      "1e",
      "1e+",
      "0x10",
      "NaN",
      "Infinity",
      "'a'",
      "\"",
      "\"a",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12G4\"",
      "\"\n\"",
      "\"\t\"",
      "[",
      "]",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1,,2]",
      "{",
      "}",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1",
      "{\"a\":1,",
      "{\"a\":1,}",
      "{a:1}",
      "{\"a\" 1}",
      "{1:1}",
      "{\"a\":}",
      "1 2",
      "[] []",
      "[1]x",
      "/* */ 1",
      "\x0b[]",
      "\xff",
      "\"\xc3\"",
      "\"\xed\xa0\x80\"",
      "\"\xc0\xaf\"",
      "\"\xf4\x90\x80\x80\"",
      "\"\\",
      "tru",
      "-a",
      "2.e3",
      "--1",
      "\"\\u\"",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_json_fault fault = {NULL, 0};
    cJSON *item = hl_json_parse(rows[i], strlen(rows[i]), &fault);
    assert_row(i, item == NULL);
    assert_row(i, fault.what != NULL);
    assert_row(i, fault.offset <= strlen(rows[i]));
  }
}

/* Every beginning of a text is refused, and nothing is read beyond it. */
static void refuses_every_beginning (void **state) {
  static const char whole[] = "{\"a\":[1.5e3,-2,\"x\\u00e9\\ud83d\\ude00\","
                              "null,true],\"b\":{\"c\":\"\"}}";
  size_t n;

  (void)state;
  for (n = 0; n < sizeof(whole) - 1; n++) {
    char *part = malloc(n + 1); /* to the byte: a sanitizer watches its end */
    hl_json_fault fault;
    cJSON *item;
    memcpy(part, whole, n);
    part[n] = '\0';
    item = hl_json_parse(part, n, &fault);
    assert_row(n, item == NULL);
    item = hl_json_parse_in_place(part, n, &fault);
    assert_row(n, item == NULL);
    free(part);
  }
}

static void reads_the_same_in_place (void **state) {
  static const char text[] =
      "{\"a\":\"x\\n\\u20ac\",\"b\\t\":[1,\"\",{\"c\":9007199254740993}],"
      "\"n\":\"a\\u0000b\"}";
  char copy[sizeof(text)];
  hl_json_fault fault;
  cJSON *one, *two;
  char *first, *second;

  (void)state;
  memcpy(copy, text, sizeof(text));
  one = hl_json_parse(text, sizeof(text) - 1, &fault);
  two = hl_json_parse_in_place(copy, sizeof(text) - 1, &fault);
  first = printed(one);
  second = printed(two);
  assert_string_equal(first, second);
  assert_string_equal(first, "{\"a\":\"x\\n€\",\"b\\t\":[1,\"\",{\"c\":"
                             "9007199254740993}],\"n\":\"a\\u0000b\"}");
  free(first);
  free(second);
  cJSON_Delete(one);
  cJSON_Delete(two);
}

static void limits_depth (void **state) {
  char text[2 * HL_JSON_DEPTH_IN + 8];
  size_t n = HL_JSON_DEPTH_IN;
  hl_json_fault fault;
  cJSON *item;

  (void)state;
  memset(text, '[', n + 1);
  memset(text + n + 1, ']', n + 1);
  item = hl_json_parse(text, 2 * (n + 1), &fault);
  assert_null(item);
  assert_string_equal(fault.what, "nested too deeply");
  text[2 * n + 1] = '\0';
  item = hl_json_parse(text + 1, 2 * n, &fault);
  assert_non_null(item);
  cJSON_Delete(item);
}

static void keeps_nul_in_texts (void **state) {
  cJSON *item = hl_json_new_string("a\0b\0", 4);
  char *text = printed(item);
  hl_text back;

  (void)state;
  assert_string_equal(text, "\"a\\u0000b\\u0000\"");
  hl_text_init(&back, HL_TEXT_MAX);
  assert_true(hl_json_raw_text(item, &back));
  assert_int_equal(back.len, 4);
  assert_memory_equal(back.bytes, "a\0b\0", 4);
  hl_text_free(&back);
  free(text);
  cJSON_Delete(item);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_the_shortest),
      cmocka_unit_test(numbers_come_back_equal),
      cmocka_unit_test(integers_come_back_exact),
      cmocka_unit_test(heeds_no_locale),
      cmocka_unit_test(accepts),
      cmocka_unit_test(refuses),
      cmocka_unit_test(refuses_every_beginning),
      cmocka_unit_test(reads_the_same_in_place),
      cmocka_unit_test(limits_depth),
      cmocka_unit_test(keeps_nul_in_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
