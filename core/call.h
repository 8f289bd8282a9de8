/*
** call.h: one request, from prepared to settled.
**
** A state machine that never waits and never looks at a clock. Whoever
** carries it (engine.c) says what happened and when.
*/
#ifndef HL_CALL_H
#define HL_CALL_H

#include "answer.h"
#include "highlevel.h"
#include "json.h"
#include "settings.h"

typedef enum hl_call_state {
  HL_CALL_PREPARED, /* checked and printed; nobody carries it yet */
  HL_CALL_SENDING,  /* with the engine */
  HL_CALL_SETTLED   /* there is a result; nothing moves any more */
} hl_call_state;

struct hl_fields {
  cJSON *document;
  hl_json_block *block; /* where its nodes are from; NULL: cJSON's own */
  hl_json_block nodes;
  hl_problems problems;
};

/* Fields whose document is yet to be made, of nodes from their own block. */
hl_fields *hl_fields_start (void);

struct hl_call {
  hl_call_state state;
  char *url;
  char *token;
  hl_text body;
  int64_t started_us;
  int64_t deadline_us;
  int attempts;
  hl_answer answer;
  const hl_result *result; /* once settled */

  hl_client *client;    /* client.c's: whom it belongs to */
  struct hl_call *next; /* and its neighbours there */
  struct hl_call *prev;
  void *transfer; /* engine.c's: what carries it; or NULL */
};

/* As hl_call_new, without a client. */
hl_call *hl_call_make (const hl_settings *s, const char *id, size_t id_len,
                       hl_fields *fields_take, const hl_call_options *options,
                       int64_t now_us);

/* The call must be with no engine. */
void hl_call_destroy (hl_call *call);

/* PREPARED -> SENDING */
void hl_call_sending (hl_call *call);

/* SENDING -> SETTLED: a complete answer is in `call->answer`. */
void hl_call_answered (hl_call *call, const char *http_version, int64_t now_us);

/* PREPARED, SENDING -> SETTLED: there is no (usable) answer. */
void hl_call_failed (hl_call *call, hl_kind kind, hl_phase phase,
                     const char *message, int64_t now_us);

#endif
