/*
** test_text.c: growing text, UTF-8, likeness of names, blotting out.
*/
#include "check.h"

#include <stdlib.h>

#include "problems.h"
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

static void prints_paths (void **state) {
  const hl_path root = {NULL, NULL, 0, 0};
  const hl_path list = {&root, "customFields", 12, 0};
  const hl_path third = {&list, NULL, 0, 3};
  const hl_path odd = {&third, "a b\"", 4, 0};
  const hl_path plain = {&odd, "x-1", 3, 0};
  hl_text t;

  (void)state;
  hl_text_init(&t, 100);
  assert_true(hl_path_print(&t, &root));
  assert_int_equal(t.len, 0);
  hl_path_print(&t, &plain);
  assert_string_equal(t.bytes, "customFields[3][\"a b\"\"].x-1");
  hl_text_free(&t);
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
      cmocka_unit_test(prints_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
