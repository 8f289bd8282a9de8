/*
** contact_walk.h: what the files of the walk down an update share.
*/
#ifndef HL_CONTACT_WALK_H
#define HL_CONTACT_WALK_H

#include "json.h"
#include "problems.h"
#include "schema.h"
#include "text.h"

typedef struct hl_walk {
  hl_version version;
  bool lax;
  hl_problems *problems;
  hl_text *out;
  unsigned custom; /* hl_custom_accepted */
} hl_walk;

static inline hl_path hl_path_key (const hl_path *up, const cJSON *member) {
  return (hl_path){up, member->string, hl_json_name_len(member), 0};
}

static inline hl_path hl_path_index (const hl_path *up, size_t index) {
  return (hl_path){up, NULL, 0, index};
}

/* Members of an object, to be put in order. */
#define HL_FEW 24 /* are sorted without asking for memory */

typedef struct hl_members {
  const cJSON *few[HL_FEW];
  const cJSON **list; /* `few`, or allocated */
  size_t n;
  size_t room;
} hl_members;

void hl_members_init (hl_members *m);
void hl_members_free (hl_members *m);
void hl_members_add (hl_walk *w, hl_members *m, const cJSON *item);
void hl_members_sort (hl_members *m); /* by name */

/* Each notes a problem with the value at `path` if there is one, and says
** whether all is well. */
bool hl_walk_is_utf8 (hl_walk *w, const char *s, size_t len,
                      const hl_path *path, const char *what);

/* Of a list or an object: is it nested no deeper than may be? */
bool hl_walk_is_shallow (hl_walk *w, const hl_path *path);

/* Is the JSON text of a cJSON_Raw a number or a text, and nothing more? */
bool hl_walk_is_good_raw (hl_walk *w, const cJSON *item, const hl_path *path);

/* The problem that they all have; false. */
bool hl_walk_complain_utf8 (hl_walk *w, const char *s, size_t good,
                            const hl_path *path, const char *what);

/* Print a text, or the name of a member that is not the schema's. */
static inline bool hl_walk_text (hl_walk *w, const cJSON *item,
                                 const hl_path *path) {
  size_t len = hl_json_text_len(item);
  size_t good = hl_json_print_text(w->out, item->valuestring, len);

  return good == len ||
         hl_walk_complain_utf8(w, item->valuestring, good, path, "the text");
}

/* Of a member that is not the schema's, whose place is `path`: is its name one
** that can be sent? And print it, if it is. */
bool hl_walk_is_good_name (hl_walk *w, const hl_path *path);
bool hl_walk_name (hl_walk *w, const hl_path *path);

/* Check and print: anything goes, as long as it is JSON. */
void hl_walk_open (hl_walk *w, const cJSON *item, const hl_path *path);

#endif
