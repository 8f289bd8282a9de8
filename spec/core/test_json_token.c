/*
** test_json_token.c: tokens of JSON texts, and what is made of them.
*/
#include "check.h"

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

static hl_json_tokens read_good (const char *text) {
  hl_json_tokens t = {NULL, 0, 0, 0};
  hl_json_fault fault;

  if (!hl_json_tokens_read(&t, text, strlen(text), &fault))
    fail_msg("%s: %s", text, fault.what);
  return t;
}

static void it_says_what_values_are (void **state) {
  static const struct {
    const char *json;
    hl_json_token_type type;
    uint32_t len;
    int64_t integer;
  } rows[] = {
      {"null", HL_TOKEN_NULL, 0, 1},
      {" false ", HL_TOKEN_FALSE, 0, 1},
      {"\xEF\xBB\xBFtrue", HL_TOKEN_TRUE, 0, 1},
      {"-12", HL_TOKEN_INTEGER, 0, -12},
      {"9223372036854775807", HL_TOKEN_INTEGER, 0, INT64_MAX},
      {"-9223372036854775808", HL_TOKEN_INTEGER, 0, INT64_MIN},
      {"9223372036854775808", HL_TOKEN_DIGITS, 19, 0},
      {"-9223372036854775809", HL_TOKEN_DIGITS, 20, 0},
      {"-0", HL_TOKEN_NUMBER, 0, INT64_MIN}, /* the bits of -0.0 */
      {"\"\"", HL_TOKEN_TEXT, 0, 0},
      {"\"abc\"", HL_TOKEN_TEXT, 3, 0},
      {"\"a\\nc\"", HL_TOKEN_ESCAPED, 4, 0},
      {"[]", HL_TOKEN_LIST, 0, 1},
      {"[1,null,[2]]", HL_TOKEN_LIST, 3, 5},
      {"{}", HL_TOKEN_OBJECT, 0, 1},
      {"{\"a\":1,\"b\":null,\"c\":[0]}", HL_TOKEN_OBJECT, 2, 8},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_json_tokens t = read_good(rows[i].json);
    assert_row(i, t.list[0].type == rows[i].type);
    assert_row(i, t.list[0].len == rows[i].len);
    assert_row(i, t.list[0].type == HL_TOKEN_DIGITS ||
                      hl_json_token_is_text(t.list) ||
                      t.list[0].as.integer == rows[i].integer);
    assert_row(i, hl_json_token_next(t.list) == t.list + t.n);
    hl_json_tokens_free(&t);
  }
}

static void it_finds_members (void **state) {
  static const char text[] =
      "{\"a\":{\"b\":1},\"b\":[{\"c\":2}],\"c\":3,\"c\":4,\"\":5,"
      "\"\\u0064\":6}";
  static const struct {
    const char *name;
    int64_t value; /* 0: no integer */
  } rows[] = {{"c", 3}, {"", 5}, {"d", 6}, {"a", 0}, {"b", 0}};
  hl_json_tokens t = read_good(text);
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_json_token *m = hl_json_token_member(t.list, rows[i].name);
    assert_row(i, m != NULL);
    assert_row(i, (m->type == HL_TOKEN_INTEGER) == (rows[i].value != 0));
    assert_row(i, rows[i].value == 0 || m->as.integer == rows[i].value);
  }
  assert_null(hl_json_token_member(t.list, "e"));
  assert_null(hl_json_token_member(t.list + 2, "a"));
  assert_int_equal(t.depth, 3);
  hl_json_tokens_free(&t);
}

/* One list serves text after text. */
static void it_can_be_used_again (void **state) {
  hl_json_tokens t = {NULL, 0, 0, 0};
  hl_json_fault fault;

  (void)state;
  assert_true(hl_json_tokens_read(&t, "[[[1]]]", 7, &fault));
  assert_int_equal(t.n, 4);
  assert_false(hl_json_tokens_read(&t, "[1", 2, &fault));
  assert_string_equal(fault.what, "the text ends too early");
  assert_true(hl_json_tokens_read(&t, "2", 1, &fault));
  assert_int_equal(t.n, 1);
  assert_int_equal(t.depth, 0);
  hl_json_tokens_free(&t);
}

static void put_text (hl_text *t, const char *start) {
  static const char *const parts[] = {
      "a",    "Zz9",     "\\n", "\\\"",    "\\\\",           "\\u00e9",
      "é",    "€uro",    "😀",   "\\u20AC", "\\ud83d\\ude00", "\\/",
      "\x7f", "0123456", " ",   "\\u001f"};
  unsigned n = (unsigned)(dice() >> 32) % 9;

  hl_text_printf(t, "\"%s", start);
  while (n-- > 0)
    hl_text_puts(t, parts[(dice() >> 32) % COUNT(parts)]);
  hl_text_putc(t, '"');
}

static void put_blanks (hl_text *t) {
  while ((dice() >> 32) % 4 == 0)
    hl_text_putc(t, " \n\t\r"[(dice() >> 32) % 4]);
}

static void put_value (hl_text *t, int depth);

static void put_children (hl_text *t, int depth, bool object) {
  unsigned n = (unsigned)(dice() >> 32) % 5;

  hl_text_putc(t, object ? '{' : '[');
  put_blanks(t);
  while (n-- > 0) {
    if (object) {
      char start[12]; /* cJSON_Compare wants each name once */
      snprintf(start, sizeof(start), "%u", n);
      put_text(t, start);
      put_blanks(t);
      hl_text_putc(t, ':');
    }
    put_value(t, depth + 1);
    if (n > 0)
      hl_text_putc(t, ',');
    put_blanks(t);
  }
  hl_text_putc(t, object ? '}' : ']');
}

static void put_value (hl_text *t, int depth) {
  unsigned kind = (unsigned)(dice() >> 32) % (depth < 6 ? 9 : 6);

  put_blanks(t);
  switch (kind) {
  case 0:
    hl_text_puts(t, "null");
    break;
  case 1:
    hl_text_puts(t, (dice() >> 40) % 2 == 0 ? "true" : "false");
    break;
  case 2:
    hl_text_printf(t, "%d", (int)(dice() >> 34) - 500000000);
    break;
  case 3:
    hl_text_printf(t, "%s%u.%ue%d", (dice() >> 40) % 2 == 0 ? "-" : "",
                   (unsigned)(dice() >> 48), (unsigned)(dice() >> 50),
                   (int)((dice() >> 32) % 40) - 20);
    break;
  case 4:
  case 5:
    put_text(t, "");
    break;
  default:
    put_children(t, depth, kind > 6);
  }
}

static char *printed (const cJSON *item) {
  hl_text t;

  assert_non_null(item);
  hl_text_init(&t, HL_TEXT_MAX);
  assert_true(hl_json_print(&t, item));
  return hl_text_take(&t);
}

/* Of any text: the tree that copies, the one in place and cJSON's own are the
** same. */
static void it_makes_the_same_trees (void **state) {
  int i;

  (void)state;
  for (i = 0; i < 3000; i++) {
    hl_json_block block = {NULL, NULL, NULL};
    hl_json_tokens tokens = {NULL, 0, 0, 0};
    hl_json_fault fault;
    cJSON *one, *two, *theirs;
    char *first, *second;
    hl_text t;
    hl_text_init(&t, HL_TEXT_MAX);
    put_value(&t, 0);
    assert_false(t.failed);
    theirs = cJSON_Parse(t.bytes);
    one = hl_json_parse(t.bytes, t.len, &fault);
    first = printed(one);
    if (!cJSON_Compare(theirs, one, true))
      fail_msg("%s: became %s", t.bytes, first);
    assert_true(hl_json_tokens_read(&tokens, t.bytes, t.len, &fault));
    two = hl_json_tree_in_place(&block, &tokens);
    second = printed(two);
    assert_string_equal(first, second);
    free(first);
    free(second);
    cJSON_Delete(one);
    cJSON_Delete(theirs);
    hl_json_block_free(&block);
    hl_json_tokens_free(&tokens);
    hl_text_free(&t);
  }
}

/* Random damage: a fault and a place, or tokens; never a byte too far. */
static void it_survives_damage (void **state) {
  int i;

  (void)state;
  for (i = 0; i < 5000; i++) {
    hl_json_tokens tokens = {NULL, 0, 0, 0};
    hl_json_fault fault = {NULL, 0};
    size_t len;
    char *exact;
    hl_text t;
    hl_text_init(&t, HL_TEXT_MAX);
    put_value(&t, 0);
    len = t.len - (size_t)(dice() >> 32) % 3 % t.len;
    exact = malloc(len + 1); /* to the byte: a sanitizer watches its end */
    memcpy(exact, t.bytes, len);
    exact[len] = '\0';
    exact[(dice() >> 32) % len] = (char)(dice() >> 32);
    if (!hl_json_tokens_read(&tokens, exact, len, &fault)) {
      assert_non_null(fault.what);
      assert_true(fault.offset <= len);
    }
    hl_json_tokens_free(&tokens);
    free(exact);
    hl_text_free(&t);
  }
}

static void nodes_come_from_what_was_lent (void **state) {
  hl_json_node lent[2];
  hl_json_block block = {NULL, NULL, NULL};
  cJSON *item;
  char *copy;
  int i;

  (void)state;
  hl_json_block_lend(&block, lent, 2);
  assert_ptr_equal(hl_json_block_new(&block, cJSON_NULL), &lent[0].item);
  item = hl_json_borrow_string(&block, "a\0b", 3);
  assert_ptr_equal(item, &lent[1].item);
  assert_int_equal(hl_json_text_len(item), 3);
  assert_false(hl_json_is_plain_text(item));
  assert_string_equal(hl_json_type_name(item), "a text with a NUL byte");
  for (i = 0; i < 200; i++) {
    item = hl_json_block_new(&block, cJSON_True);
    assert_non_null(item);
    assert_null(item->child);
  }
  copy = hl_json_block_copy(&block, "xyz", 2);
  assert_string_equal(copy, "xy");
  hl_json_block_free(&block);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_says_what_values_are),
      cmocka_unit_test(it_finds_members),
      cmocka_unit_test(it_can_be_used_again),
      cmocka_unit_test(it_makes_the_same_trees),
      cmocka_unit_test(it_survives_damage),
      cmocka_unit_test(nodes_come_from_what_was_lent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
