/*
** json.h: JSON text from cJSON trees and back.
**
** cJSON is the document model; its printer and parser are not used, because
** they keep every number as a double compared with a tolerance, and because
** the parser accepts what RFC 8259 does not. Where a cJSON node cannot hold a
** value exactly, the node is a cJSON_Raw with the JSON text of the value: an
** integer beyond 2^53, or a string that contains U+0000.
*/
#ifndef HL_JSON_H
#define HL_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json_block.h"
#include "json_token.h"
#include "plain.h"
#include "text.h"

#define HL_JSON_NUMBER_ROOM 40

/*---------------------------------------------------------------- making */

/* Each gives NULL when memory ran out. With NULL for a block, nodes are cJSON's
** own, for cJSON_Delete. */
cJSON *hl_json_new (hl_json_block *block, int type);
cJSON *hl_json_new_number (hl_json_block *block, double d);
cJSON *hl_json_new_integer (hl_json_block *block, int64_t i);
cJSON *hl_json_new_string (hl_json_block *block, const char *s, size_t len);

/* A node with that JSON text, a cJSON_Raw. */
cJSON *hl_json_new_raw (hl_json_block *block, const char *json, size_t len);

/* A string without a copy, in a block, measured: `s` outlives the node. */
static inline cJSON *hl_json_borrow_string (hl_json_block *block, const char *s,
                                            size_t len) {
  cJSON *item = hl_json_block_new(block, cJSON_String | cJSON_IsReference |
                                             HL_JSON_MEASURED);

  if (item != NULL) {
    item->valuestring = (char *)(uintptr_t)s; /* nobody writes there */
    ((hl_json_node *)item)->len = len;
  }
  return item;
}

/* Append to a list or object in constant time; takes `item`, which may be NULL
** for want of memory: then false. */
static inline bool hl_json_append (cJSON *parent, cJSON *item) {
  cJSON *first = parent->child;

  if (item == NULL)
    return false;
  item->next = NULL;
  if (first == NULL) {
    parent->child = item;
    item->prev = item;
  } else { /* the first one's `prev` is the last one: cJSON's convention */
    item->prev = first->prev;
    first->prev->next = item;
    first->prev = item;
  }
  return true;
}

/* Name a node of a block; the name is borrowed and must outlive it. */
static inline void hl_json_borrow_name (cJSON *item, const char *name,
                                        size_t len) {
  item->string = (char *)(uintptr_t)name;
  item->type |= cJSON_StringIsConst | HL_JSON_MEASURED;
  ((hl_json_node *)item)->name_len = len;
}

/*--------------------------------------------------------------- looking */

/* Of a cJSON_ type? As cJSON_IsObject and its like, without their call. */
static inline bool hl_json_is (const cJSON *item, int type) {
  return item != NULL && (item->type & 0xFF) == type;
}

static inline bool hl_json_is_bool (const cJSON *item) {
  return hl_json_is(item, cJSON_True) || hl_json_is(item, cJSON_False);
}

/*
** Marks of an object node. Without a shape: an empty table of which nobody said
** whether it is a list or an object, for the schema to decide. Refused when it
** was read: the checks pass over it.
*/
#define HL_JSON_SHAPELESS 1 /* in `valueint` */

static inline void hl_json_mark_shapeless (cJSON *object) {
  object->valueint = HL_JSON_SHAPELESS;
}

static inline bool hl_json_is_shapeless (const cJSON *item) {
  return hl_json_is(item, cJSON_Object) && item->child == NULL &&
         item->valueint == HL_JSON_SHAPELESS;
}

void hl_json_mark_refused (cJSON *item);

static inline bool hl_json_is_refused (const cJSON *item) {
  return hl_json_is(item, cJSON_Invalid);
}

bool hl_json_is_number (const cJSON *item); /* exact integers included */
bool hl_json_is_text (const cJSON *item);   /* texts with U+0000 included */

/* A text without U+0000, whose valuestring is all of it? */
bool hl_json_is_plain_text (const cJSON *item);

/* "a text", "a number", "a list", ...: for messages. */
const char *hl_json_type_name (const cJSON *item);

/* The member's text, or NULL if it is absent or no plain text. */
const char *hl_json_get_text (const cJSON *object, const char *name);

/* The integer that a double is, if it is one and exact. */
bool hl_json_to_integer (double d, int64_t *out);

/*--------------------------------------------------------------- text out */

/* Shortest decimal that reads back as `d`; returns its length. */
size_t hl_json_format (char *buf, double d);

/* The rest of a text, from the first byte that is not plain, `done` bytes after
** its start; and the quote after it. */
size_t hl_json_print_rest (hl_text *out, const char *s, size_t len,
                           size_t done);

/* Append a text in quotes, what must be escaped escaped. Gives the offset of
** the first byte that is not UTF-8, or `len`. */
static inline size_t hl_json_print_text (hl_text *out, const char *s,
                                         size_t len) {
  size_t n;
  char *o;

  if (!hl_text_reserve(out, len + 2))
    return hl_utf8_check(s, len);
  o = out->bytes + out->len;
  *o++ = '"';
  n = hl_plain_copy(o, s, len);
  if (n < len) {
    out->len += 1 + n;
    return hl_json_print_rest(out, s, len, n);
  }
  o[n] = '"';
  o[n + 1] = '\0';
  out->len += n + 2;
  return len;
}

/* A comma, unless a list or an object has just begun. */
static inline void hl_json_print_comma (hl_text *out) {
  if (out->len > 0 && out->bytes[out->len - 1] != '{' &&
      out->bytes[out->len - 1] != '[')
    hl_text_putc(out, ',');
}

/* Append the tree's JSON, without blanks. False: see `out`. */
bool hl_json_print (hl_text *out, const cJSON *item);

/*---------------------------------------------------------------- text in */

/*
** Parse one JSON text as RFC 8259 has it; a byte order mark before it is
** passed over, half a surrogate pair becomes U+FFFD. `text[len]` must be NUL.
** NULL: see `fault`.
*/
cJSON *hl_json_parse (const char *text, size_t len, hl_json_fault *fault);

/* The tree of tokens that were read. Strings stay where they are in the text,
** so it is spoilt, and must outlive the tree. NULL: out of memory. */
cJSON *hl_json_tree_in_place (hl_json_block *block,
                              const hl_json_tokens *tokens);

#endif
