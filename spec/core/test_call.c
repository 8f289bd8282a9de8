/*
** test_call.c: one request from prepared to settled, without a network and
** with a clock of the test's own.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"

#define TOKEN "pit-0123456789"
#define NOW INT64_C(5000000)

static void settings_for (hl_settings *s, const hl_options *o) {
  hl_problems p;

  hl_problems_init(&p);
  hl_settings_init(s, o, &p);
  assert_int_equal(p.n, 0);
  hl_problems_free(&p);
}

static hl_call *make (const hl_options *o, const char *id, size_t id_len,
                      const char *fields, const hl_call_options *options) {
  hl_settings s;
  hl_call *call;

  settings_for(&s, o);
  call = hl_call_make(&s, id, id_len, hl_fields_new(cJSON_Parse(fields)),
                      options, NOW);
  hl_settings_free(&s); /* the call has copies of what it needs */
  assert_non_null(call);
  return call;
}

static const hl_options account = {.token = TOKEN};

static hl_call *prepared (void) {
  hl_call *call = make(&account, "abc", 3, "{\"name\":\"a\"}", NULL);

  assert_int_equal(call->state, HL_CALL_PREPARED);
  assert_null(hl_call_result(call));
  return call;
}

/*--------------------------------------------------------------- preparing */

static void it_is_prepared_in_full (void **state) {
  hl_call *call = prepared();

  (void)state;
  assert_string_equal(call->url,
                      "https://services.leadconnectorhq.com/contacts/abc");
  assert_string_equal(call->token, TOKEN);
  assert_string_equal(call->body.bytes, "{\"name\":\"a\"}");
  assert_int_equal(call->attempts, 0);
  assert_int_equal(call->started_us, NOW);
  assert_int_equal(call->deadline_us, NOW + 30000000);
  hl_call_destroy(call);
}

static void it_encodes_ids (void **state) {
  static const struct {
    const char *id;
    size_t len;
    const char *path;
  } rows[] = {
      {"ocQHyuzHvysMo5N5VsXc", 20, "ocQHyuzHvysMo5N5VsXc"},
      {"a-._~Z09", 8, "a-._~Z09"},
      {"abcdef", 3, "abc"}, /* need not end in NUL */
      {"a b", 3, "a%20b"},
      {"a%2Fb", 5, "a%252Fb"},
      {"%2e%2e", 6, "%252e%252e"},
      {"a?b=c&d", 7, "a%3Fb%3Dc%26d"},
      {"a#b", 3, "a%23b"},
      {"a\\b", 3, "a%5Cb"},
      {"a+b;c,d:e@f", 11, "a%2Bb%3Bc%2Cd%3Ae%40f"},
      {"\"<>|^`{}[]", 10, "%22%3C%3E%7C%5E%60%7B%7D%5B%5D"},
      {"é", 2, "%C3%A9"},
      {"\xff", 1, "%FF"},
      {"...", 3, "..."},
      {".a", 2, ".a"},
      {" ", 1, "%20"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call =
        make(&account, rows[i].id, rows[i].len, "{\"name\":\"a\"}", NULL);
    char url[200];
    snprintf(url, sizeof(url),
             "https://services.leadconnectorhq.com/contacts/%s", rows[i].path);
    assert_row(i, call->state == HL_CALL_PREPARED);
    assert_string_equal(call->url, url);
    hl_call_destroy(call);
  }
}

#define ID_CONTROL                                                             \
  "contact_id: holds a control character (a line end, perhaps); trim it first"
#define ID_SLASH                                                               \
  "contact_id: holds a /; give the id alone, not a path or an address"
#define ID_STEP "contact_id: is a step in a path, not an id"

static void it_refuses_ids (void **state) {
  static const struct {
    const char *id;
    size_t len;
    const char *said;
  } rows[] = {
      {"", 0, "contact_id: is empty; give the contact's id"},
      {".", 1, ID_STEP},
      {"..", 2, ID_STEP},
      {"..x", 2, ID_STEP},
      {"/", 1, ID_SLASH},
      {"a/b", 3, ID_SLASH},
      {"../a", 4, ID_SLASH},
      {"https://a/b", 11, ID_SLASH},
      {"abc\n", 4, ID_CONTROL},
      {"\tabc", 4, ID_CONTROL},
      {"a\r\nb", 4, ID_CONTROL},
      {"a\0b", 3, ID_CONTROL},
      {"\0", 1, ID_CONTROL},
      {"a\x7f", 2, ID_CONTROL},
      {"a\x1f", 2, ID_CONTROL},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call =
        make(&account, rows[i].id, rows[i].len, "{\"name\":\"a\"}", NULL);
    const hl_result *r = hl_call_result(call);
    assert_row(i, call->state == HL_CALL_SETTLED);
    assert_row(i, r != NULL && r->kind == HL_INVALID);
    assert_row(i, call->url == NULL);
    assert_string_equal(r->message, rows[i].said);
    assert_string_equal(r->path, "contact_id");
    hl_call_destroy(call);
  }
}

static void it_puts_the_address_together (void **state) {
  static const struct {
    const char *base, *url;
  } rows[] = {
      {"https://a.example", "https://a.example/contacts/abc"},
      {"https://a.example///", "https://a.example/contacts/abc"},
      {"https://a.example:1/v2/", "https://a.example:1/v2/contacts/abc"},
      {"http://[::1]:8080", "http://[::1]:8080/contacts/abc"},
      {"https://a.example/100%/%s%n", "https://a.example/100%/%s%n/contacts/"
                                      "abc"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_options o = {.token = TOKEN, .base_url = rows[i].base};
    hl_call *call = make(&o, "abc", 3, "{\"name\":\"a\"}", NULL);
    assert_string_equal(call->url, rows[i].url);
    hl_call_destroy(call);
  }
}

static void it_takes_options_of_its_own (void **state) {
  static const hl_options strict = {.token = TOKEN, .timeout_ms = 700};
  static const hl_options lax = {
      .token = TOKEN, .timeout_ms = 700, .lax = true};
  static const struct {
    const hl_options *account;
    hl_call_options o;
    const char *fields, *token;
    int64_t timeout_ms;
    bool good;
  } rows[] = {
      {&strict, {NULL, 0, HL_AS_CLIENT}, "{\"name\":\"a\"}", TOKEN, 700, true},
      {&strict,
       {" other\n", 50, HL_STRICT},
       "{\"name\":\"a\"}",
       "other",
       50,
       true},
      {&strict, {NULL, -5, HL_AS_CLIENT}, "{\"name\":\"a\"}", TOKEN, 700, true},
      {&strict, {NULL, 0, HL_AS_CLIENT}, "{\"zip\":\"a\"}", TOKEN, 700, false},
      {&strict, {NULL, 0, HL_STRICT}, "{\"zip\":\"a\"}", TOKEN, 700, false},
      {&strict, {NULL, 0, HL_LAX}, "{\"zip\":\"a\"}", TOKEN, 700, true},
      {&lax, {NULL, 0, HL_AS_CLIENT}, "{\"zip\":\"a\"}", TOKEN, 700, true},
      {&lax, {NULL, 0, HL_STRICT}, "{\"zip\":\"a\"}", TOKEN, 700, false},
      {&lax, {NULL, 0, HL_LAX}, "{\"zip\":\"a\"}", TOKEN, 700, true},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call = make(rows[i].account, "abc", 3, rows[i].fields, &rows[i].o);
    assert_row(i, (call->state == HL_CALL_PREPARED) == rows[i].good);
    assert_row(i, call->deadline_us == NOW + rows[i].timeout_ms * 1000);
    assert_string_equal(call->token, rows[i].token);
    hl_call_destroy(call);
  }
}

static void it_wants_a_token (void **state) {
  static const struct {
    const char *account, *call, *said;
  } rows[] = {
      {NULL, NULL,
       "token: there is none; give one to highlevel.new, to the "
       "call, or set HIGHLEVEL_TOKEN"},
      {TOKEN, "", "token: is empty"},
      {TOKEN, " \n", "token: is empty"},
      {TOKEN, "a\nb",
       "token: holds a control character; give the token alone, "
       "in one line"},
      {NULL, "a\x01",
       "token: holds a control character; give the token alone, "
       "in one line"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_options o = {.token = rows[i].account};
    const hl_call_options co = {rows[i].call, 0, HL_AS_CLIENT};
    hl_call *call = make(&o, "abc", 3, "{\"name\":\"a\"}", &co);
    assert_row(i, hl_call_result(call)->kind == HL_INVALID);
    assert_string_equal(hl_call_result(call)->message, rows[i].said);
    assert_null(call->token);
    hl_call_destroy(call);
  }
}

static void it_lists_all_that_is_wrong (void **state) {
  const hl_options o = {NULL};
  hl_call *call = make(&o, "a/b", 3, "{\"zip\":1,\"email\":\"\"}", NULL);
  const hl_result *r = hl_call_result(call);

  (void)state;
  assert_int_equal(r->n_messages, 4);
  assert_string_equal(r->messages[0].path, "contact_id");
  assert_string_equal(r->messages[1].path, "email");
  assert_string_equal(r->messages[2].path, "token");
  assert_string_equal(r->messages[3].path, "zip");
  assert_int_equal(r->attempts, 0);
  assert_int_equal(r->status, 0);
  assert_false(r->retryable);
  hl_call_destroy(call);
}

static void it_keeps_updates_below_8_mib (void **state) {
  static const struct {
    size_t text; /* {"name":"..."} adds 11 */
    bool good;
  } rows[] = {{8 * 1024 * 1024 - 11, true}, {8 * 1024 * 1024 - 10, false}};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *document = cJSON_CreateObject();
    char *text = malloc(rows[i].text + 1);
    hl_settings s;
    hl_call *call;
    assert_non_null(text);
    memset(text, 'a', rows[i].text);
    text[rows[i].text] = '\0';
    cJSON_AddStringToObject(document, "name", text);
    free(text);
    settings_for(&s, &account);
    call = hl_call_make(&s, "abc", 3, hl_fields_new(document), NULL, NOW);
    assert_row(i, (call->state == HL_CALL_PREPARED) == rows[i].good);
    if (!rows[i].good)
      assert_string_equal(hl_call_result(call)->message,
                          "this update is larger than 8 MiB");
    hl_call_destroy(call);
    hl_settings_free(&s);
  }
}

static void it_wants_fields (void **state) {
  hl_settings s;

  (void)state;
  settings_for(&s, &account);
  assert_null(hl_call_make(&s, "abc", 3, NULL, NULL, NOW));
  hl_settings_free(&s);
}

/*------------------------------------------------------------------ moving */

static void feed (hl_call *call, const char *status_line, const char *body) {
  hl_answer_header(&call->answer, status_line, strlen(status_line), 0);
  assert_true(hl_text_puts(&call->answer.body, body));
}

static void it_settles_with_an_answer (void **state) {
  hl_call *call = prepared();
  const hl_result *r;

  (void)state;
  hl_call_sending(call);
  assert_int_equal(call->state, HL_CALL_SENDING);
  assert_null(hl_call_result(call));
  feed(call, "HTTP/1.1 200 OK\r\n", "{\"succeded\":true,\"contact\":{}}");
  hl_call_answered(call, "1.1", NOW + 1234);
  r = hl_call_result(call);
  assert_int_equal(call->state, HL_CALL_SETTLED);
  assert_int_equal(r->kind, HL_OK);
  assert_int_equal(r->attempts, 1);
  assert_int_equal(r->elapsed_us, 1234);
  assert_int_equal(r->phase, HL_PHASE_TRANSFER);
  assert_string_equal(r->http_version, "1.1");
  hl_call_destroy(call);
}

static void it_blots_its_token_out (void **state) {
  hl_call *call = prepared();

  (void)state;
  hl_call_sending(call);
  feed(call, "HTTP/2 401\r\n", "{\"message\":\"no " TOKEN "\"}");
  hl_call_answered(call, "2", NOW);
  assert_string_equal(hl_call_result(call)->messages[0].text,
                      "no **************");
  assert_null(strstr(hl_call_result(call)->message, TOKEN));
  assert_null(strstr(hl_call_result(call)->body, TOKEN));
  hl_call_destroy(call);

  call = prepared();
  hl_call_sending(call);
  hl_call_failed(call, HL_NETWORK, HL_PHASE_WAIT, "lost " TOKEN "!", NOW);
  assert_string_equal(hl_call_result(call)->message, "lost **************!");
  hl_call_destroy(call);
}

static void it_settles_without_an_answer (void **state) {
  static const struct {
    hl_kind kind;
    hl_phase phase;
    bool retryable;
    int status;
  } rows[] = {
      {HL_NETWORK, HL_PHASE_CONNECT, true, 0},
      {HL_NETWORK, HL_PHASE_TRANSFER, true, 0},
      {HL_TIMEOUT, HL_PHASE_WAIT, true, 0},
      {HL_TLS, HL_PHASE_CONNECT, false, 0},
      {HL_PROTOCOL, HL_PHASE_TRANSFER, false, 207},
      {HL_CANCELLED, HL_PHASE_NONE, false, 0},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call = prepared();
    const hl_result *r;
    hl_call_sending(call);
    feed(call, "HTTP/1.1 207 Some\r\n", "");
    hl_call_failed(call, rows[i].kind, rows[i].phase, "what\nhappened",
                   NOW + 9);
    r = hl_call_result(call);
    assert_row(i, call->state == HL_CALL_SETTLED);
    assert_row(i, r->kind == rows[i].kind);
    assert_row(i, r->phase == rows[i].phase);
    assert_row(i, r->retryable == rows[i].retryable);
    assert_row(i, r->status == rows[i].status);
    assert_row(i, r->elapsed_us == 9);
    assert_row(i, r->attempts == 1);
    assert_row(i, r->body == NULL && r->document == NULL);
    assert_string_equal(r->message, "what happened");
    hl_call_destroy(call);
  }
}

static void it_settles_without_memory (void **state) {
  hl_call *call = prepared();

  (void)state;
  hl_call_failed(call, HL_MEMORY, HL_PHASE_NONE, NULL, NOW);
  assert_int_equal(call->state, HL_CALL_SETTLED);
  assert_int_equal(hl_call_result(call)->kind, HL_MEMORY);
  assert_true(hl_call_result(call)->retryable);
  hl_call_destroy(call);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_prepared_in_full),
      cmocka_unit_test(it_encodes_ids),
      cmocka_unit_test(it_refuses_ids),
      cmocka_unit_test(it_puts_the_address_together),
      cmocka_unit_test(it_takes_options_of_its_own),
      cmocka_unit_test(it_wants_a_token),
      cmocka_unit_test(it_lists_all_that_is_wrong),
      cmocka_unit_test(it_keeps_updates_below_8_mib),
      cmocka_unit_test(it_wants_fields),
      cmocka_unit_test(it_settles_with_an_answer),
      cmocka_unit_test(it_blots_its_token_out),
      cmocka_unit_test(it_settles_without_an_answer),
      cmocka_unit_test(it_settles_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
