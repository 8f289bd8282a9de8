/*
** json_tree.c: a cJSON tree from tokens, or from JSON text by way of them.
*/
#include <stdlib.h>
#include <string.h>

#include "json.h"

typedef struct maker {
  hl_json_block *block; /* for nodes; NULL: cJSON's own */
  bool in_place;        /* strings stay in the text, which is ours to spoil */
} maker;

static cJSON *make (const maker *m, const hl_json_token *t);

/* A text's bytes, ended by a NUL: in place, it comes where the closing quote
** was, or further up where escapes were undone. */
static char *bytes_of (const maker *m, const hl_json_token *t, size_t *len) {
  char *bytes = m->in_place ? (char *)(uintptr_t)t->as.text
                            : (char *)cJSON_malloc((size_t)t->len + 1);

  if (bytes == NULL)
    return NULL;
  *len = t->len;
  if (!m->in_place || t->type == HL_TOKEN_ESCAPED)
    *len = hl_json_token_copy(bytes, t);
  /* a name of our own is a constant, and ends there */
  if (!m->in_place || bytes[*len] != '\0')
    bytes[*len] = '\0';
  return bytes;
}

static cJSON *make_text (const maker *m, const hl_json_token *t) {
  size_t len;
  char *bytes = bytes_of(m, t, &len);
  cJSON *item = NULL;

  if (bytes == NULL)
    return NULL;
  if (t->type == HL_TOKEN_ESCAPED && memchr(bytes, '\0', len) != NULL)
    item = hl_json_new_string(m->block, bytes, len);
  else if ((item = hl_json_new(m->block,
                               cJSON_String | (m->in_place ? cJSON_IsReference
                                                           : 0))) != NULL) {
    item->valuestring = bytes;
    return item;
  }
  if (!m->in_place)
    cJSON_free(bytes);
  return item;
}

/* `from` is a list or an object; `next` a name or a value in it. */
static bool make_member (const maker *m, cJSON *parent,
                         const hl_json_token *from,
                         const hl_json_token **next) {
  char *name = NULL;
  size_t len;
  cJSON *item;

  if (from->type == HL_TOKEN_OBJECT) { /* a NUL in a name cuts it */
    name = bytes_of(m, (*next)++, &len);
    if (name == NULL)
      return false;
  }
  item = make(m, *next);
  if (item == NULL) {
    if (!m->in_place)
      cJSON_free(name);
    return false;
  }
  *next = hl_json_token_next(*next);
  item->string = name;
  if (m->in_place)
    item->type |= cJSON_StringIsConst;
  return hl_json_append(parent, item);
}

static cJSON *make_children (const maker *m, const hl_json_token *t) {
  const hl_json_token *next = t + 1, *end = t + t->as.span;
  cJSON *parent = hl_json_new(
      m->block, t->type == HL_TOKEN_OBJECT ? cJSON_Object : cJSON_Array);

  while (parent != NULL && next < end)
    if (!make_member(m, parent, t, &next)) {
      if (m->block == NULL)
        cJSON_Delete(parent);
      return NULL;
    }
  return parent;
}

static cJSON *make (const maker *m, const hl_json_token *t) {
  switch (t->type) {
  case HL_TOKEN_FALSE:
    return hl_json_new(m->block, cJSON_False);
  case HL_TOKEN_TRUE:
    return hl_json_new(m->block, cJSON_True);
  case HL_TOKEN_INTEGER:
    return hl_json_new_integer(m->block, t->as.integer);
  case HL_TOKEN_NUMBER:
    return hl_json_new_number(m->block, t->as.number);
  case HL_TOKEN_DIGITS:
    return hl_json_new_raw(m->block, t->as.text, t->len);
  case HL_TOKEN_TEXT:
  case HL_TOKEN_ESCAPED:
    return make_text(m, t);
  case HL_TOKEN_LIST:
  case HL_TOKEN_OBJECT:
    return make_children(m, t);
  default:
    return hl_json_new(m->block, cJSON_NULL);
  }
}

cJSON *hl_json_tree_in_place (hl_json_block *block,
                              const hl_json_tokens *tokens) {
  const maker m = {.block = block, .in_place = true};

  return make(&m, tokens->list);
}

cJSON *hl_json_parse (const char *text, size_t len, hl_json_fault *fault) {
  static const maker copying = {NULL, false};
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  cJSON *tree = NULL;

  if (hl_json_tokens_read(&tokens, text, len, fault)) {
    tree = make(&copying, tokens.list);
    fault->what = NULL;
    fault->offset = 0;
  }
  hl_json_tokens_free(&tokens);
  return tree;
}
