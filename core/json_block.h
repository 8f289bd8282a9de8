/*
** json_block.h: cJSON nodes made many at a time and released together.
*/
#ifndef HL_JSON_BLOCK_H
#define HL_JSON_BLOCK_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
** A node of a block may know how long its name is and, if it is a string, its
** text, which may hold NUL bytes: its `type` has this mark then. Never shown
** outside, where marks may be copied to nodes that are shorter.
*/
typedef struct hl_json_node {
  cJSON item;
  size_t len;      /* of valuestring */
  size_t name_len; /* of string */
} hl_json_node;

#define HL_JSON_MEASURED 0x1000

/*
** Where the nodes of one tree come from, and what texts they have of their
** own. Names in such a tree are borrowed. Start from {0}; or lend it nodes.
*/
typedef struct hl_json_block {
  hl_json_node *next; /* unused ones, up to `end` */
  hl_json_node *end;
  struct hl_json_chunk *chunks; /* what was allocated */
} hl_json_block;

/* Let it use these first. They must outlive it. */
void hl_json_block_lend (hl_json_block *block, hl_json_node *nodes, size_t n);

/* Release the nodes and texts, all of them. */
void hl_json_block_free (hl_json_block *block);

/* Make `next` less than `end`, or say that memory ran out. */
bool hl_json_block_grow (hl_json_block *block);

/* `len` bytes and a NUL, copied. NULL: out of memory. */
char *hl_json_block_copy (hl_json_block *block, const char *s, size_t len);

/* A node, empty but for its type. NULL: out of memory. */
static inline cJSON *hl_json_block_new (hl_json_block *block, int type) {
  hl_json_node *node;

  if (block->next == block->end && !hl_json_block_grow(block))
    return NULL;
  node = block->next++;
  *node = (hl_json_node){.item = {.type = type}};
  return &node->item;
}

static inline size_t hl_json_text_len (const cJSON *item) {
  return (item->type & (0xFF | HL_JSON_MEASURED)) ==
                 (cJSON_String | HL_JSON_MEASURED)
             ? ((const hl_json_node *)item)->len
             : strlen(item->valuestring);
}

static inline size_t hl_json_name_len (const cJSON *item) {
  return (item->type & HL_JSON_MEASURED) != 0
             ? ((const hl_json_node *)item)->name_len
             : strlen(item->string);
}

#endif
