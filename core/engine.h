/*
** engine.h: carries calls over libcurl.
**
** One curl_multi with pooled easy handles, one connection cache. Nothing
** happens but in hl_engine_step, on the thread that calls it; a call whose
** attempt has come to its end there is pulled with hl_engine_take.
*/
#ifndef HL_ENGINE_H
#define HL_ENGINE_H

#include "call.h"

typedef struct hl_engine hl_engine;

/* `s` must outlive the engine. NULL: out of memory. */
hl_engine *hl_engine_new (const hl_settings *s);

/* Every call must be settled or dropped before. */
void hl_engine_free (hl_engine *e);

/* Take a prepared call on. Without memory for it, its attempt has ended. */
void hl_engine_start (hl_engine *e, hl_call *call, int64_t now_us);

/* Forget a call at once; its connection is closed if it was in use. */
void hl_engine_drop (hl_engine *e, hl_call *call);

/* Move bytes, waiting up to `wait_ms` for some. Not HL_OK: libcurl itself is
** at its end, and with it every call that runs. */
hl_kind hl_engine_step (hl_engine *e, int wait_ms);

/* A call whose attempt has ended, the first one first, and it is the engine's
** no more; or NULL. */
hl_call *hl_engine_take (hl_engine *e);

#endif
