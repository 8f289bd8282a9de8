/*
** json_block.c: cJSON nodes made many at a time and released together.
*/
#include "json_block.h"

#include <stdlib.h>

#define CHUNK_NODES 50 /* a page, nearly */

typedef struct hl_json_chunk {
  struct hl_json_chunk *next;
} hl_json_chunk;

void hl_json_block_lend (hl_json_block *block, hl_json_node *nodes, size_t n) {
  block->next = nodes;
  block->end = nodes + n;
}

void hl_json_block_free (hl_json_block *block) {
  hl_json_chunk *chunk;

  while ((chunk = block->chunks) != NULL) {
    block->chunks = chunk->next;
    free(chunk);
  }
  memset(block, 0, sizeof(*block));
}

/* Bytes behind the link, fit for anything; or NULL. */
static void *new_chunk (hl_json_block *block, size_t size) {
  hl_json_chunk *chunk = malloc(sizeof(*chunk) + size);

  if (chunk == NULL)
    return NULL;
  chunk->next = block->chunks;
  block->chunks = chunk;
  return chunk + 1;
}

bool hl_json_block_grow (hl_json_block *block) {
  hl_json_node *nodes = new_chunk(block, CHUNK_NODES * sizeof(*nodes));

  if (nodes == NULL)
    return false;
  hl_json_block_lend(block, nodes, CHUNK_NODES);
  return true;
}

char *hl_json_block_copy (hl_json_block *block, const char *s, size_t len) {
  char *copy = new_chunk(block, len + 1);

  if (copy != NULL) {
    memcpy(copy, s, len);
    copy[len] = '\0';
  }
  return copy;
}
