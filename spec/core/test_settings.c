/*
** test_settings.c: a client's options: what is refused, what is made of them.
*/
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "settings.h"

#define NO_ADDRESS "is no address; write it like https://host[:port]"
#define TOO_MUCH "holds more than https://host[:port][/path]"
#define HTTPS_ONLY                                                             \
  "must begin with https:// (http:// would show the token to everyone on the " \
  "way; it is for this machine alone)"
#define NO_SCHEME "must begin with https://"

/* The one complaint about these options, or "" if there is none. */
static void complaint (const hl_options *o, char *out, size_t room) {
  hl_problems p;
  hl_settings s;

  hl_problems_init(&p);
  hl_settings_init(&s, o, &p);
  assert_false(p.failed);
  assert_true(p.n <= 1);
  snprintf(out, room, "%s", p.n > 0 ? p.list[0].text : "");
  hl_settings_free(&s);
  hl_problems_free(&p);
}

static void it_starts_from_zero (void **state) {
  const hl_options o = {0};
  hl_problems p;
  hl_settings s;

  (void)state;
  hl_problems_init(&p);
  hl_settings_init(&s, &o, &p);
  assert_int_equal(p.n, 0);
  assert_null(s.token);
  assert_string_equal(s.base_url, "https://services.leadconnectorhq.com");
  assert_string_equal(s.user_agent, "lua-highlevel/" HL_VERSION);
  assert_int_equal(s.version, HL_V2021_07_28);
  assert_int_equal(s.timeout_ms, 30000);
  assert_int_equal(s.connect_timeout_ms, 5000);
  assert_int_equal(s.max_connections, 64);
  assert_int_equal(s.max_response_bytes, 4 * 1024 * 1024);
  assert_null(s.ca_file);
  assert_null(s.proxy);
  assert_true(s.http2);
  assert_false(s.lax);
  assert_false(s.plain);
  hl_settings_free(&s);
  hl_settings_free(&s);
}

static void it_takes_what_is_given (void **state) {
  char token[] = "pit-0123456789";
  const hl_options o = {.token = token,
                        .base_url = "https://api.example.com:8443/v2//",
                        .api_version = "v3",
                        .ca_file = "/etc/ca.pem",
                        .proxy = "http://user:secret@proxy:3128",
                        .user_agent = "shop/2.1",
                        .timeout_ms = 1,
                        .connect_timeout_ms = 2,
                        .max_connections = 3,
                        .max_response_bytes = 4,
                        .no_http2 = true,
                        .lax = true};
  hl_problems p;
  hl_settings s;

  (void)state;
  hl_problems_init(&p);
  hl_settings_init(&s, &o, &p);
  memset(token, '!', strlen(token)); /* everything is copied */
  assert_int_equal(p.n, 0);
  assert_string_equal(s.token, "pit-0123456789");
  assert_string_equal(s.base_url, "https://api.example.com:8443/v2");
  assert_int_equal(s.version, HL_V3);
  assert_string_equal(s.ca_file, "/etc/ca.pem");
  assert_string_equal(s.proxy, "http://user:secret@proxy:3128");
  assert_string_equal(s.user_agent, "lua-highlevel/" HL_VERSION " shop/2.1");
  assert_int_equal(s.timeout_ms, 1);
  assert_int_equal(s.connect_timeout_ms, 2);
  assert_int_equal(s.max_connections, 3);
  assert_int_equal(s.max_response_bytes, 4);
  assert_false(s.http2);
  assert_true(s.lax);
  hl_settings_free(&s);
}

static void it_accepts_addresses (void **state) {
  static const struct {
    const char *url;
    bool plain;
  } rows[] = {
      {"https://example.com", false},
      {"https://example.com/", false},
      {"https://example.com:443/a/b", false},
      {"HTTPS://EXAMPLE.COM", false},
      {"https://127.0.0.1", false},
      {"https://[2001:db8::1]:8443", false},
      {"https://localhost.evil.com", false}, /* over TLS it may be anyone */
      {"http://127.0.0.1", true},
      {"http://127.0.0.1/", true},
      {"http://127.0.0.1:8080/prefix", true},
      {"http://127.255.255.254:1", true},
      {"http://localhost", true},
      {"http://localhost:8080", true},
      {"http://LocalHost:8080", true},
      {"HTTP://localhost", true},
      {"http://[::1]", true},
      {"http://[::1]:9", true},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_options o = {.base_url = rows[i].url};
    hl_problems p;
    hl_settings s;
    hl_problems_init(&p);
    hl_settings_init(&s, &o, &p);
    if (p.n > 0)
      fail_msg("row %zu: %s: %s", i, rows[i].url, p.list[0].text);
    assert_row(i, s.plain == rows[i].plain);
    assert_row(i, s.base_url[strlen(s.base_url) - 1] != '/');
    hl_settings_free(&s);
  }
}

static void it_refuses_addresses (void **state) {
  static const struct {
    const char *url, *why;
  } rows[] = {
      {"", NO_ADDRESS},
      {"/", NO_ADDRESS},
      {"https://", NO_ADDRESS},
      {"https:///", NO_ADDRESS},
      {"example.com", NO_ADDRESS},
      {"//example.com", NO_ADDRESS},
      {"https", NO_ADDRESS},
      {"https://exa mple.com", NO_ADDRESS},
      {" https://example.com", NO_ADDRESS},
      {"https://example.com\n", NO_ADDRESS},
      {"https://exam\rple.com", NO_ADDRESS},
      {"https://example.com\x01", NO_ADDRESS},
      {"https://example.com:0x50", NO_ADDRESS},
      {"https://example.com:99999", NO_ADDRESS},
      {"https://[::1", NO_ADDRESS},
      {"https://a\\b", NO_ADDRESS},
      {"http://127.0.0.1\\@evil.com", NULL},
      /* more than an address */
      {"https://user@example.com", TOO_MUCH},
      {"https://user:pass@example.com", TOO_MUCH},
      {"https://:pass@example.com", TOO_MUCH},
      {"https://example.com?a=b", TOO_MUCH},
      {"https://example.com/?a", TOO_MUCH},
      {"https://example.com/a?b/", TOO_MUCH},
      {"https://example.com#a", TOO_MUCH},
      {"https://example.com/a#b", TOO_MUCH},
      {"http://127.0.0.1@evil.com", TOO_MUCH},
      {"http://localhost@evil.com", TOO_MUCH},
      {"http://localhost:80@evil.com", TOO_MUCH},
      {"http://evil.com#@127.0.0.1", TOO_MUCH},
      {"http://evil.com?@127.0.0.1", TOO_MUCH},
      {"http://evil.com/@127.0.0.1", HTTPS_ONLY},
      /* in the clear, to somewhere else */
      {"http://example.com", HTTPS_ONLY},
      {"HTTP://example.com", HTTPS_ONLY},
      {"http://services.leadconnectorhq.com", HTTPS_ONLY},
      {"http://127.0.0.1.evil.com", HTTPS_ONLY},
      {"http://localhost.evil.com", HTTPS_ONLY},
      {"http://evil.com/localhost", HTTPS_ONLY},
      {"http://evil-localhost", HTTPS_ONLY},
      {"http://localhostt", HTTPS_ONLY},
      {"http://localhos", HTTPS_ONLY},
      {"http://127.evil.com", HTTPS_ONLY},
      {"http://1270.0.0.1", HTTPS_ONLY},
      {"http://126.0.0.1", HTTPS_ONLY},
      {"http://128.0.0.1", HTTPS_ONLY},
      {"http://0.0.0.0", HTTPS_ONLY},
      {"http://10.0.0.1", HTTPS_ONLY},
      {"http://169.254.169.254", HTTPS_ONLY},
      {"http://192.168.127.1", HTTPS_ONLY},
      {"http://2130706432.evil", HTTPS_ONLY},
      {"http://[::2]", HTTPS_ONLY},
      {"http://[::]", HTTPS_ONLY},
      {"http://[::ffff:10.0.0.1]", HTTPS_ONLY},
      /* another way to go */
      {"ftp://127.0.0.1", NO_SCHEME},
      {"ws://127.0.0.1", NULL},
      {"file:///etc/passwd", NULL},
      {"javascript:alert(1)", NULL},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_options o = {.base_url = rows[i].url};
    char said[300], wanted[300];
    complaint(&o, said, sizeof(said));
    if (said[0] == '\0')
      fail_msg("row %zu: %s is accepted", i, rows[i].url);
    snprintf(wanted, sizeof(wanted), "base_url: %s",
             rows[i].why != NULL ? rows[i].why : "");
    if (strncmp(said, wanted, strlen(wanted)) != 0)
      fail_msg("row %zu: %s: %s", i, rows[i].url, said);
  }
}

/* An empty query or fragment would swallow the path that is put behind it. */
static void it_refuses_empty_parts (void **state) {
  static const char *const rows[] = {
      "https://example.com?",   "https://example.com#", "https://example.com/?",
      "https://example.com/a#", "https://@example.com",
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const hl_options o = {.base_url = rows[i]};
    char said[300];
    complaint(&o, said, sizeof(said));
    if (strcmp(said, "base_url: " TOO_MUCH) != 0)
      fail_msg("row %zu: %s: \"%s\"", i, rows[i], said);
  }
}

static void it_trims_tokens (void **state) {
  static const struct {
    const char *given, *token; /* NULL: refused */
    const char *why;
  } rows[] = {
      {"pit-1", "pit-1", NULL},
      {" pit-1", "pit-1", NULL},
      {"pit-1 ", "pit-1", NULL},
      {"pit-1\n", "pit-1", NULL},
      {"pit-1\r\n", "pit-1", NULL},
      {"\t\r\n\v\f pit-1\t\r\n\v\f ", "pit-1", NULL},
      {"a b", "a b", NULL},
      {"é", "é", NULL},
      {"", NULL, "token: is empty"},
      {" ", NULL, "token: is empty"},
      {"\r\n\t ", NULL, "token: is empty"},
#define LINE                                                                   \
  "token: holds a control character; give the token alone, in one line"
      {"a\nb", NULL, LINE},
      {"a\r\nX-Evil: 1", NULL, LINE},
      {"a\tb", NULL, LINE},
      {"a\x01", NULL, LINE},
      {"\x1b[0m", NULL, LINE},
      {"a\x7f", NULL, LINE},
      {"\x1f", NULL, LINE},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    hl_problems p;
    char *token;
    hl_problems_init(&p);
    token = hl_token_copy(rows[i].given, &p);
    assert_row(i, (token == NULL) == (rows[i].token == NULL));
    assert_row(i, p.n == (rows[i].token == NULL ? 1U : 0U));
    if (token != NULL)
      assert_string_equal(token, rows[i].token);
    else
      assert_string_equal(p.list[0].text, rows[i].why);
    free(token);
    hl_problems_free(&p);
  }
}

static void it_names_the_option (void **state) {
  static const struct {
    hl_options o;
    const char *said;
  } rows[] = {
      {{.token = "a\nb"}, LINE},
      {{.token = ""}, "token: is empty"},
      {{.api_version = "v2"}, "api_version: must be \"2021-07-28\" or \"v3\""},
      {{.api_version = "V3"}, "api_version: must be \"2021-07-28\" or \"v3\""},
      {{.api_version = ""}, "api_version: must be \"2021-07-28\" or \"v3\""},
      {{.ca_file = ""}, "ca_file: is empty or holds control characters"},
      {{.proxy = ""}, "proxy: is empty or holds control characters"},
      {{.proxy = "a\n"}, "proxy: is empty or holds control characters"},
      {{.user_agent = ""}, "user_agent: is empty or holds control characters"},
      {{.user_agent = "a\r\nX: y"},
       "user_agent: is empty or holds control characters"},
      {{.timeout_ms = -1}, "timeout: must be above zero"},
      {{.connect_timeout_ms = -1}, "connect_timeout: must be above zero"},
      {{.max_connections = -1}, "max_connections: must be above zero"},
      {{.base_url = "http://localhost:1", .proxy = "http://proxy"},
       "proxy: cannot go with an http:// base_url: the token would reach the "
       "proxy in the clear"},
      {{.base_url = "https://localhost:1", .proxy = "http://proxy"}, ""},
      {{.api_version = "2021-07-28"}, ""},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char said[300];
    complaint(&rows[i].o, said, sizeof(said));
    assert_string_equal(said, rows[i].said);
  }
}

static void it_names_every_option_at_once (void **state) {
  const hl_options o = {.token = "",
                        .base_url = "x",
                        .api_version = "x",
                        .timeout_ms = -1,
                        .user_agent = ""};
  const hl_result *why = NULL;
  hl_client *c = NULL;

  (void)state;
  assert_int_equal(hl_client_new(&c, &o, &why), HL_INVALID);
  assert_null(c);
  assert_int_equal(why->kind, HL_INVALID);
  assert_int_equal(why->n_messages, 5);
  assert_string_equal(why->path, "api_version");
  assert_string_equal(why->messages[1].path, "base_url");
  assert_string_equal(why->messages[2].path, "timeout");
  assert_string_equal(why->messages[3].path, "token");
  assert_string_equal(why->messages[4].path, "user_agent");
  hl_result_free(why);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_starts_from_zero),
      cmocka_unit_test(it_takes_what_is_given),
      cmocka_unit_test(it_accepts_addresses),
      cmocka_unit_test(it_refuses_addresses),
      cmocka_unit_test(it_refuses_empty_parts),
      cmocka_unit_test(it_trims_tokens),
      cmocka_unit_test(it_names_the_option),
      cmocka_unit_test(it_names_every_option_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
