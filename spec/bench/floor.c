/*
** floor.c: the least that a request costs over libcurl.
**
**   floor URL BODY_FILE COUNT
**
** One easy handle, one connection, a body that was printed before, an answer
** that is only counted. Prints the seconds that COUNT requests took, and those
** of them on a processor.
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WARM_UP 50

static size_t received;

static size_t on_body (char *bytes, size_t size, size_t n, void *user) {
  (void)bytes;
  (void)user;
  received += size * n;
  return size * n;
}

static double now (clockid_t clock) {
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int perform (CURL *easy, long count) {
  long status = 0;

  while (count-- > 0) {
    if (curl_easy_perform(easy) != CURLE_OK)
      return -1;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
      return -1;
  }
  return 0;
}

int main (int argc, char **argv) {
  static const char *const lines[] = {
      "Authorization: Bearer pit-0123456789", "Version: 2021-07-28",
      "Content-Type: application/json", "Accept: application/json", "Expect:"};
  static char body[64 * 1024];
  struct curl_slist *headers = NULL;
  size_t i, len;
  double start, start_cpu;
  CURL *easy;
  FILE *f;

  if (argc != 4 || (f = fopen(argv[2], "rb")) == NULL)
    return 2;
  len = fread(body, 1, sizeof(body), f);
  fclose(f);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  easy = curl_easy_init();
  for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    headers = curl_slist_append(headers, lines[i]);
  curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "lua-highlevel/0.1.0");
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)len);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  if (perform(easy, WARM_UP) != 0)
    return 1;
  start = now(CLOCK_MONOTONIC);
  start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (perform(easy, atol(argv[3])) != 0)
    return 1;
  printf("%.6f %.6f\n", now(CLOCK_MONOTONIC) - start,
         now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  return received == 0;
}
