/*
** test_call.c: one request from prepared to settled, without a network and
** with a clock of the test's own.
*/
#include "check.h"

#include <limits.h>
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
#define ID_BYTES "contact_id: is not UTF-8: convert it first"
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
      {"a\xff", 2, ID_BYTES},
      {"a\xc0\xaf", 3, ID_BYTES}, /* an overlong slash */
      {"a\xed\xa0\x80", 4, ID_BYTES},
      {"a\xc3", 2, ID_BYTES},
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

#define AS_IT_IS                                                               \
  { NULL, 0, 0, NULL, HL_AS_CLIENT }
#define GOOD "{\"name\":\"a\"}"
#define BAD "{\"zip\":\"a\"}"

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
      {&strict, AS_IT_IS, GOOD, TOKEN, 700, true},
      {&strict, {" other\n", 50, 0, NULL, HL_STRICT}, GOOD, "other", 50, true},
      {&strict, {NULL, -5, 0, NULL, HL_AS_CLIENT}, GOOD, TOKEN, 700, true},
      {&strict, AS_IT_IS, BAD, TOKEN, 700, false},
      {&strict, {NULL, 0, 0, NULL, HL_STRICT}, BAD, TOKEN, 700, false},
      {&strict, {NULL, 0, 0, NULL, HL_LAX}, BAD, TOKEN, 700, true},
      {&lax, AS_IT_IS, BAD, TOKEN, 700, true},
      {&lax, {NULL, 0, 0, NULL, HL_STRICT}, BAD, TOKEN, 700, false},
      {&lax, {NULL, 0, 0, NULL, HL_LAX}, BAD, TOKEN, 700, true},
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

/* Whatever a long can hold: forever, and no retries or very many. */
static void it_takes_any_number (void **state) {
  static const long rows[] = {LONG_MAX,
                              LONG_MAX / 1000 - 1,
                              (long)INT64_C(4294967291),
                              (long)INT64_C(2147483648),
                              LONG_MIN,
                              -5};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_call_options o = {.timeout_ms = rows[i], .retries = rows[i]};
    hl_call *call = make(&account, "abc", 3, GOOD, &o);
    assert_row(i, call->deadline_us > NOW);
    assert_row(i, call->retries == (rows[i] > 0 ? INT_MAX : 0));
    assert_row(i, call->room == (rows[i] > 0 ? HL_HISTORY_MAX : 1));
    hl_call_destroy(call);
  }
  for (i = 0; i < COUNT(rows); i++) { /* of the client's */
    const hl_options o = {.retries = rows[i],
                          .rate_interval_ms = rows[i] > 0 ? rows[i] : 0};
    hl_settings s;
    settings_for(&s, &o);
    assert_row(i, s.retries == (rows[i] > 0 ? INT_MAX : 0));
    assert_row(i, s.rate.interval_us > 0);
    assert_row(i, s.rate.interval_us <= INT64_C(2147483647000));
    hl_settings_free(&s);
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
    const hl_call_options co = {.token = rows[i].call};
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

/* What follows an attempt, under the default rate limit. */
static bool conclude (hl_call *call, double dice, int64_t now_us) {
  return hl_call_conclude(call, INT64_C(10000000), dice, now_us);
}

static void it_settles_with_an_answer (void **state) {
  hl_call *call = prepared();
  const hl_attempt *history;
  const hl_result *r;
  size_t n;

  (void)state;
  hl_call_sending(call, NOW + 100);
  assert_int_equal(call->state, HL_CALL_SENDING);
  assert_null(hl_call_result(call));
  assert_int_equal(call->attempts, 1);
  feed(call, "HTTP/1.1 200 OK\r\n", "{\"succeded\":true,\"contact\":{}}");
  hl_call_answered(call, "1.1");
  assert_int_equal(call->state, HL_CALL_ENDED);
  assert_null(hl_call_result(call));
  assert_false(conclude(call, 0.5, NOW + 1234));
  r = hl_call_result(call);
  assert_int_equal(call->state, HL_CALL_SETTLED);
  assert_int_equal(r->kind, HL_OK);
  assert_int_equal(r->attempts, 1);
  assert_int_equal(r->elapsed_us, 1234);
  assert_int_equal(r->phase, HL_PHASE_TRANSFER);
  assert_string_equal(r->http_version, "1.1");
  history = hl_call_history(call, &n);
  assert_int_equal(n, 1);
  assert_int_equal(history->number, 1);
  assert_int_equal(history->kind, HL_OK);
  assert_int_equal(history->status, 200);
  assert_null(history->message);
  assert_string_equal(history->reason, "done");
  assert_int_equal(history->began_us, 100);
  assert_int_equal(history->took_us, 1134);
  assert_int_equal(history->wait_us, -1);
  hl_call_destroy(call);
}

static void it_blots_its_token_out (void **state) {
  hl_call *call = prepared();
  const hl_attempt *history;
  size_t n;

  (void)state;
  hl_call_sending(call, NOW);
  feed(call, "HTTP/2 401\r\n", "{\"message\":\"no " TOKEN "\"}");
  hl_call_answered(call, "2");
  assert_false(conclude(call, 0, NOW));
  assert_string_equal(hl_call_result(call)->messages[0].text,
                      "no **************");
  assert_null(strstr(hl_call_result(call)->message, TOKEN));
  assert_null(strstr(hl_call_result(call)->body, TOKEN));
  hl_call_destroy(call);

  call = prepared();
  hl_call_sending(call, NOW);
  hl_call_failed(call, HL_NETWORK, HL_PHASE_WAIT, "lost " TOKEN "!");
  assert_true(conclude(call, 0, NOW));
  history = hl_call_history(call, &n);
  assert_int_equal(n, 1);
  assert_string_equal(history->message, "lost **************!");
  hl_call_stop(call, HL_CANCELLED, "no " TOKEN " any more", NOW);
  assert_string_equal(hl_call_result(call)->message,
                      "no ************** any more");
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
  static const hl_call_options once = {.retries = -1};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call = make(&account, "abc", 3, GOOD, &once);
    const hl_result *r;
    hl_call_sending(call, NOW);
    feed(call, "HTTP/1.1 207 Some\r\n", "");
    hl_call_failed(call, rows[i].kind, rows[i].phase, "what\nhappened");
    assert_row(i, call->state == HL_CALL_ENDED);
    assert_row(i, !conclude(call, 0, NOW + 9));
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
  hl_call_sending(call, NOW);
  hl_call_failed(call, HL_MEMORY, HL_PHASE_NONE, NULL);
  assert_int_equal(call->state, HL_CALL_ENDED);
  assert_false(conclude(call, 0, NOW));
  assert_int_equal(call->state, HL_CALL_SETTLED);
  assert_int_equal(hl_call_result(call)->kind, HL_MEMORY);
  assert_true(hl_call_result(call)->retryable);
  assert_int_equal(call->attempts, 1);
  hl_call_destroy(call);
}

/*------------------------------------------------------------------- again */

static void fail_with (hl_call *call, const char *status_line, int64_t now_us) {
  hl_call_sending(call, now_us);
  feed(call, status_line, "{\"message\":\"busy\"}");
  hl_call_answered(call, "1.1");
}

static void it_fails_twice_then_succeeds (void **state) {
  static const struct {
    int number;
    hl_kind kind;
    int status;
    const char *reason;
    int64_t began_us, took_us, wait_us;
  } rows[] = {
      {1, HL_SERVER, 503, "a gateway's error", 0, 1000, 125000},
      {2, HL_NETWORK, 0, "no connection: nothing was sent", 126000, 10, 250000},
      {3, HL_OK, 200, "done", 376010, 7, -1},
  };
  hl_call *call = prepared();
  const hl_attempt *history;
  int64_t now_us = NOW;
  size_t i, n;

  (void)state;
  fail_with(call, "HTTP/1.1 503 Busy\r\n", now_us);
  now_us += 1000;
  assert_true(conclude(call, 0.5, now_us));
  assert_int_equal(call->resume_us, now_us + 125000);
  now_us = call->resume_us;
  hl_call_sending(call, now_us);
  assert_int_equal(call->answer.status, 0); /* nothing of the last one */
  assert_int_equal(call->answer.body.len, 0);
  hl_call_failed(call, HL_NETWORK, HL_PHASE_CONNECT, "refused");
  now_us += 10;
  assert_true(conclude(call, 0.5, now_us));
  assert_null(hl_call_result(call));
  now_us = call->resume_us;
  hl_call_sending(call, now_us);
  feed(call, "HTTP/1.1 200 OK\r\n", "{\"contact\":{}}");
  hl_call_answered(call, "1.1");
  assert_false(conclude(call, 0.5, now_us + 7));
  assert_int_equal(hl_call_result(call)->kind, HL_OK);
  assert_int_equal(hl_call_result(call)->attempts, 3);
  assert_int_equal(hl_call_result(call)->elapsed_us, now_us + 7 - NOW);
  history = hl_call_history(call, &n);
  assert_int_equal(n, 3);
  for (i = 0; i < COUNT(rows); i++) {
    assert_row(i, history[i].number == rows[i].number);
    assert_row(i, history[i].kind == rows[i].kind);
    assert_row(i, history[i].status == rows[i].status);
    assert_string_equal(history[i].reason, rows[i].reason);
    assert_row(i, history[i].began_us == rows[i].began_us);
    assert_row(i, history[i].took_us == rows[i].took_us);
    assert_row(i, history[i].wait_us == rows[i].wait_us);
  }
  hl_call_destroy(call);
}

static void it_keeps_its_answers_ceiling (void **state) {
  const hl_options o = {.token = TOKEN, .max_response_bytes = 20};
  hl_call *call = make(&o, "abc", 3, GOOD, NULL);

  (void)state;
  fail_with(call, "HTTP/1.1 503 Busy\r\n", NOW);
  assert_true(conclude(call, 0, NOW));
  hl_call_sending(call, NOW);
  assert_true(hl_text_puts(&call->answer.body, "12345678901234567890"));
  assert_false(hl_text_puts(&call->answer.body, "1"));
  hl_call_failed(call, HL_PROTOCOL, HL_PHASE_TRANSFER, "too large");
  assert_false(conclude(call, 0, NOW));
  hl_call_destroy(call);
}

/* However many there were: the last ones, at most 16, in order. */
static void it_remembers_the_last_attempts (void **state) {
  static const long rows[] = {-1, 0, 1, 14, 15, 16, 17, 100};
  size_t i, k, n;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_call_options o = {.retries = rows[i], .timeout_ms = 10000000};
    hl_call *call = make(&account, "abc", 3, GOOD, &o);
    int last = rows[i] < 0 ? 1 : rows[i] == 0 ? 4 : (int)rows[i] + 1, ended = 0;
    const hl_attempt *history;
    do {
      fail_with(call, "HTTP/1.1 502 Bad\r\n", NOW + ended);
      ended++;
      assert_row(i, call->attempts == ended);
    } while (conclude(call, 0, NOW + ended));
    assert_row(i, ended == last);
    assert_row(i, hl_call_result(call)->attempts == last);
    history = hl_call_history(call, &n);
    assert_row(i, n == (last < HL_HISTORY_MAX ? (size_t)last : HL_HISTORY_MAX));
    for (k = 0; k < n; k++) {
      assert_row(i, history[k].number == last - (int)n + 1 + (int)k);
      assert_row(i, history[k].wait_us == (k + 1 < n ? 0 : -1));
      assert_row(i, history[k].began_us == history[k].number - 1);
      assert_non_null(strstr(history[k].message, "busy"));
    }
    assert_string_equal(history[n - 1].reason, rows[i] < 0
                                                   ? "retries are turned off"
                                                   : "no attempts left");
    hl_call_destroy(call);
  }
}

/*----------------------------------------------------- stopping, giving up */

static void it_is_stopped_wherever_it_is (void **state) {
  int stage;

  (void)state;
  for (stage = 0; stage < 4; stage++) {
    hl_call *call = prepared();
    const hl_result *r;
    if (stage > 0)
      hl_call_sending(call, NOW);
    if (stage > 1)
      hl_call_failed(call, HL_NETWORK, HL_PHASE_WAIT, "lost");
    if (stage > 2)
      assert_true(conclude(call, 0.5, NOW));
    hl_call_stop(call, HL_CANCELLED, "enough", NOW + 5);
    r = hl_call_result(call);
    assert_row(stage, call->state == HL_CALL_SETTLED);
    assert_row(stage, r->kind == HL_CANCELLED);
    assert_row(stage, r->attempts == (stage > 0));
    assert_row(stage, r->elapsed_us == 5);
    assert_row(stage, !r->retryable);
    assert_string_equal(r->message, "enough");
    hl_call_destroy(call);
  }
}

static void it_is_stopped_without_memory (void **state) {
  hl_call *call = prepared();

  (void)state;
  hl_call_stop(call, HL_MEMORY, "", NOW);
  assert_int_equal(hl_call_result(call)->kind, HL_MEMORY);
  hl_call_destroy(call);
}

static void giving_up_says_why (void **state) {
  static const struct {
    int64_t ready_us, retry_after_ms;
    hl_kind kind;
  } rows[] = {{NOW + 7654321, 7655, HL_RATE_LIMITED},
              {NOW + 1, 1, HL_RATE_LIMITED},
              {NOW, -1, HL_TIMEOUT},
              {NOW - 5, -1, HL_TIMEOUT},
              {INT64_MIN, -1, HL_TIMEOUT}};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_call *call = prepared();
    const hl_result *r;
    hl_call_give_up(call, rows[i].ready_us, NOW);
    r = hl_call_result(call);
    assert_row(i, call->state == HL_CALL_SETTLED);
    assert_row(i, r->kind == rows[i].kind);
    assert_row(i, r->status == 0 && r->attempts == 0);
    assert_row(i, r->retryable);
    assert_row(i, r->retry_after_ms == rows[i].retry_after_ms);
    assert_row(i, strncmp(r->message, "nothing was sent: ", 18) == 0);
    assert_row(i, !r->rate_limit.daily_spent);
    hl_call_destroy(call);
  }
}

static void giving_up_keeps_the_last_error (void **state) {
  hl_call *call = prepared();
  const hl_result *r;

  (void)state;
  fail_with(call, "HTTP/1.1 503 Busy\r\n", NOW);
  assert_true(conclude(call, 0.5, NOW + 1));
  hl_call_give_up(call, NOW + 7, NOW + 5);
  r = hl_call_result(call);
  assert_int_equal(r->kind, HL_SERVER);
  assert_int_equal(r->status, 503);
  assert_int_equal(r->attempts, 1);
  assert_int_equal(r->elapsed_us, 5);
  hl_call_destroy(call);
}

static void it_knows_its_user (void **state) {
  const hl_call_options o = {.user = &state};
  hl_call *call = make(&account, "abc", 3, GOOD, &o);

  assert_ptr_equal(hl_call_user(call), &state);
  hl_call_destroy(call);
  call = prepared();
  assert_null(hl_call_user(call));
  hl_call_destroy(call);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_prepared_in_full),
      cmocka_unit_test(it_encodes_ids),
      cmocka_unit_test(it_refuses_ids),
      cmocka_unit_test(it_puts_the_address_together),
      cmocka_unit_test(it_takes_options_of_its_own),
      cmocka_unit_test(it_takes_any_number),
      cmocka_unit_test(it_wants_a_token),
      cmocka_unit_test(it_lists_all_that_is_wrong),
      cmocka_unit_test(it_keeps_updates_below_8_mib),
      cmocka_unit_test(it_wants_fields),
      cmocka_unit_test(it_settles_with_an_answer),
      cmocka_unit_test(it_blots_its_token_out),
      cmocka_unit_test(it_settles_without_an_answer),
      cmocka_unit_test(it_settles_without_memory),
      cmocka_unit_test(it_fails_twice_then_succeeds),
      cmocka_unit_test(it_keeps_its_answers_ceiling),
      cmocka_unit_test(it_remembers_the_last_attempts),
      cmocka_unit_test(it_is_stopped_wherever_it_is),
      cmocka_unit_test(it_is_stopped_without_memory),
      cmocka_unit_test(giving_up_says_why),
      cmocka_unit_test(giving_up_keeps_the_last_error),
      cmocka_unit_test(it_knows_its_user),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
