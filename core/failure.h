/*
** failure.h: what it means that libcurl gave up.
*/
#ifndef HL_FAILURE_H
#define HL_FAILURE_H

#include <curl/curl.h>

#include "call.h"

/* The kind of failure, and a sentence into `message`: what happened and what
** to do. `detail` is libcurl's own text, which may be empty. */
hl_kind hl_failure_judge (CURLcode code, hl_phase phase, const hl_call *call,
                          const hl_settings *s, const char *detail,
                          hl_text *message);

/* The same, of an attempt for which there was no socket, for that errno. */
hl_kind hl_failure_no_socket (int why, const hl_settings *s, hl_text *message);

#endif
