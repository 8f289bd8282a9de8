/*
** engine.h: carries calls over libcurl.
**
** One curl_multi with pooled easy handles, one connection cache. It never
** waits: whoever steps it waits with the poller in which its sockets are
** registered, and until it is due, and tells it what came. A call whose
** attempt has come to its end is pulled with hl_engine_take.
*/
#ifndef HL_ENGINE_H
#define HL_ENGINE_H

#include "call.h"
#include "poller.h"

typedef struct hl_engine hl_engine;

/* Both must outlive the engine, which is the owner of its watches. NULL: out
** of memory. */
hl_engine *hl_engine_new (const hl_settings *s, hl_poller *poller);

/* Every call must be settled or dropped before. */
void hl_engine_free (hl_engine *e);

/* Take a prepared call on. Without memory for it, its attempt has ended. */
void hl_engine_start (hl_engine *e, hl_call *call, int64_t now_us);

/* Forget a call at once; its connection is closed if it was in use. */
void hl_engine_drop (hl_engine *e, hl_call *call);

/* When it wants hl_engine_fire; INT64_MAX: not for the time being. */
int64_t hl_engine_due (const hl_engine *e);
void hl_engine_fire (hl_engine *e, int64_t now_us);

/* One of its sockets is ready for these (see poller.h). */
void hl_engine_ready (hl_engine *e, hl_watch *w, int ready);

/* A call whose attempt has ended, the first one first, and it is the engine's
** no more; or NULL. */
hl_call *hl_engine_take (hl_engine *e);

/* Not HL_OK: libcurl itself is at its end, and with it every call that runs. */
hl_kind hl_engine_state (const hl_engine *e);

#endif
