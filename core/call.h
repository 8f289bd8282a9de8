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
#include "list.h"
#include "pace.h"
#include "settings.h"

typedef enum hl_call_state {
  HL_CALL_PREPARED, /* checked and printed; nobody carries it */
  HL_CALL_QUEUED,   /* waits for its turn under the rate limit */
  HL_CALL_SENDING,  /* with the engine */
  HL_CALL_ENDED,    /* an attempt has a result; what follows is undecided */
  HL_CALL_WAITING,  /* will try again at `resume_us` */
  HL_CALL_SETTLED   /* there is the result; nothing moves any more */
} hl_call_state;

/* Attempts that are remembered, the last ones. */
#define HL_HISTORY_MAX 16

/* A body beyond this is a mistake: contacts have kilobytes. */
#define HL_BODY_MAX ((size_t)8 * 1024 * 1024)
#define HL_BODY_TOO_LARGE "this update is larger than 8 MiB"

struct hl_fields {
  cJSON *document;
  hl_json_block *block; /* where its nodes are from; NULL: cJSON's own */
  hl_json_block nodes;
  hl_problems problems;
};

/* Fields whose document is yet to be made, of nodes from their own block. */
hl_fields *hl_fields_start (void);

/* Who may touch a call that was posted. */
typedef enum hl_whereabouts {
  HL_WITH_CALLER, /* never posted, or taken from the mailbox */
  HL_WITH_THREAD,
  HL_IN_MAILBOX
} hl_whereabouts;

typedef struct hl_lane hl_lane; /* queue.c's */

struct hl_call {
  hl_call_state state;
  char *url;
  char *token;
  hl_text body;
  int64_t started_us;
  int64_t deadline_us;
  hl_answer answer;
  const hl_result *result; /* of the last attempt; the call's, once settled */

  int retries;
  int attempts;
  int64_t sent_us;   /* the attempt that runs or ran last */
  int64_t resume_us; /* while waiting to try again */

  hl_client *client; /* client.c's: whom it belongs to */
  void *user;        /* the caller's */

  hl_link all;  /* carrier.c's: among those that run */
  hl_link news; /* among those of which something is to be told */

  struct {
    hl_mailbox *mailbox;   /* thread.c's: where it goes when it is settled */
    hl_link link;          /* among what is posted, or in the mailbox */
    unsigned long process; /* that posted it */
    hl_whereabouts at;
    bool abandoned;
  } posted;

  hl_link place; /* queue.c's: where it waits */
  hl_lane *lane;
  hl_ticket ticket;
  uint64_t order;
  bool has_ticket;

  hl_link done;   /* engine.c's: in the engine's list of ended ones */
  void *transfer; /* what carries it; or NULL */

  size_t n_history;
  size_t room; /* of `history` */
  hl_attempt history[];
};

/* As hl_call_new, without a client. */
hl_call *hl_call_make (const hl_settings *s, const char *id, size_t id_len,
                       hl_fields *fields_take, const hl_call_options *options,
                       int64_t now_us);

/* The call must be in no queue and with no engine. */
void hl_call_destroy (hl_call *call);

/* To another state: nobody else sets it. */
void hl_call_move (hl_call *call, hl_call_state next);

/* Started, and not settled. */
bool hl_call_is_running (const hl_call *call);

/* PREPARED -> SENDING: another attempt begins. */
void hl_call_sending (hl_call *call, int64_t now_us);

/* SENDING -> ENDED: a complete answer is in `call->answer`. */
void hl_call_answered (hl_call *call, const char *http_version);

/* PREPARED, SENDING -> ENDED: there is no (usable) answer. */
void hl_call_failed (hl_call *call, hl_kind kind, hl_phase phase,
                     const char *message);

/*
** ENDED -> SETTLED, or, if it is to be tried again: true, and it may rest
** until `resume_us`. `interval_us` is the rate limit's, `dice` from 0 to 1.
*/
bool hl_call_conclude (hl_call *call, int64_t interval_us, double dice,
                       int64_t now_us);

/* Whatever it does -> SETTLED: it ends for this reason. */
void hl_call_stop (hl_call *call, hl_kind kind, const char *message,
                   int64_t now_us);

/* PREPARED -> SETTLED: for want of something of this machine's it does not begin.
** The same call may succeed later. */
void hl_call_refuse (hl_call *call, const char *what, int64_t now_us);

/*
** QUEUED, WAITING -> SETTLED: its turn will not come before its deadline, but
** `ready_us` at the earliest. The result is that of its last attempt, or else
** says that the limit of the client left no room; or that it is too late, if
** its turn is now.
*/
void hl_call_give_up (hl_call *call, int64_t ready_us, int64_t now_us);

#endif
