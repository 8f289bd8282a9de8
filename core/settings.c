/*
** settings.c: a client's options, checked, completed and owned.
*/
#include "settings.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define BASE_URL "https://services.leadconnectorhq.com"
#define USER_AGENT "lua-highlevel/" HL_VERSION
#define NO_ADDRESS "is no address; write it like https://host[:port]"
#define TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 5000
#define MAX_CONNECTIONS 64
#define RETRIES 3
#define RATE_REQUESTS 100 /* the API's burst limit */
#define RATE_INTERVAL_MS 10000
#define MAX_RESPONSE_BYTES ((size_t)4 * 1024 * 1024)

static bool has_control (const char *s, size_t len) {
  size_t i;

  for (i = 0; i < len; i++)
    if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
      return true;
  return false;
}

char *hl_token_copy (const char *token, hl_problems *problems) {
  size_t len = strlen(token);
  char *copy;

  while (hl_is_space(*token)) {
    token++;
    len--;
  }
  while (len > 0 && hl_is_space(token[len - 1]))
    len--;
  if (len == 0) {
    hl_problems_add(problems, "token", "is empty");
    return NULL;
  }
  if (has_control(token, len)) {
    hl_problems_add(problems, "token",
                    "holds a control character; give the token alone, in one "
                    "line");
    return NULL;
  }
  copy = hl_strndup(token, len);
  if (copy == NULL)
    problems->failed = true;
  return copy;
}

/*-------------------------------------------------------------- base_url */

/* Only what can be nowhere but on this machine. */
static bool is_loopback (const char *host) {
  struct in_addr v4;

  if (inet_pton(AF_INET, host, &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  return hl_same_nocase(host, "localhost") || strcmp(host, "[::1]") == 0;
}

static bool has_part (CURLU *url, CURLUPart which) {
  char *part = NULL;
  bool there = curl_url_get(url, which, &part, 0) == CURLUE_OK;

  curl_free(part);
  return there;
}

static void check_url (hl_settings *s, CURLU *url, hl_problems *problems) {
  char *scheme = NULL, *host = NULL;
  CURLUcode rc = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);

  if (rc == CURLUE_OK)
    rc = curl_url_get(url, CURLUPART_HOST, &host, 0);
  if (rc == CURLUE_OUT_OF_MEMORY)
    problems->failed = true;
  else if (rc != CURLUE_OK)
    hl_problems_add(problems, "base_url", NO_ADDRESS);
  else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
           strpbrk(s->base_url, "?#") != NULL) /* even if empty */
    hl_problems_add(problems, "base_url",
                    "holds more than https://host[:port][/path]");
  else if (strcmp(scheme, "http") == 0 && !is_loopback(host))
    hl_problems_add(problems, "base_url",
                    "must begin with https:// (http:// would show the token "
                    "to everyone on the way; it is for this machine alone)");
  else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
    hl_problems_add(problems, "base_url", "must begin with https://");
  else
    s->plain = strcmp(scheme, "http") == 0;
  curl_free(scheme);
  curl_free(host);
}

static void take_base_url (hl_settings *s, const char *given,
                           hl_problems *problems) {
  const char *text = given != NULL ? given : BASE_URL;
  size_t len = strlen(text);
  CURLU *url = curl_url();
  CURLUcode rc;

  while (len > 0 && text[len - 1] == '/')
    len--;
  s->base_url = hl_strndup(text, len);
  if (url == NULL || s->base_url == NULL) {
    problems->failed = true;
  } else {
    rc = curl_url_set(url, CURLUPART_URL, s->base_url, 0);
    if (rc == CURLUE_OUT_OF_MEMORY)
      problems->failed = true;
    else if (rc != CURLUE_OK)
      hl_problems_add(problems, "base_url", NO_ADDRESS);
    else
      check_url(s, url, problems);
  }
  curl_url_cleanup(url);
}

/*------------------------------------------------------------- the others */

static char *copy_text (const char *text, const char *name,
                        hl_problems *problems) {
  char *copy;

  if (text == NULL)
    return NULL;
  if (*text == '\0' || has_control(text, strlen(text))) {
    hl_problems_add(problems, name, "is empty or holds control characters");
    return NULL;
  }
  copy = hl_strdup(text);
  if (copy == NULL)
    problems->failed = true;
  return copy;
}

static long positive (long given, long standard, const char *name,
                      hl_problems *problems) {
  if (given < 0)
    hl_problems_add(problems, name, "must be above zero");
  return given == 0 ? standard : given;
}

/* Where 0 is the default, a negative number is none. */
static long or_none (long given, long standard) {
  return given == 0 ? standard : given > 0 ? given : 0;
}

static int int_of (long n) {
  return n < INT_MAX ? (int)n : INT_MAX;
}

static void take_user_agent (hl_settings *s, const char *given,
                             hl_problems *problems) {
  char *more = copy_text(given, "user_agent", problems);
  hl_text t;

  hl_text_init(&t, HL_TEXT_MAX);
  hl_text_puts(&t, USER_AGENT);
  if (more != NULL)
    hl_text_printf(&t, " %s", more);
  free(more);
  s->user_agent = hl_text_take(&t);
  if (s->user_agent == NULL)
    problems->failed = true;
}

void hl_settings_init (hl_settings *s, const hl_options *opt,
                       hl_problems *problems) {
  memset(s, 0, sizeof(*s));
  if (opt->token != NULL)
    s->token = hl_token_copy(opt->token, problems);
  take_base_url(s, opt->base_url, problems);
  if (!hl_version_find(opt->api_version, &s->version))
    hl_problems_add(problems, "api_version",
                    "must be \"2021-07-28\" or \"v3\"");
  s->ca_file = copy_text(opt->ca_file, "ca_file", problems);
  s->proxy = copy_text(opt->proxy, "proxy", problems);
  if (s->plain && s->proxy != NULL)
    hl_problems_add(problems, "proxy",
                    "cannot go with an http:// base_url: the token would "
                    "reach the proxy in the clear");
  take_user_agent(s, opt->user_agent, problems);
  s->timeout_ms = positive(opt->timeout_ms, TIMEOUT_MS, "timeout", problems);
  s->connect_timeout_ms = positive(opt->connect_timeout_ms, CONNECT_TIMEOUT_MS,
                                   "connect_timeout", problems);
  s->max_connections = positive(opt->max_connections, MAX_CONNECTIONS,
                                "max_connections", problems);
  s->retries = int_of(or_none(opt->retries, RETRIES));
  s->rate.requests = or_none(opt->rate_requests, RATE_REQUESTS);
  s->rate.interval_us =
      INT64_C(1000) * int_of(positive(opt->rate_interval_ms, RATE_INTERVAL_MS,
                                      "rate_limit", problems));
  s->max_response_bytes = opt->max_response_bytes != 0 ? opt->max_response_bytes
                                                       : MAX_RESPONSE_BYTES;
  s->http2 = !opt->no_http2;
  s->lax = opt->lax;
}

void hl_settings_free (hl_settings *s) {
  hl_free_secret(s->token);
  free(s->base_url);
  free(s->ca_file);
  hl_free_secret(s->proxy); /* may hold a password */
  free(s->user_agent);
  memset(s, 0, sizeof(*s));
}
