/*
** contact.h: is this update right, and what is its body?
*/
#ifndef HL_CONTACT_H
#define HL_CONTACT_H

#include <cjson/cJSON.h>

#include "problems.h"
#include "schema.h"
#include "text.h"

/* Levels of nesting in a body; the body itself is the first. */
#define HL_DEPTH_OUT 32

/*
** Check `document` against the schema, adding every problem to `problems`,
** and append the body it is sent as to `out`: the version's spellings, known
** members in the API document's order and others by name, empty tables given
** their shape, dates as YYYY-MM-DD. `lax` lets unknown names through. With a
** problem found, what was appended is good for nothing.
*/
void hl_contact_print (const cJSON *document, hl_version version, bool lax,
                       hl_text *out, hl_problems *problems);

/* Non-empty, no '/', no control characters, not a step in a path. */
void hl_contact_check_id (const char *id, size_t len, hl_problems *problems);

#endif
