/*
** exchange.h: one request and its answer, as a program in C makes them over
** libcurl; what floor.c and multi.c share.
*/
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <time.h>

/* A body that is there already, and an answer that is only counted; or, with
** `fields`, a body printed each time, and an answer made a tree. */
typedef struct exchange {
  CURL *easy;
  cJSON *fields;
  char *body; /* printed from them */
  char answer[16 * 1024];
  size_t len;
} exchange;

/* The body of each request, from a file; false: there is none. */
bool exchange_read_body (const char *name);

/* Its handle, ready to be performed; `with_cjson`: it has fields. */
void exchange_init (exchange *x, const char *url, bool with_cjson);

/* Before it is sent. */
void exchange_begin (exchange *x);

/* When it is over: is that the contact's answer? */
bool exchange_end (exchange *x);

double exchange_now (clockid_t clock);

#endif
