/*
** test_answer.c: what every answer seen in public becomes.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>

#include "answer.h"
#include "json.h"
#include "result.h"

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
      /* said twice: C finds the first, Lua the last */
      {200, "{\"contact\":{},\"contact\":{}}", HL_OK, NULL},
      {200, "{\"contact\":{},\"contact\":5}", HL_PROTOCOL,
       "without the contact"},
      {200, "{\"contact\":5,\"contact\":{}}", HL_PROTOCOL,
       "without the contact"},
      {200, "{\"contact\":{},\"succeeded\":true,\"succeeded\":false}",
       HL_REJECTED, "not succeed"},
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
      /* the same words without JSON around them */
      {401, "The token is not authorized for this scope.", HL_FORBIDDEN,
       "contacts.write"},
      {401, "Invalid Private Integration token", HL_UNAUTHORIZED,
       "copy it anew"},
      {400, "Contact not found for id:x", HL_NOT_FOUND, "no such contact"},
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

static void blots_out_of_a_success_without_contact (void **state) {
  const hl_result *r =
      judge(200, "", "{\"seen\":\"Bearer \\u0070it-0123456789\"}");

  (void)state;
  assert_int_equal(r->kind, HL_PROTOCOL);
  assert_string_equal(r->body, "{\"seen\":\"Bearer **************\"}");
  hl_result_free(r);
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

/* Every body seen in public, and the whole of what is made of it. */
static void it_says_what_happened_and_what_to_do (void **state) {
#define NO_TOKEN                                                               \
  "; the token has expired, was revoked or is no token; get a fresh one "      \
  "(HTTP 401)"
#define AGENCY                                                                 \
  "; this is an agency's token; use one of the sub-account (HTTP 401)"
#define NO_SCOPE                                                               \
  "; the token lacks the scope contacts.write, or is an agency's where a "     \
  "sub-account's is needed (HTTP 401)"
#define NOT_SAVED "; nothing was saved (HTTP 400)"
#define TROUBLE                                                                \
  "; the service is in trouble, and the update may or may not have been "      \
  "done; try again later (HTTP 50"
#define MEND                                                                   \
  "; nothing was saved; mend every field named and send all of it again "      \
  "(HTTP 422"
#define READ_IT                                                                \
  "; the update may have been done all the same: read the contact before "     \
  "sending it again (HTTP 200)"
#define NO_ACCESS                                                              \
  "; the token may not do this here; check its location and scopes (HTTP 403)"
  static const struct {
    int status;
    const char *body;
    hl_kind kind;
    bool retryable;
    const char *message;
  } rows[] = {
      {400,
       "{\"message\":\"Contact not found for id:abc\",\"error\":\"Bad "
       "Request\",\"statusCode\":400}",
       HL_NOT_FOUND, false,
       "Contact not found for id:abc; no such contact, or it was deleted; "
       "check the id and that the token is for its location (HTTP 400)"},
      {400,
       "{\"statusCode\":400,\"message\":\"This location does not allow "
       "duplicated contacts.\",\"meta\":{\"contactId\":\"o\","
       "\"matchingField\":\"phone\"}}",
       HL_DUPLICATE, false,
       "This location does not allow duplicated contacts.; another contact has "
       "this email or phone; see meta (HTTP 400)"},
      {400,
       "{\"message\":\"Invalid Custom Field Value \\\"x\\\" for \\\"f\\\"\"}",
       HL_REJECTED, false,
       "Invalid Custom Field Value \"x\" for \"f\"; nothing was saved; the "
       "value does not suit the field's type (HTTP 400)"},
      {400, "{\"message\":\"Invalid API version segment 'x' at position 0\"}",
       HL_REJECTED, false,
       "Invalid API version segment 'x' at position 0" NOT_SAVED},
      {400,
       "{\"message\":\"API endpoint has been removed\",\"error\":\"Bad "
       "Request\",\"statusCode\":400}",
       HL_REJECTED, false, "API endpoint has been removed" NOT_SAVED},
      {400, "{\"statusCode\":400,\"message\":\"Bad Request\"}", HL_REJECTED,
       false, "Bad Request" NOT_SAVED},
      {401, "{\"statusCode\":401,\"message\":\"Invalid JWT\"}", HL_UNAUTHORIZED,
       false, "Invalid JWT" NO_TOKEN},
      {401,
       "{\"statusCode\":401,\"message\":\"Invalid token: access token is "
       "invalid\",\"error\":\"Unauthorized\"}",
       HL_UNAUTHORIZED, false,
       "Invalid token: access token is invalid" NO_TOKEN},
      {401, "{\"message\":\"Invalid Private Integration token\"}",
       HL_UNAUTHORIZED, false,
       "Invalid Private Integration token; the private integration token was "
       "revoked or mistyped; copy it anew (HTTP 401)"},
      {401,
       "{\"statusCode\":401,\"message\":\"The token is not authorized for this "
       "scope.\"}",
       HL_FORBIDDEN, false,
       "The token is not authorized for this scope." NO_SCOPE},
      {401, "{\"message\":\"the token is not authorized for this SCOPE\"}",
       HL_FORBIDDEN, false,
       "the token is not authorized for this SCOPE" NO_SCOPE},
      {401, "{\"message\":\"version header was not found.\"}", HL_UNAUTHORIZED,
       false,
       "version header was not found.; the token was not looked at; check "
       "api_version (HTTP 401)"},
      {401, "{\"message\":\"version header is invalid\"}", HL_UNAUTHORIZED,
       false,
       "version header is invalid; the token was not looked at; check "
       "api_version (HTTP 401)"},
      {401, "{\"message\":\"Token's user type mismatch!\"}", HL_FORBIDDEN,
       false, "Token's user type mismatch!" AGENCY},
      {401,
       "{\"message\":\"This authClass type is not allowed to access this "
       "scope. Please verify your IAM configuration if this is not the "
       "case.\"}",
       HL_FORBIDDEN, false,
       "This authClass type is not allowed to access this scope. Please verify "
       "your IAM configuration if this is not the case." AGENCY},
      {401,
       "{\"message\":\"This location is not accessible from this token!\"}",
       HL_FORBIDDEN, false,
       "This location is not accessible from this token!; the contact is in a "
       "location this token is not for (HTTP 401)"},
      {401, "", HL_UNAUTHORIZED, false, "an empty answer" NO_TOKEN},
      {401,
       "{\"error\":\"UnAuthorized!\",\"error_description\":\"Authorization "
       "code not found\"}",
       HL_UNAUTHORIZED, false, "Authorization code not found" NO_TOKEN},
      {403,
       "{\"statusCode\":403,\"message\":\"The token does not have access to "
       "this location.\"}",
       HL_FORBIDDEN, false,
       "The token does not have access to this location." NO_ACCESS},
      {403,
       "{\"statusCode\":403,\"message\":\"You do not have permission to access "
       "this resource\",\"error\":\"Forbidden\"}",
       HL_FORBIDDEN, false,
       "You do not have permission to access this resource" NO_ACCESS},
      {403, "error code: 1010", HL_FORBIDDEN, false,
       "an answer without a message: \"error code: 1010\"" NO_ACCESS},
      {404, "{\"message\":\"Cannot GET /x\"}", HL_NOT_FOUND, false,
       "Cannot GET /x; check the contact id and base_url (HTTP 404)"},
      {422,
       "{\"message\":[\"property locationId should not exist\"],\"error\":"
       "\"Unprocessable Entity\",\"statusCode\":422}",
       HL_REJECTED, false, "property locationId should not exist" MEND ")"},
      {422,
       "{\"message\":[\"grant_type must be a valid enum value\",\"grant_type "
       "should not be empty\"],\"error\":\"Unprocessable Entity\","
       "\"statusCode\":422,\"traceId\":\"t-1\"}",
       HL_REJECTED, false,
       "grant_type must be a valid enum value; grant_type should not be "
       "empty" MEND ", trace t-1)"},
      {422, "{\"message\":[{\"property\":\"a\",\"n\":1},{\"b\":[null]},7]}",
       HL_REJECTED, false,
       "{\"property\":\"a\",\"n\":1}; {\"b\":[null]}; 7" MEND ")"},
      {422, "{\"message\":{\"a\":\"b\"}}", HL_REJECTED, false,
       "{\"a\":\"b\"}" MEND ")"},
      {422, "{\"message\":[]}", HL_REJECTED, false,
       "an answer without a message: \"{\"message\":[]}\"" MEND ")"},
      {422, "{\"statusCode\":422}", HL_REJECTED, false,
       "an answer without a message: \"{\"statusCode\":422}\"" MEND ")"},
      {422, "[\"a\"]", HL_REJECTED, false,
       "an answer without a message: \"[\"a\"]\"" MEND ")"},
      {429, "", HL_RATE_LIMITED, true,
       "an empty answer; too many requests at once; wait and send it again "
       "(HTTP 429)"},
      {429, "{\"message\":\"Too Many Requests\"}", HL_RATE_LIMITED, true,
       "Too Many Requests; too many requests at once; wait and send it again "
       "(HTTP 429)"},
      {500, "{\"message\":\"Internal server error\"}", HL_SERVER, false,
       "Internal server error" TROUBLE "0)"},
      {502, "upstream connect error or disconnect/reset before headers",
       HL_SERVER, true,
       "an answer without a message: \"upstream connect error or "
       "disconnect/reset before headers\"" TROUBLE "2)"},
      {503, "no healthy upstream", HL_SERVER, true,
       "an answer without a message: \"no healthy upstream\"" TROUBLE "3)"},
      {504, "", HL_SERVER, true, "an empty answer" TROUBLE "4)"},
      {503, "\r\n\r\n  first line \nsecond", HL_SERVER, true,
       "an answer without a message: \"first line \"" TROUBLE "3)"},
      {502, "{\"message\":\"cut", HL_SERVER, true,
       "an answer without a message: \"{\"message\":\"cut\"" TROUBLE "2)"},
      {200, "", HL_PROTOCOL, false,
       "an empty answer, where a contact was due" READ_IT},
      {200, "{\"succeded\":true,\"contact\":{\"id\":", HL_PROTOCOL, false,
       "an answer that is not JSON (the text ends too early, at byte 34): "
       "\"{\"succeded\":true,\"contact\":{\"id\":\"" READ_IT},
      {200, "<html><TITLE>Log in</TITLE>", HL_PROTOCOL, false,
       "an answer that is not JSON (not a value, at byte 1): \"Log "
       "in\"" READ_IT},
      {200, "{\"succeded\":true}", HL_PROTOCOL, false,
       "an answer without the contact in it" READ_IT},
      {200, "{\"contact\":null}", HL_PROTOCOL, false,
       "an answer without the contact in it" READ_IT},
      {200, "\"contact\"", HL_PROTOCOL, false,
       "an answer without the contact in it" READ_IT},
      {200, "{\"succeded\":false,\"contact\":{}}", HL_REJECTED, false,
       "the answer says that the update did not succeed; read the contact, "
       "then try again (HTTP 200)"},
      {200, "{\"succeeded\":false,\"succeded\":true,\"contact\":{}}",
       HL_REJECTED, false,
       "the answer says that the update did not succeed; read the contact, "
       "then try again (HTTP 200)"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(rows[i].status, "", rows[i].body);
    assert_row(i, r->kind == rows[i].kind);
    assert_row(i, r->retryable == rows[i].retryable);
    if (strcmp(r->message, rows[i].message) != 0)
      fail_msg("row %zu\n  says   %s\n  wanted %s", i, r->message,
               rows[i].message);
    assert_string_equal(r->body, rows[i].body);
    assert_int_equal(r->body_len, strlen(rows[i].body));
    hl_result_free(r);
  }
}

/* What may stand in the place of a message without being one. */
static void it_never_begins_with_nothing (void **state) {
  static const char *const rows[] = {
      "{\"message\":\"\"}",
      "{\"message\":null}",
      "{\"message\":[\"\"]}",
      "{\"message\":[null]}",
      "{\"message\":false,\"error\":\"x\"}",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(400, "", rows[i]);
    if (r->message[0] == ';' || r->message[0] == ' ')
      fail_msg("row %zu: %s: \"%s\"", i, rows[i], r->message);
    hl_result_free(r);
  }
}

static void it_names_a_page_by_its_title (void **state) {
  static const struct {
    const char *head, *body, *says;
  } rows[] = {
      {"Content-Type: text/html\n", "<html><title>Bad gateway</title>",
       "a web page in place of an answer: \"Bad gateway\"; "},
      {"content-type:TEXT/HTML; charset=utf-8\n", "<p>\nx",
       "a web page in place of an answer: \"<p>\"; "},
      {"Content-Type: text/html\n", "", "an empty answer; "},
      {"Content-Type: text/plain\n", "x",
       "an answer without a message: \"x\"; "},
      {"Content-Type: text/html\n", "<title>a\x01\x7f\x09z</title>",
       "a web page in place of an answer: \"a...z\"; "},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(502, rows[i].head, rows[i].body);
    if (strncmp(r->message, rows[i].says, strlen(rows[i].says)) != 0)
      fail_msg("row %zu: %s", i, r->message);
    hl_result_free(r);
  }
}

static void it_keeps_messages_short (void **state) {
  hl_text t;
  const hl_result *r;
  int i;

  (void)state;
  hl_text_init(&t, HL_TEXT_MAX);
  hl_text_puts(&t, "{\"message\":[");
  for (i = 0; i < 500; i++)
    hl_text_printf(&t, "%s\"complaint %d %0500d\"", i > 0 ? "," : "", i, i);
  hl_text_puts(&t, "]}");
  r = judge(422, "", t.bytes);
  assert_int_equal(r->n_messages, 500);
  assert_true(strlen(r->message) < 3000);
  assert_non_null(strstr(r->message, "; and 496 more; nothing was saved"));
  assert_int_equal(r->body_len, 16 * 1024);
  assert_int_equal(strlen(r->body), 16 * 1024);
  hl_result_free(r);
  hl_text_free(&t);
}

static void it_spells_success_both_ways (void **state) {
  static const char *const rows[] = {
      "{\"succeded\":true,\"contact\":{\"id\":\"a\"}}",
      "{\"succeeded\":true,\"contact\":{\"id\":\"a\"}}",
      "{\"succeded\":true,\"succeeded\":true,\"contact\":{\"id\":\"a\"}}",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(200, "", rows[i]);
    const cJSON *contact =
        cJSON_GetObjectItemCaseSensitive(r->document, "contact");
    assert_row(i, r->kind == HL_OK);
    assert_row(i, r->message == NULL && r->n_messages == 0);
    assert_row(i, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->document,
                                                                "succeeded")));
    assert_string_equal(hl_json_get_text(contact, "id"), "a");
    assert_row(i, r->body == NULL && !r->retryable);
    hl_result_free(r);
  }
}

static void it_tells_a_burst_from_a_spent_day (void **state) {
  static const struct {
    int status;
    const char *head;
    bool spent, retryable;
    const char *says;
  } rows[] = {
      {429, "", false, true, "too many requests at once"},
      {429, "X-RateLimit-Daily-Remaining: 1\n", false, true,
       "too many requests at once"},
      {429, "x-ratelimit-daily-remaining: 0\n", true, false,
       "the day's requests are used up; go on after the reset"},
      {429, "X-RateLimit-Remaining: 0\nX-RateLimit-Daily-Remaining: 5\n", false,
       true, "too many requests at once"},
      {429, "X-RateLimit-Daily-Remaining: none\n", false, true,
       "too many requests at once"},
      {503, "X-RateLimit-Daily-Remaining: 0\n", false, true, "in trouble"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(rows[i].status, rows[i].head, "");
    assert_row(i, r->rate_limit.daily_spent == rows[i].spent);
    assert_row(i, r->retryable == rows[i].retryable);
    assert_row(i, strstr(r->message, rows[i].says) != NULL);
    hl_result_free(r);
  }
}

static void it_reads_counts_strictly (void **state) {
  static const struct {
    const char *head;
    int64_t limit;
  } rows[] = {
      {"X-RateLimit-Max: 100\r\n", 100},
      {"x-ratelimit-max:100\n", 100},
      {"X-RATELIMIT-MAX: \t 100 \t\r\n", 100},
      {"X-RateLimit-Max: 0\n", 0},
      {"X-RateLimit-Max:\n", -1},
      {"X-RateLimit-Max: -1\n", -1},
      {"X-RateLimit-Max: +1\n", -1},
      {"X-RateLimit-Max: 1.5\n", -1},
      {"X-RateLimit-Max: 100, 100\n", -1},
      {"X-RateLimit-Max: 0x10\n", -1},
      {"X-RateLimit-Max: 99999999999999999999999\n", -1},
      {"X-RateLimit-Maximum: 5\n", -1},
      {"RateLimit-Max: 5\n", -1},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(500, rows[i].head, "");
    assert_row(i, r->rate_limit.limit == rows[i].limit);
    assert_row(i, r->rate_limit.remaining == -1);
    hl_result_free(r);
  }
}

static void it_follows_no_redirect (void **state) {
  const hl_result *r =
      judge(307, "Location: https://evil.example/?t=" TOKEN "\r\n", "");

  (void)state;
  assert_int_equal(r->kind, HL_PROTOCOL);
  assert_string_equal(
      r->message,
      "an empty answer; redirects are not followed, as the token would go "
      "along; check base_url (HTTP 307 to https://evil.example/?t=**********"
      "****)");
  hl_result_free(r);
}

/* Half a token is half a secret: where a text is cut, too. */
static void it_blots_out_before_it_cuts (void **state) {
  enum {
    KEPT = 16 * 1024
  };
  static const char *const endings[] = {"\"}", "\",\"succeded\":false}"};
  size_t i;
  int status;

  (void)state;
  for (status = 200; status <= 400; status += 200)
    for (i = 0; i < COUNT(endings); i++) {
      hl_text t;
      const hl_result *r;
      hl_text_init(&t, HL_TEXT_MAX);
      hl_text_puts(&t, "{\"a\":\"");
      while (t.len < KEPT - 8)
        hl_text_putc(&t, 'x');
      hl_text_puts(&t, TOKEN); /* eight letters of it before the cut */
      hl_text_puts(&t, endings[i]);
      r = judge(status, "", t.bytes);
      hl_text_free(&t);
      assert_int_equal(r->body_len, KEPT);
      if (strstr(r->body, "pit-0123") != NULL)
        fail_msg("HTTP %d, row %zu: ... %s", status, i, r->body + KEPT - 20);
      hl_result_free(r);
    }
}

static void it_judges_a_long_refusal_whole (void **state) {
  hl_text t;
  const hl_result *r;

  (void)state;
  hl_text_init(&t, HL_TEXT_MAX);
  hl_text_puts(&t, "{\"succeded\":false,\"contact\":{\"a\":\"");
  while (t.len < 20000)
    hl_text_putc(&t, 'x');
  hl_text_puts(&t, "\"},\"message\":\"locked\",\"traceId\":\"t-9\"}");
  r = judge(200, "", t.bytes);
  hl_text_free(&t);
  assert_int_equal(r->kind, HL_REJECTED);
  assert_non_null(r->document);
  assert_int_equal(r->n_messages, 1);
  assert_string_equal(r->messages[0].text, "locked");
  assert_string_equal(r->trace_id, "t-9");
  hl_result_free(r);
}

/* Whatever bytes came: a message is UTF-8. */
static void it_speaks_utf8 (void **state) {
  static const struct {
    int status;
    const char *head, *body;
  } rows[] = {
      {502, "", "Passerelle incorrecte \xe9\xe8"},
      {502, "Content-Type: text/html\n", "<title>d\xe9sol\xe9</title>"},
      {200, "", "\xff\xfe<"},
      {301, "Location: https://caf\xe9.example/\n", ""},
      {502, "", "{\"message\":\"\\ud83d\"}"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_result *r = judge(rows[i].status, rows[i].head, rows[i].body);
    size_t len = strlen(r->message);
    bool good = hl_utf8_check(r->message, len) == len;
    hl_result_free(r);
    assert_row(i, good);
  }
}

/* For whoever makes something else of it than a document. */
static void it_leaves_tokens_where_asked (void **state) {
  hl_answer a;
  hl_result *r;
  const hl_json_token *flag;

  (void)state;
  hl_answer_init(&a, 1000);
  a.as_tokens = true;
  hl_answer_header(&a, "HTTP/1.1 100 Continue\r\n", 23, NOW);
  hl_answer_header(&a, "HTTP/1.1 200 OK\r\n", 17, NOW);
  hl_text_puts(&a.body, "{\"succeded\":true,\"contact\":{},\"traceId\":\"t\"}");
  r = hl_answer_judge(&a, TOKEN);
  hl_answer_free(&a);
  assert_non_null(r);
  assert_int_equal(r->kind, HL_OK);
  assert_null(r->document);
  assert_string_equal(r->trace_id, "t");
  flag = hl_json_token_member(hl_result_tokens(r)->list, "succeeded");
  assert_non_null(flag);
  assert_int_equal(flag->type, HL_TOKEN_TRUE);
  assert_true(hl_result_plant(r)); /* later is soon enough for a document */
  assert_true(
      cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->document, "succeeded")));
  assert_int_equal(hl_result_tokens(r)->n, 0);
  hl_result_free(r);
}

/* A flag that is no boolean is nobody's yes or no. */
static void it_takes_odd_flags_as_they_are (void **state) {
  static const char *const rows[] = {"\"yes\"", "null", "1", "[]", "{}"};
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char body[100];
    const hl_result *r;
    snprintf(body, sizeof(body), "{\"succeded\":%s,\"contact\":{}}", rows[i]);
    r = judge(200, "", body);
    assert_row(i, r->kind == HL_OK);
    assert_row(i, cJSON_GetObjectItemCaseSensitive(r->document, "succeeded") ==
                      NULL);
    hl_result_free(r);
  }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_kinds_apart),
      cmocka_unit_test(blots_out_of_a_success_without_contact),
      cmocka_unit_test(lists_every_complaint),
      cmocka_unit_test(keeps_the_meta_of_a_duplicate),
      cmocka_unit_test(reads_limits_in_any_letters),
      cmocka_unit_test(knows_a_spent_day),
      cmocka_unit_test(reads_retry_after),
      cmocka_unit_test(starts_over_after_100_continue),
      cmocka_unit_test(blots_the_secret_out),
      cmocka_unit_test(survives_any_header),
      cmocka_unit_test(it_says_what_happened_and_what_to_do),
      cmocka_unit_test(it_never_begins_with_nothing),
      cmocka_unit_test(it_names_a_page_by_its_title),
      cmocka_unit_test(it_keeps_messages_short),
      cmocka_unit_test(it_spells_success_both_ways),
      cmocka_unit_test(it_tells_a_burst_from_a_spent_day),
      cmocka_unit_test(it_reads_counts_strictly),
      cmocka_unit_test(it_follows_no_redirect),
      cmocka_unit_test(it_blots_out_before_it_cuts),
      cmocka_unit_test(it_judges_a_long_refusal_whole),
      cmocka_unit_test(it_speaks_utf8),
      cmocka_unit_test(it_leaves_tokens_where_asked),
      cmocka_unit_test(it_takes_odd_flags_as_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
