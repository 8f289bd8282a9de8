/*
** settings.h: a client's options, checked, completed and owned.
*/
#ifndef HL_SETTINGS_H
#define HL_SETTINGS_H

#include "highlevel.h"
#include "pace.h"
#include "problems.h"
#include "schema.h"

typedef struct hl_settings {
  char *token;    /* trimmed; NULL if every call brings its own */
  char *base_url; /* without a slash at its end */
  char *ca_file;
  char *proxy;
  char *user_agent; /* the whole of it */
  hl_version version;
  long timeout_ms;
  long connect_timeout_ms;
  long max_connections;
  int retries;
  hl_window rate; /* `requests` 0: no pacing */
  size_t max_response_bytes;
  bool http2;
  bool lax;
  bool plain; /* http:// on loopback: no proxy may see it */
} hl_settings;

/* Problems name the option; with one found, `s` is only good for freeing. */
void hl_settings_init (hl_settings *s, const hl_options *opt,
                       hl_problems *problems);
void hl_settings_free (hl_settings *s);

/* A copy without white space at its ends; NULL with a problem if it is empty,
** holds control characters, or memory ran out. */
char *hl_token_copy (const char *token, hl_problems *problems);

#endif
