/*
** sweep.c: fail the 1st, 2nd, 3rd ... allocation of a whole call, in C.
**
** Each task is run with one allocation failing (and then with all from there
** on), until it ends before the failure comes. It must end as HL_MEMORY, or
** as it would have without the failure; a failure within libcurl may also
** look like one of the network. Afterwards every block is freed.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failmalloc.h"
#include "highlevel.h"
#include "server.h"

#define N_MAX 20000
#define POSTED 3         /* at a time */
#define COMPLAINTS_MAX 5 /* shown for each sweep */

static const char fields_text[] =
    "{\"firstName\":\"rosan\",\"lastName\":null,\"email\":\"rosan@deos.com\","
    "\"country\":\"US\",\"dateOfBirth\":\"09/25/1990\",\"dnd\":true,"
    "\"dndSettings\":{\"Call\":{\"status\":\"active\",\"message\":\"m\","
    "\"code\":\"c\"},\"SMS\":{\"status\":\"inactive\"}},"
    "\"inboundDndSettings\":{\"all\":{\"status\":\"active\"}},"
    "\"tags\":[\"nisi sint\",\"consequat\"],\"customFields\":["
    "{\"id\":\"6dvNaf7VhkQ9snc5vnjJ\",\"field_value\":100.5},"
    "{\"key\":\"a\",\"fieldValue\":[\"test\",\"test2\"]},"
    "{\"id\":\"x\",\"field_value\":{\"u\":{\"meta\":{\"size\":1786611}}}}]}";

static const char invalid_text[] =
    "{\"first_name\":\"rosan\",\"email\":7,\"gender\":\"m\",\"id\":\"x\","
    "\"locationId\":\"y\",\"dateOfBirth\":\"1990-02-30\",\"country\":\"UX\","
    "\"dndSettings\":{\"Cal\":{\"status\":\"on\"}},\"tags\":[1,2,{}],"
    "\"customFields\":[{},{\"id\":\"x\",\"field_value\":true},7]}";

typedef struct task {
  const char *name;
  const char *fields;
  const char *contact_id;
  hl_kind kind; /* how it ends with memory enough */
  bool posted;  /* by the thread, which meets failures as well */
} task;

static const task tasks[] = {
    {"an update", fields_text, "ocQHyuzHvysMo5N5VsXc", HL_OK, false},
    {"an update that is tried again", fields_text, "again", HL_OK, false},
    {"an update that is rejected", fields_text, "rejected", HL_REJECTED, false},
    {"an update that is invalid", invalid_text, "no/id", HL_INVALID, false},
    {"posted updates", fields_text, "ocQHyuzHvysMo5N5VsXc", HL_OK, true},
    {"posted updates that are tried again", fields_text, "again", HL_OK, true},
    {"a dry run", fields_text, NULL, HL_OK, false},
    {"a dry run that is invalid", invalid_text, NULL, HL_INVALID, false},
};

static char base_url[64];

/* A client of its own, so that nothing is left from the call before. */
static hl_kind new_client (hl_client **out, const char *id) {
  hl_options options = {.token = "pit-0123456789",
                        .user_agent = "sweep/1",
                        .timeout_ms = 10000,
                        .retries = strcmp(id, "again") == 0 ? 2 : -1,
                        .base_url = base_url};
  const hl_result *why = NULL;
  hl_kind kind = hl_client_new(out, &options, &why);

  if (kind != HL_OK)
    hl_result_free(why);
  return kind;
}

static hl_kind update (hl_fields *fields, const char *id) {
  hl_client *client = NULL;
  hl_call *call = NULL;
  hl_kind kind = new_client(&client, id);

  if (kind != HL_OK) {
    hl_fields_free(fields);
    return kind;
  }
  kind = HL_MEMORY;
  call = hl_call_new(client, id, strlen(id), fields, NULL);
  if (call != NULL) {
    hl_call_run(call);
    kind = hl_call_result(call)->kind;
  }
  hl_call_free(call);
  hl_client_free(client);
  return kind;
}

/* What is posted arrives, each call once, within the time that it has. */
static int take_all (hl_mailbox *mailbox) {
  int64_t until_us = hl_now_us() + 12000000;
  int n = 0;

  while (hl_mailbox_expected(mailbox) > 0 && hl_now_us() < until_us) {
    if (hl_mailbox_take(mailbox) != NULL)
      n++;
    else
      usleep(200);
  }
  return n;
}

/* How the worst of some calls ended; HL_CANCELLED: one was lost. */
static hl_kind post (const task *t) {
  hl_client *client = NULL;
  hl_mailbox *mailbox = NULL;
  hl_call *calls[POSTED] = {NULL};
  hl_kind kind = new_client(&client, t->contact_id), worst = t->kind;
  int i, n = 0;

  if (kind == HL_OK)
    mailbox = hl_mailbox_new(-1);
  for (i = 0; i < POSTED && mailbox != NULL; i++) {
    hl_fields *fields = hl_fields_new(cJSON_Parse(t->fields));
    if (fields == NULL)
      continue;
    calls[n] =
        hl_call_new(client, t->contact_id, strlen(t->contact_id), fields, NULL);
    if (calls[n] != NULL && hl_call_post(calls[n], mailbox) == HL_OK)
      n++;
    else
      hl_call_free(calls[n]);
  }
  if (n < POSTED)
    worst = HL_MEMORY;
  if (mailbox != NULL && take_all(mailbox) != n)
    worst = HL_CANCELLED;
  for (i = 0; i < n; i++) {
    kind = worst != HL_CANCELLED ? hl_call_result(calls[i])->kind : worst;
    if (kind != t->kind)
      worst = kind;
    hl_call_free(calls[i]);
  }
  hl_client_free(client);
  hl_mailbox_free(mailbox);
  return worst;
}

static hl_kind dry_run (hl_fields *fields) {
  const hl_result *why = NULL;
  char *text = NULL;
  size_t len;
  hl_kind kind = hl_encode(fields, "v3", false, &text, &len, &why);

  if (why != NULL && why->kind != kind)
    kind = HL_CANCELLED; /* none that is expected */
  hl_free(text);
  hl_result_free(why);
  return kind;
}

static hl_kind run (const task *t, cJSON *document_take) {
  hl_fields *fields;

  if (t->posted) {
    cJSON_Delete(document_take);
    return post(t);
  }
  fields = hl_fields_new(document_take);
  if (fields != NULL && t->kind == HL_INVALID &&
      hl_fields_complain(fields, "tags[1]", "is odd") != HL_OK) {
    hl_fields_free(fields);
    return HL_MEMORY;
  }
  if (fields == NULL)
    return HL_MEMORY;
  return t->contact_id != NULL ? update(fields, t->contact_id)
                               : dry_run(fields);
}

/* Is that an end to be expected, now that an allocation failed? */
static bool fits (const task *t, hl_kind kind) {
  if (kind == HL_MEMORY || kind == t->kind)
    return true;
  return kind == HL_NETWORK && failmalloc_blames("libcurl");
}

/* Number of failures that nobody handled; -1 if it has no end. */
static int sweep (const task *t, failmalloc_mode mode) {
  int kinds[HL_CANCELLED + 1] = {0}, wrong = 0, again = 0, k;
  long n = 0, usual = 0, live;
  bool hit = true;

  for (k = 0; k < 3; k++) { /* what libc and libcurl keep for ever */
    if (run(t, cJSON_Parse(t->fields)) != t->kind)
      return -1;
    usual = failmalloc_live();
  }
  while (hit && n++ < N_MAX) {
    cJSON *document = cJSON_Parse(t->fields);
    hl_kind kind;
    if (t->posted)
      failmalloc_arm_all(n, mode);
    else
      failmalloc_arm(n, mode);
    kind = run(t, document);
    hit = failmalloc_disarm();
    live = failmalloc_live();
    if (fits(t, kind) && live > usual && again++ < 2) {
      usual = live; /* a cache that grew once; or is it a leak? */
      n--;
      continue;
    }
    kinds[kind]++;
    if (getenv("SWEEP_VERBOSE") != NULL && hit && kind != HL_MEMORY) {
      fprintf(stderr, "  allocation %ld: %s\n", n, hl_kind_name(kind));
      failmalloc_trace();
    }
    if (fits(t, kind) && live <= usual) {
      again = 0;
      continue;
    }
    if (++wrong <= COMPLAINTS_MAX) {
      fprintf(stderr, "  allocation %ld: ended as %s, %+ld blocks left\n", n,
              hl_kind_name(kind), live - usual);
      failmalloc_trace();
    }
    usual = live;
    again = 0;
  }
  printf("  %s, %s: %ld allocations;", t->name,
         mode == FAIL_ONCE ? "one fails" : "all from one on fail", n - 1);
  for (k = 0; k <= HL_CANCELLED; k++)
    if (kinds[k] > 0)
      printf(" %d %s", kinds[k], hl_kind_name((hl_kind)k));
  printf("\n");
  return hit ? -1 : wrong;
}

int main (void) {
  int port, passed = 0, failed = 0, wrong, mode;
  pid_t server = server_start(&port);
  size_t i;

  if (server < 0)
    return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", port);
  for (i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
    for (mode = FAIL_ONCE; mode <= FAIL_ON; mode++) {
      wrong = sweep(&tasks[i], (failmalloc_mode)mode);
      if (wrong == 0) {
        passed++;
      } else {
        failed++;
        fprintf(stderr, "  %s: %s\n", tasks[i].name,
                wrong < 0 ? "it has no end" : "see above");
      }
    }
  server_stop(server);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
