/*
** test_answer.c: what every answer seen in public becomes.
*/
#include "check.h"

#include <stdio.h>

#include "answer.h"
#include "json.h"

#define TOKEN "pit-0123456789"
#define NOW ((time_t)1700000000) /* Tue, 14 Nov 2023 22:13:20 GMT */

static void feed (hl_answer *a, int status, const char *headers,
                  const char *body) {
  char line[64];
  const char *end;

  hl_answer_init(a, 1 << 20);
  snprintf(line, sizeof(line), "HTTP/1.1 %d Some Reason\r\n", status);
  hl_answer_header(a, line, strlen(line), NOW);
  for (; *headers != '\0'; headers = end) {
    end = strchr(headers, '\n') + 1;
    hl_answer_header(a, headers, (size_t)(end - headers), NOW);
  }
  assert_true(hl_text_puts(&a->body, body));
}

static const hl_result *judge (int status, const char *headers,
                               const char *body) {
  hl_answer a;
  const hl_result *r;

  feed(&a, status, headers, body);
  r = hl_answer_judge(&a, TOKEN);
  hl_answer_free(&a);
  assert_non_null(r);
  return r;
}

static void tells_kinds_apart (void **state) {
  static const struct {
    int status;
    const char *body;
    hl_kind kind;
    const char *says;
  } rows[] = {
      {200, "{\"succeded\":true,\"contact\":{}}", HL_OK, NULL},
      {201, "{\"succeeded\":true,\"contact\":{\"id\":\"x\"}}", HL_OK, NULL},
      {200, "{\"contact\":{}}", HL_OK, NULL},
      {200, "", HL_PROTOCOL, "empty answer"},
      {200, "{\"succeded\":true,\"contact\":{", HL_PROTOCOL, "too early"},
      {200, "<html>", HL_PROTOCOL, "not JSON"},
      {200, "[]", HL_PROTOCOL, "without the contact"},
      {200, "null", HL_PROTOCOL, "without the contact"},
      {200, "{\"contact\":[]}", HL_PROTOCOL, "without the contact"},
      {200, "{\"succeded\":false,\"contact\":{}}", HL_REJECTED, "not succeed"},
      {400,
       "{\"message\":\"Contact not found for id:x\",\"error\":\"Bad "
       "Request\",\"statusCode\":400}",
       HL_NOT_FOUND, "Contact not found for id:x"},
      {400,
       "{\"statusCode\":400,\"message\":\"This location does not allow "
       "duplicated contacts.\",\"meta\":{\"contactId\":\"o\","
       "\"matchingField\":\"phone\"}}",
       HL_DUPLICATE, "see meta"},
      {400,
       "{\"message\":\"Invalid Custom Field Value \\\"x\\\" for \\\"f\\\"\"}",
       HL_REJECTED, "does not suit"},
      {400, "{\"message\":\"Invalid API version segment 'x' at position 0\"}",
       HL_REJECTED, "version segment"},
      {400, "{\"message\":\"API endpoint has been removed\"}", HL_REJECTED,
       "removed"},
      {400, "{}", HL_REJECTED, "without a message"},
      {401, "{\"statusCode\":401,\"message\":\"Invalid JWT\"}", HL_UNAUTHORIZED,
       "fresh one"},
      {401, "{\"message\":\"Invalid Private Integration token\"}",
       HL_UNAUTHORIZED, "copy it anew"},
      {401, "{\"message\":\"The token is not authorized for this scope.\"}",
       HL_FORBIDDEN, "contacts.write"},
      {401, "{\"message\":\"version header was not found.\"}", HL_UNAUTHORIZED,
       "api_version"},
      {401, "{\"message\":\"Token's user type mismatch!\"}", HL_FORBIDDEN,
       "sub-account"},
      {401,
       "{\"message\":\"This authClass type is not allowed to access this "
       "scope. Please verify your IAM configuration if this is not the "
       "case.\"}",
       HL_FORBIDDEN, "agency"},
      {401,
       "{\"message\":\"This location is not accessible from this token!\"}",
       HL_FORBIDDEN, "location"},
      {401, "", HL_UNAUTHORIZED, "empty answer"},
      {403,
       "{\"message\":\"The token does not have access to this location.\"}",
       HL_FORBIDDEN, "does not have access"},
      {403, "error code: 1010", HL_FORBIDDEN, "error code: 1010"},
      {404, "{\"message\":\"Cannot GET /x\"}", HL_NOT_FOUND, "Cannot GET"},
      {405, "", HL_REJECTED, "HTTP 405"},
      {408, "", HL_REJECTED, "HTTP 408"},
      {422,
       "{\"message\":[\"property a should not exist\",\"b must be a string\"],"
       "\"error\":\"Unprocessable Entity\",\"statusCode\":422,\"traceId\":"
       "\"t-1\"}",
       HL_REJECTED, "should not exist; b must be a string; nothing was saved"},
      {422, "{\"message\":[{\"property\":\"a\"}]}", HL_REJECTED,
       "{\"property\":\"a\"}"},
      {400, "{\"error\":\"UnAuthorized!\",\"error_description\":\"gone\"}",
       HL_REJECTED, "gone"},
      {429, "", HL_RATE_LIMITED, "too many requests"},
      {500, "oh no", HL_SERVER, "\"oh no\""},
      {502, "upstream connect error", HL_SERVER, "upstream"},
      {503, "<html><title>Soon</title>", HL_SERVER, "\"Soon\""},
      {504, "", HL_SERVER, "empty answer"},
      {529, "", HL_SERVER, "HTTP 529"},
      {301, "", HL_PROTOCOL, "not followed"},
      {304, "", HL_PROTOCOL, "not followed"},
      {199, "", HL_PROTOCOL, "no final status"},
      {999, "", HL_PROTOCOL, "no final status"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(rows[i].status, "", rows[i].body);
    assert_row(i, r->kind == rows[i].kind);
    assert_row(i, r->status == rows[i].status);
    assert_row(i, (r->message == NULL) == (rows[i].says == NULL));
    if (rows[i].says != NULL && strstr(r->message, rows[i].says) == NULL)
      fail_msg("row %zu: %s", i, r->message);
    assert_row(i, (r->kind == HL_OK) == (r->body == NULL));
    hl_result_free(r);
  }
}

static void lists_every_complaint (void **state) {
  const hl_result *r =
      judge(422, "", "{\"message\":[\"a\",\"b\",\"c\"],\"traceId\":\"t-1\"}");

  (void)state;
  assert_int_equal(r->n_messages, 3);
  assert_string_equal(r->messages[2].text, "c");
  assert_string_equal(r->trace_id, "t-1");
  assert_non_null(strstr(r->message, "(HTTP 422, trace t-1)"));
  hl_result_free(r);
}

static void keeps_the_meta_of_a_duplicate (void **state) {
  const hl_result *r = judge(400, "",
                             "{\"message\":\"This location does not allow "
                             "duplicated contacts.\",\"meta\":{\"contactId\":"
                             "\"o\",\"matchingField\":\"email\"}}");

  (void)state;
  assert_string_equal(hl_json_get_text(r->meta, "matchingField"), "email");
  hl_result_free(r);
}

static void reads_limits_in_any_letters (void **state) {
  const hl_result *r = judge(429,
                             "x-ratelimit-max: 100\r\n"
                             "X-RATELIMIT-REMAINING:0\r\n"
                             "X-RateLimit-Interval-Milliseconds: 10000 \r\n"
                             "X-RateLimit-Limit-Daily: 200000\r\n"
                             "X-RateLimit-Daily-Remaining: 7\r\n"
                             "Retry-After: 3\r\n",
                             "");

  (void)state;
  assert_int_equal(r->rate_limit.limit, 100);
  assert_int_equal(r->rate_limit.remaining, 0);
  assert_int_equal(r->rate_limit.interval_ms, 10000);
  assert_int_equal(r->rate_limit.daily_limit, 200000);
  assert_int_equal(r->rate_limit.daily_remaining, 7);
  assert_int_equal(r->retry_after_ms, 3000);
  assert_false(r->rate_limit.daily_spent);
  assert_true(r->retryable);
  hl_result_free(r);
}

static void knows_a_spent_day (void **state) {
  const hl_result *r = judge(429, "X-RateLimit-Daily-Remaining: 0\n", "");

  (void)state;
  assert_true(r->rate_limit.daily_spent);
  assert_false(r->retryable);
  hl_result_free(r);
}

static void reads_retry_after (void **state) {
  static const struct {
    const char *header;
    int64_t wait_ms;
  } rows[] = {
      {"Retry-After: 0\n", 0},
      {"Retry-After: 120\n", 120000},
      {"Retry-After: Tue, 14 Nov 2023 22:13:50 GMT\n", 30000},
      {"Retry-After: Tue, 14 Nov 2023 22:13:00 GMT\n", 0},
      {"Retry-After: soon\n", -1},
      {"Retry-After: -5\n", -1},
      {"Retry-After: 99999999999999999999\n", -1},
      {"Retry-After:\n", -1},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(503, rows[i].header, "");
    assert_row(i, r->retry_after_ms == rows[i].wait_ms);
    hl_result_free(r);
  }
}

static void starts_over_after_100_continue (void **state) {
  hl_answer a;
  const hl_result *r;

  (void)state;
  feed(&a, 100, "X-RateLimit-Max: 5\n", "");
  hl_answer_header(&a, "HTTP/2 200 \r\n", 13, NOW);
  hl_text_puts(&a.body, "{\"contact\":{}}");
  r = hl_answer_judge(&a, TOKEN);
  assert_int_equal(r->kind, HL_OK);
  assert_int_equal(r->status, 200);
  assert_int_equal(r->rate_limit.limit, -1);
  hl_result_free(r);
  hl_answer_free(&a);
}

static void blots_the_secret_out (void **state) {
  static const char *const bodies[] = {
      "{\"message\":\"bad " TOKEN "\"}",
      "{\"message\":[\"\\u0070it-0123456789\"]}",
      "<title>" TOKEN "</title>",
      TOKEN,
      "{\"message\":\"x\",\"traceId\":\"" TOKEN "\",\"meta\":{\"" TOKEN
      "\":\"" TOKEN "\"}}",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(bodies); i++) {
    const hl_result *r = judge(400, "Location: /" TOKEN "\n", bodies[i]);
    char *tree = r->document ? cJSON_Print(r->document) : NULL;
    assert_row(i, strstr(r->message, TOKEN) == NULL);
    assert_row(i, strstr(r->body, TOKEN) == NULL);
    assert_row(i, r->trace_id == NULL || strstr(r->trace_id, TOKEN) == NULL);
    assert_row(i, tree == NULL || strstr(tree, TOKEN) == NULL);
    cJSON_free(tree);
    hl_result_free(r);
  }
}

static void survives_any_header (void **state) {
  static const char *const lines[] = {
      "",         "\r\n",       ":",           ":\r\n",       "HTTP/",
      "HTTP/1.1", "HTTP/1.1 x", "Retry-After", "HTTP/1.1 20", "no colon"};
  char longest[2000];
  hl_answer a;
  size_t i;

  (void)state;
  hl_answer_init(&a, 100);
  for (i = 0; i < COUNT(lines); i++)
    hl_answer_header(&a, lines[i], strlen(lines[i]), NOW);
  memset(longest, 'x', sizeof(longest));
  hl_answer_header(&a, longest, sizeof(longest), NOW);
  assert_int_equal(a.status, 0);
  hl_answer_free(&a);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_kinds_apart),
      cmocka_unit_test(lists_every_complaint),
      cmocka_unit_test(keeps_the_meta_of_a_duplicate),
      cmocka_unit_test(reads_limits_in_any_letters),
      cmocka_unit_test(knows_a_spent_day),
      cmocka_unit_test(reads_retry_after),
      cmocka_unit_test(starts_over_after_100_continue),
      cmocka_unit_test(blots_the_secret_out),
      cmocka_unit_test(survives_any_header),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
