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
#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"

static bool perform (exchange *x, long count) {
  while (count-- > 0) {
    exchange_begin(x);
    if (curl_easy_perform(x->easy) != CURLE_OK || !exchange_end(x))
      return false;
  }
  return true;
}

int main (int argc, char **argv) {
  static exchange x;
  const char *warm_up = getenv("WARM_UP");
  double start, start_cpu;

  if (argc < 4 || !exchange_read_body(argv[2]))
    return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  exchange_init(&x, argv[1], argc > 4);
  if (!perform(&x, warm_up != NULL ? atol(warm_up) : 50))
    return 1;
  start = exchange_now(CLOCK_MONOTONIC);
  start_cpu = exchange_now(CLOCK_PROCESS_CPUTIME_ID);
  if (!perform(&x, atol(argv[3])))
    return 1;
  printf("%.6f %.6f\n", exchange_now(CLOCK_MONOTONIC) - start,
         exchange_now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  return 0;
}
