/*
** result.c: making what the public header calls an hl_result.
*/
#include "result.h"

#include <stdlib.h>
#include <string.h>

/* What is allocated for a result; what the reader knows comes first. */
typedef struct whole {
  hl_result shown;
  hl_json_tokens tokens;
  hl_json_block block;
  char *text; /* what tokens and the block's nodes point into; or NULL */
} whole;

#define NO_LIMITS                                                              \
  { -1, -1, -1, -1, -1, false }

const hl_rate_limit hl_no_limits = NO_LIMITS;

static const hl_result memory = {
    .kind = HL_MEMORY,
    .message = "out of memory; nothing more is known of this call",
    .rate_limit = NO_LIMITS,
    .retry_after_ms = -1,
    .retryable = true};

const char *hl_kind_name (hl_kind kind) {
  static const char *const names[] = {
      "ok",        "invalid",  "unauthorized", "forbidden", "not_found",
      "duplicate", "rejected", "rate_limited", "server",    "timeout",
      "network",   "tls",      "protocol",     "memory",    "cancelled"};

  return names[kind];
}

const char *hl_phase_name (hl_phase phase) {
  static const char *const names[] = {NULL, "connect", "wait", "transfer"};

  return names[phase];
}

hl_result *hl_result_new (hl_kind kind) {
  whole *w = calloc(1, sizeof(*w));

  if (w == NULL)
    return NULL;
  w->shown.kind = kind;
  w->shown.rate_limit = hl_no_limits;
  w->shown.retry_after_ms = -1;
  return &w->shown;
}

hl_json_tokens *hl_result_tokens (hl_result *r) {
  return &((whole *)r)->tokens;
}

void hl_result_take_text (hl_result *r, char *text) {
  ((whole *)r)->text = text;
}

bool hl_result_take_trace (hl_result *r) {
  const hl_json_token *t =
      hl_json_token_member(((whole *)r)->tokens.list, "traceId");
  char *trace;
  size_t len;

  if (t == NULL || !hl_json_token_is_text(t))
    return true;
  trace = malloc((size_t)t->len + 1);
  if (trace == NULL)
    return false;
  len = hl_json_token_copy(trace, t);
  trace[len] = '\0';
  if (strlen(trace) == len) { /* no C text holds a NUL */
    r->trace_id = trace;
    return true;
  }
  free(trace);
  return true;
}

bool hl_result_plant (hl_result *r) {
  whole *w = (whole *)r;

  r->document = hl_json_tree_in_place(&w->block, &w->tokens);
  r->meta = cJSON_GetObjectItemCaseSensitive(r->document, "meta");
  hl_json_tokens_free(&w->tokens);
  return r->document != NULL;
}

const hl_result *hl_result_memory (void) {
  return &memory;
}

/* The members are const for the reader; they were allocated here. */
static void drop (const void *p) {
  free((void *)(uintptr_t)p);
}

void hl_result_free (const hl_result *r) {
  whole *w = (whole *)(uintptr_t)r;

  if (r == NULL || r == &memory)
    return;
  drop(r->message);
  drop(r->path);
  hl_messages_free(r->messages, r->n_messages);
  drop(r->body);
  if (w->text == NULL) /* or the document is the block's */
    cJSON_Delete((cJSON *)(uintptr_t)r->document);
  hl_json_block_free(&w->block);
  hl_json_tokens_free(&w->tokens);
  free(w->text);
  drop(r->trace_id);
  drop(r);
}

bool hl_result_say (hl_result *r, const char *fmt, ...) {
  hl_text t;
  va_list ap;
  char *message, *c;

  hl_text_init(&t, HL_TEXT_MAX);
  va_start(ap, fmt);
  hl_text_vprintf(&t, fmt, ap);
  va_end(ap);
  message = hl_text_take(&t);
  if (message == NULL)
    return false;
  for (c = message; *c != '\0'; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7F)
      *c = ' ';
  hl_utf8_mend(message); /* what a server said may be Latin-1, or anything */
  drop(r->message);
  r->message = message;
  return true;
}

bool hl_result_complain (hl_result *r, const char *text) {
  size_t n = r->n_messages;
  hl_message *list =
      realloc((void *)(uintptr_t)r->messages, (n + 1) * sizeof(*list));

  if (list == NULL)
    return false;
  r->messages = list;
  list[n].path = NULL;
  list[n].text = hl_strdup(text);
  if (list[n].text == NULL)
    return false;
  r->n_messages = n + 1;
  return true;
}

const hl_result *hl_result_invalid (hl_problems *p) {
  hl_result *r = p->failed ? NULL : hl_result_new(HL_INVALID);
  size_t more = p->n + p->dropped - 1;
  bool said;

  if (r == NULL) {
    hl_problems_free(p);
    return &memory;
  }
  hl_problems_sort(p);
  r->messages = p->list;
  r->n_messages = p->n;
  hl_problems_init(p);
  said = more == 0
             ? hl_result_say(r, "%s", r->messages[0].text)
             : hl_result_say(r, "%s (and %zu more problem%s, see messages)",
                             r->messages[0].text, more, more == 1 ? "" : "s");
  if (r->messages[0].path != NULL) {
    r->path = hl_strdup(r->messages[0].path);
    said = said && r->path != NULL;
  }
  if (!said) {
    hl_result_free(r);
    return &memory;
  }
  return r;
}

hl_kind hl_result_give (const hl_result *r, const hl_result **why) {
  *why = r != &memory ? r : NULL;
  return r->kind;
}

const hl_result *hl_result_refuse (const char *path, const char *text) {
  hl_problems p;

  hl_problems_init(&p);
  hl_problems_add(&p, path, text);
  return hl_result_invalid(&p);
}
