/*
** test_problems.c: paths, complaints, their order and their number.
*/
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "problems.h"
#include "result.h"

/* ---------------------------------------------------------------- paths */

static const hl_path root = {NULL, NULL, 0, 0};

static void it_prints_paths (void **state) {
  const hl_path list = {&root, "customFields", 12, 0};
  const hl_path third = {&list, NULL, 0, 3};
  const hl_path value = {&third, "field_value", 11, 0};
  const hl_path odd = {&third, "a b\"", 4, 0};
  const hl_path plain = {&odd, "x-1", 3, 0};
  const hl_path matrix = {&third, NULL, 0, 12};
  const hl_path bare = {&root, NULL, 0, 1};
  const struct {
    const hl_path *path;
    const char *text;
  } rows[] = {
      {&list, "customFields"},
      {&third, "customFields[3]"},
      {&value, "customFields[3].field_value"},
      {&odd, "customFields[3][\"a b\"\"]"},
      {&plain, "customFields[3][\"a b\"\"].x-1"},
      {&matrix, "customFields[3][12]"},
      {&bare, "[1]"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_text t;
    hl_text_init(&t, 1000);
    assert_true(hl_path_print(&t, rows[i].path));
    assert_string_equal(t.bytes, rows[i].text);
    hl_text_free(&t);
  }
}

static void it_quotes_odd_names (void **state) {
  static const char sixty[] =
      "a23456789012345678901234567890123456789012345678901234567890";
  static const char more[] =
      "a234567890123456789012345678901234567890123456789012345678901";
  static const struct {
    const char *key, *text;
  } rows[] = {
      {"a", "a"},
      {"_x9-", "_x9-"},
      {"9a", "[\"9a\"]"},
      {"-a", "[\"-a\"]"},
      {"", "[\"\"]"},
      {"a.b", "[\"a.b\"]"},
      {"a b", "[\"a b\"]"},
      {"a\nb", "[\"a.b\"]"},
      {"a]b", "[\"a]b\"]"},
      {"é", "[\"é\"]"},
      {sixty, sixty},
      {more, "[\"a23456789012345678901234567890123456789012345678901234567890"
             "…\"]"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_path at = {&root, rows[i].key, strlen(rows[i].key), 0};
    hl_text t;
    hl_text_init(&t, 1000);
    assert_true(hl_path_print(&t, &at));
    assert_string_equal(t.bytes, rows[i].text);
    hl_text_free(&t);
  }
}

static void it_prints_nothing_for_the_root (void **state) {
  hl_text t;

  (void)state;
  hl_text_init(&t, 10);
  assert_true(hl_path_print(&t, &root));
  assert_true(hl_path_print(&t, NULL));
  assert_int_equal(t.len, 0);
  hl_text_free(&t);
}

/* ----------------------------------------------------------- complaints */

static void it_begins_a_text_with_its_path (void **state) {
  const hl_path email = {&root, "email", 5, 0};
  hl_problems p;

  (void)state;
  hl_problems_init(&p);
  hl_problems_add(&p, "tags[2]", "must be a text");
  hl_problems_add(&p, NULL, "nothing in it");
  hl_problems_add(&p, "", "still nothing");
  hl_problems_at(&p, &email, "%s %d", "is", 5);
  hl_problems_at(&p, &root, "is %s", "bare");
  assert_int_equal(p.n, 5);
  assert_string_equal(p.list[0].path, "tags[2]");
  assert_string_equal(p.list[0].text, "tags[2]: must be a text");
  assert_null(p.list[1].path);
  assert_string_equal(p.list[1].text, "nothing in it");
  assert_null(p.list[2].path);
  assert_string_equal(p.list[2].text, "still nothing");
  assert_string_equal(p.list[3].path, "email");
  assert_string_equal(p.list[3].text, "email: is 5");
  assert_null(p.list[4].path);
  assert_string_equal(p.list[4].text, "is bare");
  assert_false(p.failed);
  hl_problems_free(&p);
  assert_int_equal(p.n, 0);
  assert_null(p.list);
  hl_problems_free(&p);
}

static void it_copies_what_it_is_given (void **state) {
  char path[] = "name", text[] = "is odd";
  hl_problems p;

  (void)state;
  hl_problems_init(&p);
  hl_problems_add(&p, path, text);
  memset(path, '!', 4);
  memset(text, '!', 6);
  assert_string_equal(p.list[0].path, "name");
  assert_string_equal(p.list[0].text, "name: is odd");
  hl_problems_free(&p);
}

/* ---------------------------------------------------------------- order */

static void it_sorts_as_people_count (void **state) {
  static const char *const sorted[] = {
      "a",         "a[1]",       "a[2]",     "a[2].b",
      "a[2].b[9]", "a[2].b[10]", "a[9]",     "a[10]",
      "a[10].a",   "a[11]",      "a[100]",   "a[4294967297]",
      "ab",        "b[1][2]",    "b[1][10]", "b[10][1]",
      "b[x]",      "c10", /* digits of a name are letters */
      "c9",        "d",
  };
  size_t n = COUNT(sorted), step, i;

  (void)state;
  /* 20 rows in every order that a step coprime to 20 goes through */
  for (step = 1; step < n; step += 2) {
    hl_problems p;
    if (step == 5 || step == 15)
      continue;
    hl_problems_init(&p);
    for (i = 0; i < n; i++)
      hl_problems_add(&p, sorted[(i * step + 7) % n], "x");
    hl_problems_add(&p, NULL, "of it all");
    hl_problems_sort(&p);
    assert_null(p.list[0].path); /* what is about all of it comes first */
    for (i = 0; i < n; i++)
      assert_string_equal(p.list[i + 1].path, sorted[i]);
    hl_problems_free(&p);
  }
}

static void it_sorts_none_and_one (void **state) {
  hl_problems p;

  (void)state;
  hl_problems_init(&p);
  hl_problems_sort(&p);
  hl_problems_add(&p, "a", "b");
  hl_problems_sort(&p);
  assert_string_equal(p.list[0].text, "a: b");
  hl_problems_free(&p);
}

/* --------------------------------------------------------------- results */

static void it_keeps_a_hundred (void **state) {
  hl_problems p;
  const hl_result *r;
  char path[32];
  int i;

  (void)state;
  hl_problems_init(&p);
  for (i = 150; i > 0; i--) {
    snprintf(path, sizeof(path), "tags[%d]", i);
    hl_problems_add(&p, path, "is odd");
  }
  assert_int_equal(p.n, HL_PROBLEMS_MAX);
  assert_int_equal(p.dropped, 50);
  r = hl_result_invalid(&p);
  assert_int_equal(r->kind, HL_INVALID);
  assert_int_equal(r->n_messages, 100);
  assert_string_equal(r->path, "tags[51]");
  assert_string_equal(r->messages[99].text, "tags[150]: is odd");
  assert_string_equal(r->message,
                      "tags[51]: is odd (and 149 more problems, see messages)");
  hl_result_free(r);
}

static void it_sums_up (void **state) {
  static const struct {
    int n;
    const char *message;
  } rows[] = {
      {1, "f[1]: is odd"},
      {2, "f[1]: is odd (and 1 more problem, see messages)"},
      {3, "f[1]: is odd (and 2 more problems, see messages)"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_problems p;
    const hl_result *r;
    char path[32];
    int k;
    hl_problems_init(&p);
    for (k = rows[i].n; k > 0; k--) {
      snprintf(path, sizeof(path), "f[%d]", k);
      hl_problems_add(&p, path, "is odd");
    }
    r = hl_result_invalid(&p);
    assert_string_equal(r->message, rows[i].message);
    assert_string_equal(r->path, "f[1]");
    assert_int_equal(r->n_messages, rows[i].n);
    assert_int_equal(p.n, 0); /* they are the result's now */
    assert_int_equal(r->status, 0);
    assert_int_equal(r->phase, HL_PHASE_NONE);
    assert_int_equal(r->retry_after_ms, -1);
    assert_int_equal(r->rate_limit.limit, -1);
    assert_int_equal(r->rate_limit.daily_remaining, -1);
    assert_false(r->retryable);
    hl_result_free(r);
  }
}

static void it_says_when_memory_ran_out (void **state) {
  hl_problems p;
  const hl_result *r;

  (void)state;
  hl_problems_init(&p);
  hl_problems_add(&p, "a", "b");
  p.failed = true;
  r = hl_result_invalid(&p);
  assert_ptr_equal(r, hl_result_memory());
  assert_int_equal(r->kind, HL_MEMORY);
  assert_string_equal(r->message,
                      "out of memory; nothing more is known of this call");
  hl_result_free(r); /* shared: nothing happens */
  hl_result_free(NULL);
  assert_string_equal(hl_kind_name(r->kind), "memory");
}

static void it_keeps_control_characters_out (void **state) {
  hl_result *r = hl_result_new(HL_SERVER);

  (void)state;
  assert_true(hl_result_say(r, "a\r\nb\tc%c\x7f é", 1));
  assert_string_equal(r->message, "a  b c   é");
  assert_true(hl_result_say(r, "again"));
  assert_string_equal(r->message, "again");
  hl_result_free(r);
}

static void it_names_kinds_and_phases (void **state) {
  static const struct {
    hl_kind kind;
    const char *name;
  } kinds[] = {
      {HL_OK, "ok"},
      {HL_INVALID, "invalid"},
      {HL_UNAUTHORIZED, "unauthorized"},
      {HL_FORBIDDEN, "forbidden"},
      {HL_NOT_FOUND, "not_found"},
      {HL_DUPLICATE, "duplicate"},
      {HL_REJECTED, "rejected"},
      {HL_RATE_LIMITED, "rate_limited"},
      {HL_SERVER, "server"},
      {HL_TIMEOUT, "timeout"},
      {HL_NETWORK, "network"},
      {HL_TLS, "tls"},
      {HL_PROTOCOL, "protocol"},
      {HL_MEMORY, "memory"},
      {HL_CANCELLED, "cancelled"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(kinds); i++)
    assert_string_equal(hl_kind_name(kinds[i].kind), kinds[i].name);
  assert_null(hl_phase_name(HL_PHASE_NONE));
  assert_string_equal(hl_phase_name(HL_PHASE_CONNECT), "connect");
  assert_string_equal(hl_phase_name(HL_PHASE_WAIT), "wait");
  assert_string_equal(hl_phase_name(HL_PHASE_TRANSFER), "transfer");
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_prints_paths),
      cmocka_unit_test(it_quotes_odd_names),
      cmocka_unit_test(it_prints_nothing_for_the_root),
      cmocka_unit_test(it_begins_a_text_with_its_path),
      cmocka_unit_test(it_copies_what_it_is_given),
      cmocka_unit_test(it_sorts_as_people_count),
      cmocka_unit_test(it_sorts_none_and_one),
      cmocka_unit_test(it_keeps_a_hundred),
      cmocka_unit_test(it_sums_up),
      cmocka_unit_test(it_says_when_memory_ran_out),
      cmocka_unit_test(it_keeps_control_characters_out),
      cmocka_unit_test(it_names_kinds_and_phases),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
