/*
** floor.c: the least that a request costs over libcurl.
**
**   floor URL BODY_FILE COUNT [cjson]
**
** One easy handle, one connection, a body that was printed before, an answer
** that is only counted. With `cjson`: each time the body is printed from a
** tree and the answer made one. Prints the seconds that COUNT requests took,
** and those of them on a processor. WARM_UP is how many go before (50).
*/
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct job {
  CURL *easy;
  cJSON *fields; /* to be printed; NULL: the body stays as it is */
  char answer[64 * 1024];
  size_t len;
} job;

static size_t on_body (char *bytes, size_t size, size_t n, void *user) {
  job *j = user;

  if (j->fields != NULL && size * n < sizeof(j->answer) - j->len)
    memcpy(j->answer + j->len, bytes, size * n);
  j->len += size * n;
  return size * n;
}

static double now (clockid_t clock) {
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_contact (const job *j) {
  cJSON *answer = cJSON_ParseWithLength(j->answer, j->len);
  const cJSON *contact = cJSON_GetObjectItemCaseSensitive(answer, "contact");
  const char *email =
      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(contact, "email"));
  bool is = email != NULL && strcmp(email, "rosan@deos.com") == 0;

  cJSON_Delete(answer);
  return is;
}

static bool perform (job *j) {
  long status = 0;
  char *body = NULL;
  bool ok;

  j->len = 0;
  if (j->fields != NULL) {
    body = cJSON_PrintUnformatted(j->fields);
    curl_easy_setopt(j->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(j->easy, CURLOPT_POSTFIELDS, body);
  }
  ok = curl_easy_perform(j->easy) == CURLE_OK;
  cJSON_free(body);
  curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
  return ok && status == 200 &&
         (j->fields != NULL ? is_contact(j) : j->len > 0);
}

static void prepare (job *j, const char *url, const char *body, size_t len) {
  static const char *const lines[] = {
      "Authorization: Bearer pit-0123456789", "Version: 2021-07-28",
      "Content-Type: application/json", "Accept: application/json", "Expect:"};
  struct curl_slist *headers = NULL;
  size_t i;

  curl_global_init(CURL_GLOBAL_DEFAULT);
  j->easy = curl_easy_init();
  for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    headers = curl_slist_append(headers, lines[i]);
  curl_easy_setopt(j->easy, CURLOPT_URL, url);
  curl_easy_setopt(j->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(j->easy, CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(j->easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(j->easy, CURLOPT_USERAGENT, "lua-highlevel/0.1.0");
  curl_easy_setopt(j->easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(j->easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(j->easy, CURLOPT_POSTFIELDSIZE, (long)len);
  curl_easy_setopt(j->easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(j->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(j->easy, CURLOPT_WRITEDATA, j);
}

int main (int argc, char **argv) {
  static char body[64 * 1024];
  static job j;
  const char *warm_up = getenv("WARM_UP");
  long left = warm_up != NULL ? atol(warm_up) : 50;
  double start, start_cpu;
  size_t len;
  FILE *f;

  if (argc < 4 || (f = fopen(argv[2], "rb")) == NULL)
    return 2;
  len = fread(body, 1, sizeof(body) - 1, f);
  fclose(f);
  if (argc > 4)
    j.fields = cJSON_Parse(body);
  prepare(&j, argv[1], body, len);
  while (left-- > 0)
    if (!perform(&j))
      return 1;
  start = now(CLOCK_MONOTONIC);
  start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (left = atol(argv[3]); left > 0; left--)
    if (!perform(&j))
      return 1;
  printf("%.6f %.6f\n", now(CLOCK_MONOTONIC) - start,
         now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  return 0;
}
