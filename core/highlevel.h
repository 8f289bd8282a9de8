/*
** highlevel.h: update contacts in HighLevel (GoHighLevel, LeadConnector).
**
** One call is PUT {base_url}/contacts/{contactId} with a JSON body that has
** been checked before it leaves and an answer that has been judged when it
** came back. This header is the manual; `examples/update_contact.c` is a
** program that uses it.
**
**   hl_client_new      one account: token, server, limits
**   hl_fields_new      what to change, as a cJSON object
**   hl_call_new        check, print, prepare
**   hl_call_run        send, wait, judge (or hl_call_start, hl_client_step)
**   hl_call_result     what came of it
**
** Ownership: a `const` pointer you get is borrowed from the object you asked;
** what you get through `**out` or from `_new` is yours until its `_free`;
** `_take` parameters are the callee's from the moment of the call, whether it
** succeeds or not. Every `_free` accepts NULL.
**
** Threads: a client and its calls belong to one thread at a time, but for what
** is posted (see threads). After `fork` a client goes on working in the child,
** on connections of its own.
**
** Failure: functions that can fail return HL_OK (0) or a positive hl_kind, or
** NULL when memory ran out. The library never prints, never aborts, never
** installs a signal handler, and reads no environment variable; libcurl
** beneath it honours `https_proxy` and `no_proxy` for https addresses.
*/
#ifndef HIGHLEVEL_H
#define HIGHLEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* The version of this header, as text. */
#define HL_VERSION "0.1.0"

#if defined(__GNUC__)
#define HL_API __attribute__((visibility("default")))
#else
#define HL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* How a call ended. Branch on this, never on the text of a message. */
typedef enum hl_kind {
  HL_OK = 0,       /* done: the answer is HighLevel's word for it */
  HL_INVALID,      /* refused here; nothing was sent */
  HL_UNAUTHORIZED, /* 401: token missing, expired or revoked */
  HL_FORBIDDEN,    /* 403, and the 401s about scope, user type, location, IAM */
  HL_NOT_FOUND,    /* 404, and 400 "Contact not found ..." */
  HL_DUPLICATE,    /* 400: another contact owns this email or phone; see meta */
  HL_REJECTED,     /* any other 4xx; `messages` lists every complaint */
  HL_RATE_LIMITED, /* 429, see rate_limit.daily_spent; or (status 0) the
                   ** client's own pace left no room before the deadline */
  HL_SERVER,       /* 5xx */
  HL_TIMEOUT,      /* the deadline passed; see phase */
  HL_NETWORK,      /* name not found, refused, reset, closed early */
  HL_TLS,          /* certificate or handshake */
  HL_PROTOCOL,     /* the answer is not what HTTP or JSON allow, or too large */
  HL_MEMORY,       /* an allocation failed */
  HL_CANCELLED     /* the caller gave up, or closed the client; or (retryable)
                   ** nothing was left to carry the call with: not sent */
} hl_kind;

/* How many kinds there are, HL_OK among them. */
#define HL_KINDS (HL_CANCELLED + 1)

/* "invalid", "unauthorized", ... as Lua's `err.kind`; "ok" for HL_OK. */
HL_API const char *hl_kind_name (hl_kind kind);

/* How far a call had come when it broke off. */
typedef enum hl_phase {
  HL_PHASE_NONE,    /* nothing was attempted */
  HL_PHASE_CONNECT, /* name look-up, TCP, TLS: nothing of ours was sent */
  HL_PHASE_WAIT,    /* sent; no byte of an answer yet */
  HL_PHASE_TRANSFER /* the answer had begun, or is whole, whatever it says */
} hl_phase;

/* "connect", "wait", "transfer" as Lua's `err.phase`; NULL for HL_PHASE_NONE. */
HL_API const char *hl_phase_name (hl_phase phase);

/* The API's X-RateLimit-* headers; -1 where the answer had none. */
typedef struct hl_rate_limit {
  int64_t limit;           /* X-RateLimit-Max: requests per interval */
  int64_t remaining;       /* X-RateLimit-Remaining */
  int64_t interval_ms;     /* X-RateLimit-Interval-Milliseconds */
  int64_t daily_limit;     /* X-RateLimit-Limit-Daily */
  int64_t daily_remaining; /* X-RateLimit-Daily-Remaining */
  bool daily_spent;        /* a 429 because the day's budget is gone */
} hl_rate_limit;

/* One complaint: ours (with the path of the value) or the server's. */
typedef struct hl_message {
  const char *path; /* "customFields[3].field_value", from 1; or NULL */
  const char *text; /* a sentence; begins with the path if there is one */
} hl_message;

/*
** What came of a call. Only the library makes these; read the members, which
** are only ever added to at the end. Texts are UTF-8; a token is in none.
*/
typedef struct hl_result {
  hl_kind kind;               /* branch on this */
  const char *message;        /* what happened and what to do; NULL for HL_OK */
  const char *path;           /* where, for HL_INVALID; or NULL */
  const hl_message *messages; /* every complaint, `n_messages` of them */
  size_t n_messages;          /* may be 0 */

  int status;       /* the HTTP status, 0 if there was no answer */
  const char *body; /* the raw answer of a failure, cut at 16 KiB; or NULL */
  size_t body_len;  /* bytes of it */
  const cJSON *document; /* the parsed answer; or NULL. See JSON notes below */
  const cJSON *meta;     /* HL_DUPLICATE: contactId, matchingField; or NULL */
  const char *trace_id;  /* `traceId` of the answer; or NULL */

  hl_rate_limit rate_limit; /* what the answer said of limits */
  int64_t retry_after_ms;   /* Retry-After, or until its turn; -1 if none */
  bool retryable;           /* the same call may succeed later */

  hl_phase phase;           /* HL_NETWORK, HL_TIMEOUT, HL_TLS, HL_PROTOCOL:
                            ** how far it had come; TRANSFER if answered */
  int attempts;             /* requests handed to the network */
  int64_t elapsed_us;       /* from hl_call_new to settled */
  const char *http_version; /* "1.0", "1.1", "2", "3"; or NULL */
} hl_result;

/*
** JSON notes. cJSON keeps numbers as doubles and strings without NUL bytes.
** Where that would lose something the node is a cJSON_Raw holding the JSON
** text itself: an integer beyond 2^53, or a string with an escaped NUL. Both
** directions: build such nodes with cJSON_CreateRaw, expect them in answers.
*/

/*----------------------------------------------------------------- fields */

/* What an update changes, with what was found wrong with it on the way. */
typedef struct hl_fields hl_fields;

/* Takes `document_take`, a cJSON object of fields. NULL: out of memory. */
HL_API hl_fields *hl_fields_new (cJSON *document_take);

/* For those that hl_call_new or hl_encode did not take. */
HL_API void hl_fields_free (hl_fields *fields);

/* Record a problem found before the checks of the schema: a sentence about
** the value at `path`. It makes the update invalid. HL_OK or HL_MEMORY. */
HL_API hl_kind hl_fields_complain (hl_fields *fields, const char *path,
                                   const char *text);

/*
** The body that would be sent for these fields: a dry run. On HL_OK `*text`
** is yours (hl_free); otherwise `*why` is (hl_result_free), which is NULL on
** HL_MEMORY. `api_version` NULL is "2021-07-28"; `lax` lets unknown names
** through.
*/
HL_API hl_kind hl_encode (hl_fields *fields_take, const char *api_version,
                          bool lax, char **text, size_t *len,
                          const hl_result **why);

/* A text that hl_encode gave. */
HL_API void hl_free (void *text);

/* A result that came through `**why`; hl_call_result's are the call's. */
HL_API void hl_result_free (const hl_result *result);

/*----------------------------------------------------------------- client */

/* One account: its token, its connections, its pace under the rate limit. */
typedef struct hl_client hl_client;

/* Start from {0}: zero means the default. Everything is copied. */
typedef struct hl_options {
  const char *token;         /* may be given with each call instead */
  const char *base_url;      /* "https://services.leadconnectorhq.com" */
  const char *api_version;   /* "2021-07-28" (default) or "v3" */
  const char *ca_file;       /* PEM file of authorities to trust */
  const char *proxy;         /* as libcurl's CURLOPT_PROXY */
  const char *user_agent;    /* appended to ours */
  long timeout_ms;           /* 30000: one whole call */
  long connect_timeout_ms;   /* 5000 */
  long max_connections;      /* 64 */
  long retries;              /* 3 after the first attempt; -1: none */
  long rate_requests;        /* 100 requests, -1: no limit ... */
  long rate_interval_ms;     /* ... in 10000 */
  size_t max_response_bytes; /* 4 MiB, after decompression */
  bool no_http2;             /* HTTP/1.1 even where the server offers more */
  bool lax;                  /* let unknown field names through */
} hl_options;

/*
** On HL_OK the caller owns `*out`. On HL_INVALID `*why` names the option at
** fault (hl_result_free it); on HL_MEMORY `*why` is NULL. `http://` is refused
** unless the host is loopback, and so is a token with control characters.
*/
HL_API hl_kind hl_client_new (hl_client **out, const hl_options *options,
                              const hl_result **why);

/* Cancels what is running and drops the connections. Calls made from it stay
** valid; those that ran, or are started after it, end as HL_CANCELLED. Safe
** twice. */
HL_API void hl_client_close (hl_client *client);

/* hl_client_close, then the memory, once its last call is freed too. */
HL_API void hl_client_free (hl_client *client);

/*------------------------------------------------------------------ calls */

/* One update, from prepared to settled. */
typedef struct hl_call hl_call;

/* Zero and NULL: as the client says. */
typedef struct hl_call_options {
  const char *token; /* for this call alone */
  long timeout_ms;   /* for this whole call */
  long retries;      /* after the first attempt; -1: none */
  void *user;        /* whatever helps to know the call again: hl_call_user */
  /* what to do with unknown field names */
  enum {
    HL_AS_CLIENT = 0, /* as the client's `lax` says */
    HL_STRICT,        /* refuse them */
    HL_LAX            /* let them through */
  } strictness;
} hl_call_options;

/*
** Prepare one update: check the id, the token and the fields, print the body.
** A call that cannot be sent is born settled, as HL_INVALID; look with
** hl_call_result. NULL only when memory ran out. `contact_id` need not end
** in NUL. `options` may be NULL. The deadline starts here.
*/
HL_API hl_call *hl_call_new (hl_client *client, const char *contact_id,
                             size_t contact_id_len, hl_fields *fields_take,
                             const hl_call_options *options);

/* Send it, again if need be, and wait until it is settled. Harmless on a
** settled call. */
HL_API void hl_call_run (hl_call *call);

/* NULL until the call is settled. Borrowed from the call. */
HL_API const hl_result *hl_call_result (const hl_call *call);

/* How one attempt ended. */
typedef struct hl_attempt {
  int number;          /* from 1 */
  hl_kind kind;        /* HL_OK, or what the failure would be called */
  int status;          /* 0: no answer */
  const char *message; /* NULL for HL_OK */
  const char *reason;  /* why another followed, or why none */
  int64_t began_us;    /* from hl_call_new: waits for its turn are before it */
  int64_t took_us;     /* from its start to its end */
  int64_t wait_us;     /* before the next; -1: it was the last */
} hl_attempt;

/* The attempts that have ended so far, the last 16 at most. Borrowed until the
** next step. */
HL_API const hl_attempt *hl_call_history (const hl_call *call, size_t *n);

/* The `user` of its options, or what was set since. */
HL_API void *hl_call_user (const hl_call *call);

/* Any pointer; the library only keeps it. */
HL_API void hl_call_set_user (hl_call *call, void *user);

/* A running call is cancelled first: its transfer is gone at once. */
HL_API void hl_call_free (hl_call *call);

/*
** Driving calls yourself: start any number, step the client until they have
** settled, look at their results.
*/

/* Begin to send it; it moves when the client is stepped. Harmless on a call that
** was started, or is settled. */
HL_API void hl_call_start (hl_call *call);

/* Moves bytes and lets calls leave whose turn has come, waiting up to `wait_ms`
** for something to happen. Returns how many calls are still running. */
HL_API int hl_client_step (hl_client *client, int wait_ms);

/* A call with news, each once until there is more: an attempt ended, or it was
** settled. NULL: there are no more. */
HL_API hl_call *hl_client_next (hl_client *client);

/* In how many milliseconds at the earliest a call with this token (NULL: the
** client's) would leave under the rate limit; 0: at once. Who has many calls
** to make starts none before, as a call's time runs from its start. */
HL_API int hl_client_ready_ms (hl_client *client, const char *token);

/* What the server last said of the limits of the client's token, in an answer
** to any of its calls in this process. */
HL_API void hl_client_limits (hl_client *client, hl_rate_limit *limits);

/*---------------------------------------------------------------- threads */

/*
** For those who may not wait at all: post a call, and the process's own thread
** carries it; once it is settled, it is in the mailbox. The thread is made with
** the first post, again after a fork, and ends when the last mailbox is freed.
** A client whose calls are posted is not stepped.
**
** Between hl_call_post and hl_mailbox_take the call is the thread's: only
** hl_call_free may be called with it, which cancels it. Everything else (new
** calls, other clients) goes on meanwhile. A mailbox belongs to one thread.
*/

/* Where posted calls arrive once they are settled. */
typedef struct hl_mailbox hl_mailbox;

/*
** `fd` is written a byte to when the mailbox is no longer empty, at most one
** until it was found empty again, and one more when nothing has been posted
** for a moment and no call is left. It should not block. It is yours, and must
** stay open until the mailbox is freed; -1: there is none yet. NULL: out of
** memory.
*/
HL_API hl_mailbox *hl_mailbox_new (int fd);

/* From now on that descriptor is written to, and at once if there is something
** to say; -1: none is. Calls go on arriving. */
HL_API void hl_mailbox_redirect (hl_mailbox *mailbox, int fd);

/* Write a byte in so many milliseconds, whether there is a call or not. HL_OK,
** or HL_MEMORY: no thread could be made, and errno says why. */
HL_API hl_kind hl_mailbox_alarm (hl_mailbox *mailbox, int in_ms);

/* Calls in it, or on the way to it, stay valid until their hl_call_free. */
HL_API void hl_mailbox_free (hl_mailbox *mailbox);

/* A settled call; NULL: there is none. */
HL_API hl_call *hl_mailbox_take (hl_mailbox *mailbox);

/* Calls posted, and not taken or freed. */
HL_API int hl_mailbox_expected (const hl_mailbox *mailbox);

/* Once for each call, and never for one that was started. HL_OK, or HL_MEMORY:
** no thread could be made, and errno says why; the call is untouched. A call
** that is settled already goes to the mailbox as well. */
HL_API hl_kind hl_call_post (hl_call *call, hl_mailbox *mailbox);

/*----------------------------------------------------------------- status */

/* What goes on in this process, of all clients. */
typedef struct hl_status {
  long sending;     /* calls on the network */
  long queued;      /* calls that wait for their turn under the rate limit */
  long waiting;     /* calls that wait to try again */
  long connections; /* open */
  long finished[HL_KINDS]; /* calls that ended, by their kinds */
} hl_status;

/* As they are now; the counts are of one moment each. */
HL_API void hl_status_get (hl_status *status);

/* Microseconds on a clock that never goes back (CLOCK_MONOTONIC). */
HL_API int64_t hl_now_us (void);

#ifdef __cplusplus
}
#endif

#endif
