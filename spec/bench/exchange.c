/*
** exchange.c: one request and its answer, as a program in C makes them.
*/
#include "exchange.h"

#include <stdio.h>
#include <string.h>

static char body[64 * 1024];
static size_t body_len;

double exchange_now (clockid_t clock) {
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool exchange_read_body (const char *name) {
  FILE *f = fopen(name, "rb");

  if (f == NULL)
    return false;
  body_len = fread(body, 1, sizeof(body) - 1, f);
  fclose(f);
  return true;
}

static size_t on_body (char *bytes, size_t size, size_t n, void *user) {
  exchange *x = user;

  if (x->fields != NULL && size * n < sizeof(x->answer) - x->len)
    memcpy(x->answer + x->len, bytes, size * n);
  x->len += size * n;
  return size * n;
}

static struct curl_slist *new_headers (void) {
  static const char *const lines[] = {
      "Authorization: Bearer pit-0123456789", "Version: 2021-07-28",
      "Content-Type: application/json", "Accept: application/json", "Expect:"};
  struct curl_slist *headers = NULL;
  size_t i;

  for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    headers = curl_slist_append(headers, lines[i]);
  return headers;
}

void exchange_init (exchange *x, const char *url, bool with_cjson) {
  static struct curl_slist *headers;

  if (headers == NULL)
    headers = new_headers();
  memset(x, 0, sizeof(*x));
  if (with_cjson)
    x->fields = cJSON_Parse(body);
  x->easy = curl_easy_init();
  curl_easy_setopt(x->easy, CURLOPT_URL, url);
  curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "lua-highlevel/0.1.0");
  curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)body_len);
  curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
}

void exchange_begin (exchange *x) {
  x->len = 0;
  if (x->fields == NULL)
    return;
  x->body = cJSON_PrintUnformatted(x->fields);
  curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(x->body));
  curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->body);
}

static bool is_contact (const exchange *x) {
  cJSON *answer = cJSON_ParseWithLength(x->answer, x->len);
  const cJSON *contact = cJSON_GetObjectItemCaseSensitive(answer, "contact");
  const char *email =
      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(contact, "email"));
  bool is = email != NULL && strcmp(email, "rosan@deos.com") == 0;

  cJSON_Delete(answer);
  return is;
}

bool exchange_end (exchange *x) {
  long status = 0;

  cJSON_free(x->body);
  x->body = NULL;
  curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
  return status == 200 && (x->fields != NULL ? is_contact(x) : x->len > 0);
}
