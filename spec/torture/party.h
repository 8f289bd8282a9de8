/*
** party.h: a client with a mailbox, and how to run calls in either way.
*/
#ifndef TORTURE_PARTY_H
#define TORTURE_PARTY_H

#include <stdbool.h>

#include "highlevel.h"

typedef struct party {
  hl_client *client;
  hl_mailbox *mailbox;
  int pipe[2];
} party;

/* Of these options; HL_OK, or why there is no client. */
hl_kind party_open (party *y, const hl_options *o);
void party_close (party *y);

/* A call of this client, with that many bytes of a tag in it. NULL: none. */
hl_call *party_call (party *y, const char *id, size_t bytes, long timeout_ms);

/* Start or post it. False: it could not be, and is freed. */
bool party_begin (party *y, hl_call *call, bool posted);

/* Until all that were begun have ended, or so long. False: one has not. */
bool party_finish (party *y, bool posted, long limit_ms);

/* One call from its start to its end: what it ended as. */
hl_kind party_run (party *y, const char *id, bool posted);

/* `n` calls at a time: how many ended as `kind`. */
int party_crowd (party *y, const char *id, int n, bool posted, hl_kind kind);

#endif
