/*
** party.c: a client with a mailbox, and how to run calls in either way.
*/
#include "party.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CROWD_MAX 200
#define LIMIT_MS 10000

hl_kind party_open (party *y, const hl_options *o) {
  const hl_result *why = NULL;

  memset(y, 0, sizeof(*y));
  if (pipe2(y->pipe, O_NONBLOCK | O_CLOEXEC) != 0)
    abort();
  y->mailbox = hl_mailbox_new(y->pipe[1]);
  return hl_client_new(&y->client, o, &why);
}

void party_close (party *y) {
  hl_client_free(y->client);
  hl_mailbox_free(y->mailbox);
  close(y->pipe[0]);
  close(y->pipe[1]);
}

hl_call *party_call (party *y, const char *id, size_t bytes, long timeout_ms) {
  hl_call_options o = {.timeout_ms = timeout_ms};
  cJSON *fields = cJSON_CreateObject();
  char *text = malloc(bytes + 1);

  memset(text, 'x', bytes);
  text[bytes] = '\0';
  cJSON_AddStringToObject(fields, "firstName", text);
  free(text);
  return hl_call_new(y->client, id, strlen(id), hl_fields_new(fields), &o);
}

bool party_begin (party *y, hl_call *call, bool posted) {
  if (call == NULL)
    return false;
  if (!posted)
    hl_call_start(call);
  else if (hl_call_post(call, y->mailbox) != HL_OK) {
    hl_call_free(call);
    return false;
  }
  return true;
}

static bool take_all (party *y) {
  while (hl_mailbox_take(y->mailbox) != NULL)
    continue;
  return hl_mailbox_expected(y->mailbox) == 0;
}

bool party_finish (party *y, bool posted, long limit_ms) {
  int64_t until_us = hl_now_us() + limit_ms * 1000;
  char bytes[64];

  while (hl_now_us() < until_us) {
    struct pollfd fd = {.fd = y->pipe[0], .events = POLLIN};
    if (posted ? take_all(y) : hl_client_step(y->client, 100) == 0)
      return true;
    if (posted && poll(&fd, 1, 100) > 0)
      (void)!read(y->pipe[0], bytes, sizeof(bytes));
  }
  return posted ? take_all(y) : hl_client_step(y->client, 0) == 0;
}

hl_kind party_run (party *y, const char *id, bool posted) {
  hl_call *call = party_call(y, id, 5, 0);
  hl_kind kind = HL_MEMORY;

  if (!party_begin(y, call, posted))
    return HL_MEMORY;
  if (!posted)
    hl_call_run(call);
  if (posted && !party_finish(y, true, LIMIT_MS))
    abort(); /* one that is lost */
  kind = hl_call_result(call)->kind;
  hl_call_free(call);
  return kind;
}

int party_crowd (party *y, const char *id, int n, bool posted, hl_kind kind) {
  hl_call *calls[CROWD_MAX];
  int i, begun = 0, good = 0;

  for (i = 0; i < n && i < CROWD_MAX; i++) {
    calls[begun] = party_call(y, id, 5, 0);
    begun += party_begin(y, calls[begun], posted);
  }
  if (!party_finish(y, posted, LIMIT_MS))
    return -1;
  for (i = 0; i < begun; i++) {
    good += hl_call_result(calls[i])->kind == kind;
    hl_call_free(calls[i]);
  }
  return good;
}
