/*
** multi.c: the least that many requests at once cost over libcurl.
**
**   multi URL BODY_FILE COUNT CA_FILE|- [cjson]
**
** 64 easy handles, each put back as soon as it is done; a body that was printed
** before, answers that are only counted, or with `cjson` as in floor.c. HTTP/1.1,
** or over TLS HTTP/2 on one connection. Prints the seconds that COUNT requests
** took, and those of them on a processor. (curl_multi_socket_action with epoll
** is no faster here: with everything ready at once, going through 64 handles is
** less than asking.)
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

#define AT_ONCE 64
#define WARM_UP 1000

static void speak_http2 (exchange *x, const char *ca_file) {
  curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  if (strcmp(ca_file, "-") != 0) {
    curl_easy_setopt(x->easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, 1L);
  }
}

/* Take out those that are done; -1 if one of them failed. */
static int reap (CURLM *multi, exchange **done) {
  CURLMsg *message;
  int n = 0, left;

  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    char *x = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
    curl_multi_remove_handle(multi, easy);
    done[n] = (exchange *)(void *)x;
    if (code != CURLE_OK || !exchange_end(done[n++]))
      return -1;
  }
  return n;
}

/* Waits only if nothing was put back: what was has its request to send. */
static bool perform (CURLM *multi, exchange *pool, long count) {
  exchange *idle[AT_ONCE];
  long to_start = count;
  int n, running;

  for (n = 0; n < AT_ONCE; n++)
    idle[n] = &pool[n];
  while (count > 0) {
    bool wait = n == 0 || to_start == 0;

    for (; n > 0 && to_start > 0; to_start--) {
      exchange_begin(idle[--n]);
      if (curl_multi_add_handle(multi, idle[n]->easy) != CURLM_OK)
        return false;
    }
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

int main (int argc, char **argv) {
  static exchange pool[AT_ONCE];
  double start, start_cpu;
  CURLM *multi;
  int i;

  if (argc < 5 || !exchange_read_body(argv[2]))
    return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1024L);
  for (i = 0; i < AT_ONCE; i++) {
    exchange_init(&pool[i], argv[1], argc > 5);
    speak_http2(&pool[i], argv[4]);
  }
  if (!perform(multi, pool, WARM_UP))
    return 1;
  start = exchange_now(CLOCK_MONOTONIC);
  start_cpu = exchange_now(CLOCK_PROCESS_CPUTIME_ID);
  if (!perform(multi, pool, atol(argv[3])))
    return 1;
  printf("%.6f %.6f\n", exchange_now(CLOCK_MONOTONIC) - start,
         exchange_now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  return 0;
}
