/*
** test_json.c: JSON text out and in.
*/
#include "check.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
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

static double number_of (const cJSON *item) {
  return cJSON_IsRaw(item) ? strtod(item->valuestring, NULL)
                           : item->valuedouble;
}

/* The integer that a text is, if it fits. */
static bool integer_of (const char *json, int64_t *out) {
  hl_json_tokens t = {NULL, 0, 0, 0};
  hl_json_fault fault;
  bool fits;

  assert_true(hl_json_tokens_read(&t, json, strlen(json), &fault));
  *out = t.list[0].as.integer;
  fits = t.list[0].type == HL_TOKEN_INTEGER ||
         (t.list[0].type == HL_TOKEN_NUMBER &&
          hl_json_to_integer(t.list[0].as.number, out));
  hl_json_tokens_free(&t);
  return fits;
}

/* These bytes are what that text stands for. */
static void assert_bytes (const char *json, const char *bytes, size_t len) {
  hl_json_tokens t = {NULL, 0, 0, 0};
  hl_json_fault fault;
  char copy[100];

  assert_true(hl_json_tokens_read(&t, json, strlen(json), &fault));
  assert_true(hl_json_token_is_text(t.list) && t.list[0].len < sizeof(copy));
  assert_int_equal(hl_json_token_copy(copy, t.list), len);
  assert_memory_equal(copy, bytes, len);
  hl_json_tokens_free(&t);
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
      {0x1p-44, "5.684341886080802e-14"},
      {0x1p-1074, "5e-324"},
      {-0x1p-1022, "-2.2250738585072014e-308"},
      {1e21, "1e21"},
      {123456.789, "123456.789"},
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
  for (i = 0; i < 100000; i++) {
    double d = any_double();
    cJSON *item;
    hl_json_format(buf, d);
    item = parsed(buf);
    assert_non_null(item);
    if (number_of(item) != d)
      fail_msg("%.17g as %s", d, buf);
    cJSON_Delete(item);
  }
}

/* Up to three places: by a way of their own, to the same text. */
static void amounts_are_as_short (void **state) {
  char buf[HL_JSON_NUMBER_ROOM], wanted[HL_JSON_NUMBER_ROOM];
  int i;

  (void)state;
  for (i = 0; i < 100000; i++) {
    double d = (double)(int64_t)(dice() >> (14 + dice() % 40)) / 1000;
    if (d < 0.001 || d >= 1e12)
      continue;
    d = i % 2 == 0 ? d : -d;
    hl_json_format(buf, d);
    snprintf(wanted, sizeof(wanted), "%.15g", d);
    assert_string_equal(buf, wanted);
  }
}

static void integers_come_back_exact (void **state) {
  int i;

  (void)state;
  for (i = 0; i < 50000; i++) {
    int64_t v = (int64_t)(dice() >> (dice() % 64)), back;
    cJSON *item =
        hl_json_new_integer(NULL, i % 2 == 0 ? v : INT64_MIN + (v & 99));
    char *text = printed(item);
    cJSON *again = parsed(text);
    assert_true(integer_of(text, &back));
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
    free(part);
  }
}

static void reads_the_same_in_place (void **state) {
  static const char text[] =
      "{\"a\":\"x\\n\\u20ac\",\"b\\t\":[1,\"\",{\"c\":9007199254740993}],"
      "\"n\":\"a\\u0000b\"}";
  char copy[sizeof(text)];
  hl_json_fault fault;
  hl_json_block block = {NULL, NULL, NULL};
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  cJSON *one, *two;
  char *first, *second;

  (void)state;
  memcpy(copy, text, sizeof(text));
  one = hl_json_parse(text, sizeof(text) - 1, &fault);
  assert_true(hl_json_tokens_read(&tokens, copy, sizeof(text) - 1, &fault));
  two = hl_json_tree_in_place(&block, &tokens);
  hl_json_tokens_free(&tokens);
  first = printed(one);
  second = printed(two);
  assert_string_equal(first, second);
  assert_string_equal(first, "{\"a\":\"x\\n€\",\"b\\t\":[1,\"\",{\"c\":"
                             "9007199254740993}],\"n\":\"a\\u0000b\"}");
  free(first);
  free(second);
  cJSON_Delete(one);
  hl_json_block_free(&block);
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
  cJSON *item = hl_json_new_string(NULL, "a\0b\0", 4);
  char *text = printed(item);

  (void)state;
  assert_string_equal(text, "\"a\\u0000b\\u0000\"");
  assert_bytes(text, "a\0b\0", 4);
  free(text);
  cJSON_Delete(item);
}

static void it_reads_texts_with_escapes (void **state) {
  static const struct {
    const char *json, *text;
  } rows[] = {
      {"\"\\ud800\"", "\xEF\xBF\xBD"},
      {"\"\\udc00\"", "\xEF\xBF\xBD"},
      {"\"a\\ud83dz\"", "a\xEF\xBF\xBDz"},
      {"\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD😀"},
      {"\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\"\\ud83d\\n\"", "\xEF\xBF\xBD\n"},
      {"\"\\ud83d\\u0041\"", "\xEF\xBF\xBD"
                             "A"},
      {"\"\\uD83D\\uDE00\"", "😀"},
      {"\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF"},
      {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7f\xC2\x80\xDF\xBF\xE0"
                                                  "\xA0\x80\xEF\xBF\xBF"},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *item = parsed(rows[i].json);
    assert_row(i, cJSON_IsString(item));
    assert_string_equal(item->valuestring, rows[i].text);
    cJSON_Delete(item);
  }
}

static void it_writes_texts (void **state) {
  static const struct {
    const char *bytes;
    size_t len;
    const char *json;
  } rows[] = {
      {"", 0, "\"\""},
      {"a/b", 3, "\"a/b\""},
      {"\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
      {"\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\""},
      {"é😀", 6, "\"é😀\""},
      {"\0", 1, "\"\\u0000\""},
      {"a\0\"\0", 4, "\"a\\u0000\\\"\\u0000\""},
      {"\\u0000\0", 7, "\"\\\\u0000\\u0000\""},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *item = hl_json_new_string(NULL, rows[i].bytes, rows[i].len);
    char *text = printed(item), *again;
    cJSON *back = parsed(text);
    assert_string_equal(text, rows[i].json);
    again = printed(back);
    assert_string_equal(again, rows[i].json);
    assert_row(i, hl_json_is_text(back) && !hl_json_is_number(back));
    assert_bytes(text, rows[i].bytes, rows[i].len);
    free(text);
    free(again);
    cJSON_Delete(item);
    cJSON_Delete(back);
  }
}

static void it_keeps_integers_of_64_bits (void **state) {
  static const struct {
    const char *json;
    bool fits;
    int64_t value;
  } rows[] = {
      {"9223372036854775807", true, INT64_MAX},
      {"-9223372036854775808", true, INT64_MIN},
      {"9223372036854775808", false, 0},
      {"-9223372036854775809", false, 0},
      {"18446744073709551616", false, 0},
      {"9007199254740991", true, INT64_C(9007199254740991)},
      {"9007199254740992", true, INT64_C(9007199254740992)},
      {"9007199254740993", true, INT64_C(9007199254740993)},
      {"-9007199254740993", true, -INT64_C(9007199254740993)},
      {"1000000000000000000", true, INT64_C(1000000000000000000)},
      {"0", true, 0},
      {"1e3", true, 1000},
      {"1.5", false, 0},
      {"1e300", false, 0},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *item = parsed(rows[i].json);
    int64_t value = 0;
    char *text = printed(item);
    assert_row(i, hl_json_is_number(item));
    assert_row(i, integer_of(rows[i].json, &value) == rows[i].fits);
    assert_row(i, !rows[i].fits || value == rows[i].value);
    if (strchr(rows[i].json, 'e') == NULL)
      assert_string_equal(text, rows[i].json);
    free(text);
    cJSON_Delete(item);
  }
}

/* Both ways, against the C library: powers of two, subnormals, neighbours. */
static void it_agrees_with_strtod (void **state) {
  char buf[HL_JSON_NUMBER_ROOM];
  int e, i;

  (void)state;
  for (e = -1074; e < 1024; e++)
    for (i = -1; i <= 1; i++) {
      double d = ldexp(1, e);
      cJSON *item;
      if (i != 0)
        d = nextafter(d, i < 0 ? 0 : INFINITY);
      if (!isfinite(d))
        continue;
      assert_true(hl_json_format(buf, d) < sizeof(buf));
      item = parsed(buf);
      if (item == NULL || number_of(item) != d || strtod(buf, NULL) != d)
        fail_msg("2^%d %+d: %s", e, i, buf);
      cJSON_Delete(item);
    }
  for (i = 0; i < 20000; i++) { /* decimals as people write them */
    cJSON *item;
    snprintf(buf, sizeof(buf), "%u.%0*ue%d", (unsigned)(dice() % 100000),
             1 + (int)(dice() % 9), (unsigned)(dice() % 10),
             (int)(dice() % 60) - 30);
    item = parsed(buf);
    if (item == NULL || number_of(item) != strtod(buf, NULL))
      fail_msg("%s", buf);
    cJSON_Delete(item);
  }
}

static void it_says_where_it_stopped (void **state) {
  static const struct {
    const char *json, *what;
    size_t offset;
  } rows[] = {
      {"", "the text ends too early", 0},
      {"[1,", "the text ends too early", 3},
      {"[1 2]", "a comma or ] is missing", 3},
      {"{\"a\":1 x", "a comma or } is missing", 7},
      {"{a:1}", "a member without a name in quotes", 1},
      {"{\"a\" 1}", "a name without a colon", 5},
      {"[01]", "a number that begins with 0", 1},
      {"1.", "a number without digits after its point", 2},
      {"1e+", "a number without digits in its exponent", 3},
      {"\"a", "the text ends inside a string", 2},
      {"\"a\n\"", "a control character inside a string", 2},
      {"\"\\q\"", "an unknown escape in a string", 2},
      {"[nul]", "not a value", 1},
      {"1 2", "more text after the value", 2},
      {"[\"\xff\"]", "a byte that is not UTF-8", 2},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_json_fault fault = {NULL, 0};
    assert_null(hl_json_parse(rows[i].json, strlen(rows[i].json), &fault));
    assert_string_equal(fault.what, rows[i].what);
    assert_int_equal(fault.offset, rows[i].offset);
  }
}

static void it_takes_nul_for_no_end (void **state) {
  static const struct {
    const char *json;
    size_t len;
  } rows[] = {{"1\0", 2},      {"\0", 1},          {"[1,\0 2]", 7},
              {"\"a\0b\"", 5}, {"{\"a\0\":1}", 8}, {"tru\0e", 5},
              {"\"\\\0\"", 4}};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_json_fault fault = {NULL, 0};
    assert_row(i, hl_json_parse(rows[i].json, rows[i].len, &fault) == NULL);
    assert_row(i, fault.what != NULL);
  }
}

/* What was read is JSON when it is written, a number beyond double too. */
static void it_writes_what_it_can_read (void **state) {
  static const char *const rows[] = {
      "[1e400]", "[-1e400]", "[1e-400]",
      "[-0.0]",  "[-0]",     "{\"a\":{},\"b\":[],\"a\":null}",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *item = parsed(rows[i]), *back;
    char *text = printed(item);
    back = parsed(text);
    if (back == NULL)
      fail_msg("row %zu: %s became %s", i, rows[i], text);
    free(text);
    cJSON_Delete(item);
    cJSON_Delete(back);
  }
}

/* Texts that are not UTF-8 are told apart while they are printed. */
static void it_says_where_utf8_ends (void **state) {
  static const struct {
    const char *text;
    size_t good;
  } rows[] = {
      {"", 0},          {"plain", 5},          {"\xc3\xa9t\xc3\xa9", 5},
      {"\xff", 0},      {"12345678\xff", 8},   {"a\n\xe9", 2},
      {"a\xe2\x82", 1}, {"\"\xed\xa0\x80", 1}, {"\xff\xfe", 0},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_text t;
    hl_text_init(&t, HL_TEXT_MAX);
    assert_row(i, hl_json_print_text(&t, rows[i].text, strlen(rows[i].text)) ==
                      rows[i].good);
    hl_text_free(&t);
    hl_text_init(&t, 2); /* too small for any but "" */
    assert_row(i, hl_json_print_text(&t, rows[i].text, strlen(rows[i].text)) ==
                      rows[i].good);
    hl_text_free(&t);
  }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_the_shortest),
      cmocka_unit_test(numbers_come_back_equal),
      cmocka_unit_test(amounts_are_as_short),
      cmocka_unit_test(integers_come_back_exact),
      cmocka_unit_test(heeds_no_locale),
      cmocka_unit_test(accepts),
      cmocka_unit_test(refuses),
      cmocka_unit_test(refuses_every_beginning),
      cmocka_unit_test(reads_the_same_in_place),
      cmocka_unit_test(limits_depth),
      cmocka_unit_test(keeps_nul_in_texts),
      cmocka_unit_test(it_reads_texts_with_escapes),
      cmocka_unit_test(it_writes_texts),
      cmocka_unit_test(it_keeps_integers_of_64_bits),
      cmocka_unit_test(it_agrees_with_strtod),
      cmocka_unit_test(it_says_where_it_stopped),
      cmocka_unit_test(it_takes_nul_for_no_end),
      cmocka_unit_test(it_writes_what_it_can_read),
      cmocka_unit_test(it_says_where_utf8_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
