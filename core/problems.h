/*
** problems.h: what is wrong with an update, and where.
*/
#ifndef HL_PROBLEMS_H
#define HL_PROBLEMS_H

#include "highlevel.h"
#include "text.h"

/* More than these are counted, not kept: nobody reads the 101st. */
#define HL_PROBLEMS_MAX 100

typedef struct hl_problems {
  hl_message *list;
  size_t n;
  size_t room;
  size_t dropped; /* beyond the maximum */
  bool failed;    /* one was lost for want of memory */
} hl_problems;

/* A place in a tree, kept on the C stack while walking down it. */
#define HL_PATH_STRLEN SIZE_MAX

typedef struct hl_path {
  const struct hl_path *up; /* NULL at the root, which has no name */
  const char *key;          /* of an object's member; or NULL */
  size_t key_len;           /* or HL_PATH_STRLEN: it ends in NUL */
  size_t index;             /* of a list's element, from 1 */
} hl_path;

/* "customFields[3].field_value"; odd names in quotes: `["a b"]`. */
bool hl_path_print (hl_text *out, const hl_path *path);

void hl_problems_init (hl_problems *p);
void hl_problems_free (hl_problems *p);

/* Copies both; `path` may be NULL or "", `text` is a sentence about it. */
void hl_problems_add (hl_problems *p, const char *path, const char *text);

/* The same for a place, with a printf format. */
void hl_problems_at (hl_problems *p, const hl_path *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Forget all but the first `n`. */
void hl_problems_keep (hl_problems *p, size_t n);

/* In order of their paths, `[2]` before `[10]`: a Lua table has no order. */
void hl_problems_sort (hl_problems *p);

/* Release texts that a public struct shows as const. */
void hl_messages_free (const hl_message *list, size_t n);

#endif
