/*
** status.h: counts of what goes on in this process, for an operator's page.
**
** Counted wherever it happens, on any thread.
*/
#ifndef HL_STATUS_H
#define HL_STATUS_H

#include "call.h"

/* A call goes from one state to the next. */
void hl_status_moved (hl_call_state from, hl_call_state to);

/* There is a new call, or one less, that is in this state. */
void hl_status_exists (hl_call_state state, int more);

void hl_status_settled (hl_kind kind);

/* Connections were opened, or closed. */
void hl_status_connected (int more);

#endif
