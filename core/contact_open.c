/*
** contact_open.c: values of which the schema says nothing but that they are
** JSON.
*/
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contact.h"
#include "contact_walk.h"

/*------------------------------------------------------------------ order */

void hl_members_init (hl_members *m) {
  m->list = m->few;
  m->n = 0;
  m->room = HL_FEW;
}

void hl_members_free (hl_members *m) {
  if (m->list != m->few)
    free(m->list);
}

void hl_members_add (hl_walk *w, hl_members *m, const cJSON *item) {
  const cJSON **list;

  if (m->n == m->room) {
    list = malloc(m->room * 2 * sizeof(*list));
    if (list == NULL) {
      w->problems->failed = true;
      return;
    }
    memcpy(list, m->list, m->n * sizeof(*list));
    hl_members_free(m);
    m->list = list;
    m->room *= 2;
  }
  m->list[m->n++] = item;
}

static int by_name (const void *a, const void *b) {
  const cJSON *const *x = a;
  const cJSON *const *y = b;

  return strcmp((*x)->string, (*y)->string);
}

void hl_members_sort (hl_members *m) {
  size_t i, j;

  if (m->n > HL_FEW) {
    qsort(m->list, m->n, sizeof(*m->list), by_name);
    return;
  }
  for (i = 1; i < m->n; i++) { /* by insertion: they are few */
    const cJSON *item = m->list[i];
    for (j = i; j > 0 && by_name(&m->list[j - 1], &item) > 0; j--)
      m->list[j] = m->list[j - 1];
    m->list[j] = item;
  }
}

/*------------------------------------------------------------ plain JSON */

bool hl_walk_complain_utf8 (hl_walk *w, const char *s, size_t good,
                            const hl_path *path, const char *what) {
  hl_problems_at(w->problems, path,
                 "%s is not UTF-8 (byte %zu is 0x%02X): convert it first", what,
                 good + 1, (unsigned)(unsigned char)s[good]);
  return false;
}

bool hl_walk_is_utf8 (hl_walk *w, const char *s, size_t len,
                      const hl_path *path, const char *what) {
  size_t good = hl_utf8_check(s, len);

  return good == len || hl_walk_complain_utf8(w, s, good, path, what);
}

bool hl_walk_is_good_name (hl_walk *w, const hl_path *path) {
  if (memchr(path->key, '\0', path->key_len) == NULL)
    return hl_walk_is_utf8(w, path->key, path->key_len, path, "this name");
  hl_problems_at(w->problems, path, "a name with a NUL byte in it");
  return false;
}

bool hl_walk_name (hl_walk *w, const hl_path *path) {
  if (!hl_walk_is_good_name(w, path))
    return false;
  hl_json_print_comma(w->out);
  hl_json_print_text(w->out, path->key, path->key_len);
  hl_text_putc(w->out, ':');
  return true;
}

static int depth_of (const hl_path *path) {
  int depth = 1;

  for (; path->up != NULL; path = path->up)
    depth++;
  return depth;
}

bool hl_walk_is_shallow (hl_walk *w, const hl_path *path) {
  if (depth_of(path) <= HL_DEPTH_OUT)
    return true;
  hl_problems_at(w->problems, path, "nested deeper than %d levels",
                 HL_DEPTH_OUT);
  return false;
}

static bool is_finite (hl_walk *w, const cJSON *item, const hl_path *path) {
  double d = item->valuedouble;

  if (isfinite(d))
    return true;
  hl_problems_at(w->problems, path, "%s is no number that JSON can carry",
                 isnan(d) ? "NaN" : "infinity");
  return false;
}

bool hl_walk_is_good_raw (hl_walk *w, const cJSON *item, const hl_path *path) {
  const char *s = item->valuestring;
  hl_json_fault fault = {NULL, 0};
  cJSON *parsed;
  bool good;

  if (!hl_walk_is_utf8(w, s, strlen(s), path, "the text"))
    return false;
  parsed = hl_json_parse(s, strlen(s), &fault);
  good =
      parsed != NULL && (hl_json_is_number(parsed) || hl_json_is_text(parsed));
  if (parsed == NULL && fault.what == NULL)
    w->problems->failed = true;
  else if (!good)
    hl_problems_at(w->problems, path,
                   "raw JSON must be one number or one text");
  cJSON_Delete(parsed);
  return good;
}

static void open_list (hl_walk *w, const cJSON *list, const hl_path *path) {
  const cJSON *child;
  size_t i = 0;

  hl_text_putc(w->out, '[');
  for (child = list->child; child != NULL; child = child->next) {
    hl_path at = hl_path_index(path, ++i);
    hl_json_print_comma(w->out);
    hl_walk_open(w, child, &at);
  }
  hl_text_putc(w->out, ']');
}

static void open_object (hl_walk *w, const cJSON *object, const hl_path *path) {
  const cJSON *child;
  hl_members m;
  size_t i;

  hl_members_init(&m);
  for (child = object->child; child != NULL; child = child->next)
    hl_members_add(w, &m, child);
  hl_members_sort(&m);
  hl_text_putc(w->out, '{');
  for (i = 0; i < m.n; i++) {
    hl_path at = hl_path_key(path, m.list[i]);
    if (hl_walk_name(w, &at))
      hl_walk_open(w, m.list[i], &at);
  }
  hl_text_putc(w->out, '}');
  hl_members_free(&m);
}

/* Anything goes, as long as it is JSON. */
void hl_walk_open (hl_walk *w, const cJSON *item, const hl_path *path) {
  switch (item->type & 0xFF) {
  case cJSON_String:
    hl_walk_text(w, item, path);
    break;
  case cJSON_Object:
    if (hl_walk_is_shallow(w, path))
      open_object(w, item, path);
    break;
  case cJSON_Array:
    if (hl_walk_is_shallow(w, path))
      open_list(w, item, path);
    break;
  case cJSON_Number:
    if (is_finite(w, item, path))
      hl_json_print(w->out, item);
    break;
  case cJSON_Raw:
    if (hl_walk_is_good_raw(w, item, path))
      hl_json_print(w->out, item);
    break;
  default:
    hl_json_print(w->out, item);
  }
}
