/*
** schema.h: what an update may hold, as data.
**
** One table of the 20 fields with what is nested in them. The checks, the
** hints, the shape of an empty table and both API versions' spellings follow
** from it; contact.c holds the mechanism.
*/
#ifndef HL_SCHEMA_H
#define HL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum hl_version {
  HL_V2021_07_28,
  HL_V3
} hl_version;

/* False if there is no such version. NULL is the default one. */
bool hl_version_find (const char *name, hl_version *out);
const char *hl_version_name (hl_version version); /* the `Version` header */

typedef enum hl_shape_type {
  HL_SHAPE_TEXT,
  HL_SHAPE_BOOLEAN,
  HL_SHAPE_CHOICE, /* one of `choices` */
  HL_SHAPE_DATE,
  HL_SHAPE_COUNTRY,
  HL_SHAPE_LIST,   /* of `item` */
  HL_SHAPE_OBJECT, /* of `members` */
  HL_SHAPE_CUSTOM  /* whatever one of the custom fields' types takes */
} hl_shape_type;

typedef struct hl_shape hl_shape;
typedef struct hl_member hl_member;

/* What to say about a name that is no member but often tried. */
typedef struct hl_hint {
  const char *name;
  const char *text;
} hl_hint;

struct hl_shape {
  hl_shape_type type;
  const char *what;           /* "a text": for "must be a text, not ..." */
  const char *const *choices; /* CHOICE; ends in NULL */
  const hl_shape *item;       /* LIST */
  const hl_member *members;   /* OBJECT; ends with a NULL name */
  const hl_hint *hints;       /* OBJECT; ends with a NULL name; or NULL */
  const char *noun;           /* OBJECT: what a member is called */
  const char *identity;       /* OBJECT: said if no HL_IDENTIFIES is there */
};

enum {
  HL_NULLABLE = 1,
  HL_REQUIRED = 2,
  HL_IDENTIFIES = 4, /* one of the members so marked must be there */
  HL_NOT_EMPTY = 8,  /* a text that must not be "" */
  HL_ZONE = 16       /* a text of letters, digits and / _ + - only */
};

struct hl_member {
  const char *name; /* as 2021-07-28 spells it */
  size_t name_len;
  const char *name_v3; /* as v3 does, where that differs */
  size_t name_v3_len;
  const hl_shape *shape;
  unsigned flags;
  const char *empty_hint; /* HL_NOT_EMPTY: what to do instead */
  const char *printed;    /* the name as JSON, with its colon */
  const char *printed_v3;
};

/* The members of one object, at the most. */
#define HL_MEMBERS_MAX 20

extern const hl_shape hl_contact_shape;

/* The spelling that goes over the wire. */
const char *hl_member_name (const hl_member *m, hl_version version);

/* The same as JSON, with quotes and colon. */
static inline const char *hl_member_printed (const hl_member *m,
                                             hl_version version, size_t *len) {
  bool v3 = version == HL_V3 && m->name_v3 != NULL;

  *len = (v3 ? m->name_v3_len : m->name_len) + 3;
  return v3 ? m->printed_v3 : m->printed;
}

/* Are `len` bytes the same? Names are short: the first and the last few of them
** overlap, and leave none out up to twice as many. */
static inline bool hl_same_name (const char *a, const char *b, size_t len) {
  uint64_t first[2], last[2];
  uint32_t few[4];

  if (len > 2 * sizeof(*first))
    return memcmp(a, b, len) == 0;
  if (len >= sizeof(*first)) {
    memcpy(&first[0], a, sizeof(*first));
    memcpy(&first[1], b, sizeof(*first));
    memcpy(&last[0], a + len - sizeof(*last), sizeof(*last));
    memcpy(&last[1], b + len - sizeof(*last), sizeof(*last));
    return first[0] == first[1] && last[0] == last[1];
  }
  if (len < sizeof(*few))
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] &&
                        a[len - 1] == b[len - 1]);
  memcpy(&few[0], a, sizeof(*few));
  memcpy(&few[1], b, sizeof(*few));
  memcpy(&few[2], a + len - sizeof(*few), sizeof(*few));
  memcpy(&few[3], b + len - sizeof(*few), sizeof(*few));
  return few[0] == few[1] && few[2] == few[3];
}

/* The member of that name in either spelling; or NULL. */
static inline const hl_member *hl_member_find (const hl_shape *shape,
                                               const char *name, size_t len) {
  const hl_member *m;

  for (m = shape->members; m->name != NULL; m++)
    if (m->name_len == len && hl_same_name(m->name, name, len))
      return m;
  for (m = shape->members; m->name != NULL; m++)
    if (m->name_v3 != NULL && m->name_v3_len == len &&
        hl_same_name(m->name_v3, name, len))
      return m;
  return NULL;
}

/* What to say about a name that `shape` does not have: a hint, or the member
** it resembles most, or NULL for neither. */
const char *hl_member_hint (const hl_shape *shape, const char *name);
const char *hl_member_nearest (const hl_shape *shape, const char *name,
                               hl_version version);

/* One type of custom field: what values it takes. */
typedef enum hl_custom_value {
  HL_CUSTOM_TEXT = 1,
  HL_CUSTOM_NUMBER = 2,
  HL_CUSTOM_TEXTS = 4,
  HL_CUSTOM_FILES = 8
} hl_custom_value;

typedef struct hl_custom_type {
  const char *name; /* HighLevel's `dataType` */
  hl_custom_value takes;
} hl_custom_type;

/* The nine of the API document, ending with a NULL name. */
extern const hl_custom_type hl_custom_types[];

/* All that any of them takes, as a set of hl_custom_value. */
unsigned hl_custom_accepted (void);

#endif
