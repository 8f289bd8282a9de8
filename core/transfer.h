/*
** transfer.h: one easy handle, for one call after another.
*/
#ifndef HL_TRANSFER_H
#define HL_TRANSFER_H

#include <curl/curl.h>

#include "call.h"

typedef struct hl_transfer {
  CURL *easy;
  CURLU *address;             /* of the latest call */
  struct curl_slist *headers; /* for `token`; kept for the next call */
  char *token;
  hl_call *call; /* NULL while idle */
  struct hl_transfer *next_idle;
  int no_socket; /* errno, if the last one asked for could not be had */
  char error[CURL_ERROR_SIZE];
} hl_transfer;

/* Whom to tell what libcurl does. */
typedef struct hl_hooks {
  curl_sockopt_callback on_open;      /* a connection's socket is there */
  curl_closesocket_callback on_close; /* in place of closing it */
  curl_xferinfo_callback on_look;     /* at one transfer; or NULL */
  void *user;
} hl_hooks;

/* NULL: out of memory. */
hl_transfer *hl_transfer_new (const hl_settings *s, const hl_hooks *hooks);
void hl_transfer_free (hl_transfer *t);

/* Make it ready to carry this call, which it borrows. False: out of memory. */
bool hl_transfer_load (hl_transfer *t, hl_call *call, const hl_settings *s,
                       int64_t now_us);
void hl_transfer_unload (hl_transfer *t);

/* libcurl is through with it, with that code: the call's attempt has ended. */
void hl_transfer_end (const hl_transfer *t, CURLcode code,
                      const hl_settings *s);

#endif
