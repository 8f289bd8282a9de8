/*
** engine.h: carries calls over libcurl.
**
** One curl_multi with pooled easy handles, one connection cache. Nothing
** happens but in hl_engine_step, on the thread that calls it; a call that has
** come to its end is settled there, and found so by whoever looks.
*/
#ifndef HL_ENGINE_H
#define HL_ENGINE_H

#include "call.h"

typedef struct hl_engine hl_engine;

/* `s` must outlive the engine. NULL: out of memory. */
hl_engine *hl_engine_new (const hl_settings *s);

/* Every call must be settled or dropped before. */
void hl_engine_free (hl_engine *e);

/* Take a prepared call on. Without memory for it, the call is settled. */
void hl_engine_start (hl_engine *e, hl_call *call);

/* Forget a call at once; its connection is closed if it was in use. */
void hl_engine_drop (hl_engine *e, hl_call *call);

/* Move bytes, waiting up to `wait_ms` for some; `*running` calls are left. Not
** HL_OK: libcurl itself is at its end, and with it every call that runs. */
hl_kind hl_engine_step (hl_engine *e, int wait_ms, int *running);

#endif
