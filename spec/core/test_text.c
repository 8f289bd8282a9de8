/*
** test_text.c: growing text, UTF-8, likeness of names, blotting out.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "plain.h"
#include "text.h"

static void stops_at_its_ceiling (void **state) {
  hl_text t;

  (void)state;
  hl_text_init(&t, 5);
  assert_true(hl_text_add(&t, "abc", 3));
  assert_true(hl_text_putc(&t, 'd'));
  assert_true(hl_text_putc(&t, 'e'));
  assert_string_equal(t.bytes, "abcde");
  assert_false(hl_text_putc(&t, 'f'));
  assert_true(t.failed && t.too_large);
  assert_null(t.bytes);
  assert_false(hl_text_puts(&t, ""));
  assert_null(hl_text_take(&t));
}

static void can_be_taken_empty (void **state) {
  hl_text t;
  char *bytes;

  (void)state;
  hl_text_init(&t, 10);
  bytes = hl_text_take(&t);
  assert_string_equal(bytes, "");
  free(bytes);
}

static void prints_beyond_its_small_buffer (void **state) {
  hl_text t;

  (void)state;
  hl_text_init(&t, 10000);
  assert_true(hl_text_printf(&t, "%*d|%s", 1000, 7, "end"));
  assert_int_equal(t.len, 1004);
  assert_string_equal(t.bytes + 998, " 7|end" + 0);
  hl_text_free(&t);
}

static void quotes_within_bounds (void **state) {
  hl_text t;

  (void)state;
  hl_text_init(&t, 100);
  hl_text_quote(&t, "a\nb€€", 9, 6);
  assert_string_equal(t.bytes, "\"a.b€…\"");
  hl_text_free(&t);
}

static void checks_utf8 (void **state) {
  static const struct {
    const char *s;
    size_t len, good;
  } rows[] = {
      {"", 0, 0},
      {"plain text of more than eight", 29, 29},
      {"é€😀", 9, 9},
      {"\xC3", 1, 0},
      {"abcdefgh\xFF", 9, 8},
      {"\xC0\x80", 2, 0},
      {"\xE0\x80\x80", 3, 0},
      {"\xED\xA0\x80", 3, 0},
      {"\xED\x9F\xBF", 3, 3},
      {"\xF4\x8F\xBF\xBF", 4, 4},
      {"\xF4\x90\x80\x80", 4, 0},
      {"\xF0\x8F\xBF\xBF", 4, 0},
      {"a\x80", 2, 1},
      {"\xE2\x82", 2, 0},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++)
    assert_row(i, hl_utf8_check(rows[i].s, rows[i].len) == rows[i].good);
}

static void measures_likeness (void **state) {
  static const struct {
    const char *a, *b;
    int edits;
  } rows[] = {
      {"first_name", "firstName", 0},
      {"emial", "email", 1},
      {"", "", 0},
      {"", "abc", 3},
      {"abc", "", 3},
      {"kitten", "sitting", 3},
      {"tags", "tag", 1},
      {"a-b c_d", "ABCD", 0},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++)
    assert_row(i, hl_edit_distance(rows[i].a, rows[i].b) == rows[i].edits);
}

static void blots_out (void **state) {
  char text[] = "secret-1 and secret-1secret-1 but secret-";

  (void)state;
  hl_redact(text, strlen(text), "secret-1");
  assert_string_equal(text, "******** and **************** but secret-");
  hl_redact(text, strlen(text), NULL);
  hl_redact(NULL, 0, "secret-1");
}

/* Every character there is, and every lone half of a pair. */
static void it_knows_every_character (void **state) {
  uint32_t c;

  (void)state;
  for (c = 1; c < 0x120000; c++) {
    char s[5] = {0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;
    bool good = c < 0x110000 && !(c >= 0xD800 && c < 0xE000);
    uint32_t left = c;
    for (i = n - 1; i > 0; i--, left >>= 6)
      s[i] = (char)(0x80 | (left & 0x3F));
    s[0] = (char)(n == 1 ? left : (0xF00U >> n & 0xFF) | left);
    if ((hl_utf8_check(s, n) == n) != good)
      fail_msg("U+%04X", (unsigned)c);
    if (n > 1)
      assert_int_equal(hl_utf8_check(s, n - 1), 0);
  }
}

static void it_starts_anew_after_a_failure (void **state) {
  hl_text t;
  char *bytes;

  (void)state;
  hl_text_init(&t, 4);
  assert_false(hl_text_printf(&t, "%s", "12345"));
  assert_false(hl_text_puts(&t, "1"));
  hl_text_clear(&t);
  assert_true(hl_text_puts(&t, "1234"));
  bytes = hl_text_take(&t);
  assert_string_equal(bytes, "1234");
  free(bytes);
  assert_true(hl_text_puts(&t, "ab")); /* empty and reusable */
  assert_string_equal(t.bytes, "ab");
  hl_text_clear(&t);
  assert_string_equal(t.bytes, "");
  hl_text_free(&t);
  hl_text_free(&t);
}

static void it_cuts_between_characters (void **state) {
  static const struct {
    const char *s;
    size_t max;
    const char *cut, *quoted;
  } rows[] = {
      {"abc", 3, "abc", "\"abc\""}, {"abc", 2, "ab", "\"ab…\""},
      {"a€b", 1, "a", "\"a…\""},    {"a€b", 2, "a", "\"a…\""},
      {"a€b", 3, "a", "\"a…\""},    {"a€b", 4, "a€", "\"a€…\""},
      {"😀", 3, "", "\"…\""},        {"😀", 4, "😀", "\"😀\""},
      {"", 0, "", "\"\""},          {"\r\n\x7f", 9, "\r\n\x7f", "\"...\""},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_text t;
    hl_text_init(&t, 100);
    assert_true(hl_text_add_cut(&t, rows[i].s, strlen(rows[i].s), rows[i].max));
    assert_string_equal(t.bytes, rows[i].cut);
    hl_text_clear(&t);
    assert_true(hl_text_quote(&t, rows[i].s, strlen(rows[i].s), rows[i].max));
    assert_string_equal(t.bytes, rows[i].quoted);
    hl_text_free(&t);
  }
}

static void it_blots_out_whole_secrets (void **state) {
  static const struct {
    const char *text, *secret, *left;
  } rows[] = {
      {"secret", "secret", "******"},
      {"xsecretx", "secret", "x******x"},
      {"sesecret", "secret", "se******"},
      {"secre", "secret", "secre"},
      {"Secret", "secret", "Secret"},
      {"aaaaaaaaaaaaa", "aaaaaa", "************a"},
      {"short", "short", "short"}, /* would garble ordinary words */
      {"", "secret", ""},
      {"any", "", "any"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char text[40];
    snprintf(text, sizeof(text), "%s", rows[i].text);
    hl_redact(text, strlen(text), rows[i].secret);
    assert_string_equal(text, rows[i].left);
  }
}

static void it_compares_without_letter_case (void **state) {
  (void)state;
  assert_true(hl_same_nocase("Retry-After", "rETRY-aFTER"));
  assert_false(hl_same_nocase("a", "ab"));
  assert_false(hl_same_nocase("ab", "a"));
  assert_false(hl_same_nocase("[", "{"));
  assert_true(hl_starts_nocase("Text/HTML; x", "text/html"));
  assert_false(hl_starts_nocase("text", "text/html"));
  assert_string_equal(hl_find_nocase("a <TiTle>b", "<title>"), "<TiTle>b");
  assert_null(hl_find_nocase("", "x"));
  assert_null(hl_find_nocase("xx", "xxx"));
  assert_int_equal(hl_edit_distance("ab", "ba"), 1);
}

/* Every length, with every kind of end at every place. */
static void it_finds_where_plain_text_ends (void **state) {
  static const char ends[] = {'"', '\\', '\n', '\0', '\x1f', '\x80', '\xff'};
  size_t len, at, i;

  (void)state;
  for (len = 0; len < 40; len++)
    for (at = 0; at <= len; at++)
      for (i = 0; i < COUNT(ends); i++) {
        char *s = malloc(len + 1), *to = malloc(len + 1); /* to the byte */
        s[len] = '\0';
        memset(s, i % 2 == 0 ? ' ' : '~', len);
        to[len] = '#';
        if (at < len)
          s[at] = ends[i];
        if (at + 3 < len)
          s[at + 3] = ends[(i + 1) % COUNT(ends)]; /* the first one counts */
        assert_ptr_equal(hl_skip_plain(s, s + len), s + at);
        assert_int_equal(hl_plain_copy(to, s, len), at);
        assert_memory_equal(to, s, at);
        assert_int_equal(to[len], '#');
        free(s);
        free(to);
      }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stops_at_its_ceiling),
      cmocka_unit_test(can_be_taken_empty),
      cmocka_unit_test(prints_beyond_its_small_buffer),
      cmocka_unit_test(quotes_within_bounds),
      cmocka_unit_test(checks_utf8),
      cmocka_unit_test(measures_likeness),
      cmocka_unit_test(blots_out),
      cmocka_unit_test(it_knows_every_character),
      cmocka_unit_test(it_starts_anew_after_a_failure),
      cmocka_unit_test(it_cuts_between_characters),
      cmocka_unit_test(it_blots_out_whole_secrets),
      cmocka_unit_test(it_compares_without_letter_case),
      cmocka_unit_test(it_finds_where_plain_text_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
