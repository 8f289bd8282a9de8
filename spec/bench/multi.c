/*
** multi.c: the least that many requests at once cost over libcurl.
**
**   multi URL BODY_FILE COUNT [CA_FILE]
**
** 64 easy handles, each put back as soon as it is done; a body that was printed
** before, answers that are only counted. HTTP/1.1, or over TLS HTTP/2 on one
** connection. Prints the seconds that COUNT requests took, and those of them on
** a processor. (curl_multi_socket_action with epoll is no faster here: with
** everything ready at once, going through 64 handles is less than asking.)
*/
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT_ONCE 64
#define WARM_UP 1000

static char body[64 * 1024];
static size_t body_len;
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

static CURL *new_easy (const char *url, struct curl_slist *headers,
                       const char *ca_file) {
  CURL *easy = curl_easy_init();

  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "lua-highlevel/0.1.0");
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body_len);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  if (ca_file != NULL) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  }
  return easy;
}

/* Take out the handles that are done; -1 if one of them failed. */
static int reap (CURLM *multi, CURL **done) {
  CURLMsg *message;
  int n = 0, left;

  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, easy);
    if (code != CURLE_OK || status != 200)
      return -1;
    done[n++] = easy;
  }
  return n;
}

/* Waits only if nothing was put back: what was has its request to send. */
static bool perform (CURLM *multi, CURL **pool, long count) {
  CURL *idle[AT_ONCE];
  long to_start = count;
  int n = AT_ONCE, running;

  memcpy(idle, pool, sizeof(idle));
  while (count > 0) {
    bool wait = n == 0 || to_start == 0;

    for (; n > 0 && to_start > 0; to_start--)
      if (curl_multi_add_handle(multi, idle[--n]) != CURLM_OK)
        return false;
    if (wait && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
      return false;
    if (curl_multi_perform(multi, &running) != CURLM_OK)
      return false;
    n = reap(multi, idle);
    if (n < 0)
      return false;
    count -= n;
  }
  return true;
}

static bool read_body (const char *name) {
  FILE *f = fopen(name, "rb");

  if (f == NULL)
    return false;
  body_len = fread(body, 1, sizeof(body), f);
  fclose(f);
  return true;
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

int main (int argc, char **argv) {
  struct curl_slist *headers;
  CURL *pool[AT_ONCE];
  double start, start_cpu;
  CURLM *multi;
  int i;

  if (argc < 4 || !read_body(argv[2]))
    return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1024L);
  headers = new_headers();
  for (i = 0; i < AT_ONCE; i++)
    pool[i] = new_easy(argv[1], headers, argv[4]);
  if (!perform(multi, pool, WARM_UP))
    return 1;
  start = now(CLOCK_MONOTONIC);
  start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (!perform(multi, pool, atol(argv[3])))
    return 1;
  printf("%.6f %.6f\n", now(CLOCK_MONOTONIC) - start,
         now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  for (i = 0; i < AT_ONCE; i++)
    curl_easy_cleanup(pool[i]);
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  return received == 0;
}
