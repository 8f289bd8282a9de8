/*
** contact.c: is this update right, and what is its body?
**
** One walk down the document, led by the schema, with the place kept on the C
** stack. It checks and prints at once; with a problem found, what was printed
** is not used. What the schema does not know (files of a custom field, unknown
** names let through) is checked for being JSON at all: contact_open.c.
*/
#include "contact.h"

#include <stdio.h>
#include <string.h>

#include "contact_walk.h"
#include "country.h"
#include "date.h"

#define QUOTED_MAX 40

static void check_any (hl_walk *w, const hl_member *m, const cJSON *item,
                       const hl_path *path);

/* A caller's value within a sentence: quoted, cut, without line ends. */
typedef struct quoted {
  char text[QUOTED_MAX + 8];
} quoted;

static quoted quote (const char *s, size_t len) {
  quoted q;
  hl_text t;

  hl_text_init(&t, sizeof(q.text) - 1);
  hl_text_quote(&t, s, len, QUOTED_MAX);
  snprintf(q.text, sizeof(q.text), "%s", t.failed ? "this" : t.bytes);
  hl_text_free(&t);
  return q;
}

/*------------------------------------------------------------------ texts */

static bool is_zone (const char *s, size_t len) {
  size_t i;

  for (i = 0; i < len; i++)
    if (!(hl_is_digit(s[i]) ||
          (hl_lower(s[i]) >= 'a' && hl_lower(s[i]) <= 'z') ||
          (s[i] != '\0' && strchr("/_+-", s[i]) != NULL)))
      return false;
  return len > 0;
}

/* What a text must be beside UTF-8. */
static void check_rules (hl_walk *w, const hl_member *m, const char *s,
                         size_t len, const hl_path *path) {
  if ((m->flags & HL_NOT_EMPTY) != 0 && len == 0)
    hl_problems_at(w->problems, path, "is empty; %s", m->empty_hint);
  if ((m->flags & HL_ZONE) != 0 && !is_zone(s, len))
    hl_problems_at(w->problems, path,
                   "%s is no time zone; write it like America/Chicago",
                   quote(s, len).text);
}

static inline void check_text (hl_walk *w, const hl_member *m,
                               const cJSON *item, const hl_path *path) {
  if (hl_walk_text(w, item, path) && (m->flags & (HL_NOT_EMPTY | HL_ZONE)) != 0)
    check_rules(w, m, item->valuestring, hl_json_text_len(item), path);
}

/* Inline for texts, as most are. */
static inline void check (hl_walk *w, const hl_member *m, const cJSON *item,
                          const hl_path *path) {
  if (hl_json_is(item, cJSON_String)) {
    if (m->shape->type == HL_SHAPE_TEXT) {
      check_text(w, m, item, path);
      return;
    }
    if (m->shape->type == HL_SHAPE_CUSTOM &&
        (w->custom & HL_CUSTOM_TEXT) != 0) {
      hl_walk_text(w, item, path);
      return;
    }
  }
  check_any(w, m, item, path);
}

/* A text that is JSON already, for the sake of a NUL byte in it. */
static void check_raw_text (hl_walk *w, const hl_member *m, const cJSON *item,
                            const hl_path *path) {
  hl_json_print(w->out, item);
  check_rules(w, m, item->valuestring, strlen(item->valuestring), path);
}

static void check_choice (hl_walk *w, const hl_shape *shape, const cJSON *item,
                          const hl_path *path) {
  hl_text list;
  const char *const *c = shape->choices;
  bool text = hl_json_is_plain_text(item);

  for (; *c != NULL; c++)
    if (text && strcmp(*c, item->valuestring) == 0) {
      hl_json_print_text(w->out, *c, strlen(*c));
      return;
    }
  hl_text_init(&list, HL_TEXT_MAX);
  hl_text_printf(&list, "\"%s\"", shape->choices[0]);
  for (c = shape->choices + 1; *c != NULL; c++)
    hl_text_printf(&list, "%s\"%s\"", c[1] == NULL ? " or " : ", ", *c);
  if (list.failed)
    w->problems->failed = true;
  else
    hl_problems_at(w->problems, path, "must be %s, not %s", list.bytes,
                   text ? quote(item->valuestring, hl_json_text_len(item)).text
                        : hl_json_type_name(item));
  hl_text_free(&list);
}

static void check_date (hl_walk *w, const cJSON *item, const hl_path *path) {
  char date[11];
  const char *why = hl_date_normalize(item->valuestring, date);

  if (why == NULL) {
    hl_json_print_text(w->out, date, sizeof(date) - 1);
  } else {
    hl_problems_at(w->problems, path, "%s: %s",
                   quote(item->valuestring, hl_json_text_len(item)).text, why);
  }
}

static void check_country (hl_walk *w, const cJSON *item, const hl_path *path) {
  const char *code, *other;
  size_t row = 0;

  if (hl_country_is_code(item->valuestring)) {
    hl_walk_text(w, item, path);
    return;
  }
  code = hl_country_find(item->valuestring, &row);
  other = code != NULL ? hl_country_find(item->valuestring, &row) : NULL;
  if (other != NULL)
    hl_problems_at(w->problems, path,
                   "write the two-letter code, which is \"%s\" or \"%s\"", code,
                   other);
  else if (code != NULL)
    hl_problems_at(w->problems, path, "write the two-letter code \"%s\"", code);
  else
    hl_problems_at(w->problems, path,
                   "%s is not a country code; write one like \"US\"",
                   quote(item->valuestring, hl_json_text_len(item)).text);
}

/*---------------------------------------------------- lists and objects */

static void check_list (hl_walk *w, const hl_shape *shape, const cJSON *list,
                        const hl_path *path) {
  const hl_member element = {.name = "", .shape = shape->item};
  const cJSON *child;
  size_t i = 0;

  hl_text_putc(w->out, '[');
  for (child = list->child; child != NULL; child = child->next) {
    hl_path at = hl_path_index(path, ++i);
    hl_json_print_comma(w->out);
    check(w, &element, child, &at);
  }
  hl_text_putc(w->out, ']');
}

/* True if it could say what the name should have been. */
static bool complain_unknown (hl_walk *w, const hl_shape *shape,
                              const char *name, const hl_path *path) {
  const char *hint = hl_member_hint(shape, name);
  const char *nearest =
      hint == NULL ? hl_member_nearest(shape, name, w->version) : NULL;

  if (hint != NULL)
    hl_problems_at(w->problems, path, "is not %s; %s", shape->noun, hint);
  else if (nearest != NULL)
    hl_problems_at(w->problems, path, "is not %s; did you mean %s?",
                   shape->noun, nearest);
  else
    hl_problems_at(w->problems, path,
                   "is not %s, and one unknown name fails the whole update "
                   "(strict = false lets it through)",
                   shape->noun);
  return hint != NULL || nearest != NULL;
}

/* What an object was seen to hold. */
typedef struct seen {
  const cJSON *items[HL_MEMBERS_MAX]; /* at their members' places */
  hl_members others;
} seen;

/* True if it was taken for a misspelt name. */
static bool check_unknown (hl_walk *w, const hl_shape *shape, const cJSON *item,
                           const hl_path *path) {
  if (w->lax) {
    if (hl_walk_name(w, path))
      hl_walk_open(w, item, path);
    return false;
  }
  return hl_walk_is_good_name(w, path) &&
         complain_unknown(w, shape, item->string, path);
}

static void complain_twice (hl_walk *w, const cJSON *first, const cJSON *again,
                            const hl_path *path) {
  bool same = strcmp(first->string, again->string) == 0;

  hl_problems_at(w->problems, path, "is given twice%s%s%s; keep one",
                 same ? "" : " (also as ", same ? "" : first->string,
                 same ? "" : ")");
}

/* A member that is there already: of two spellings the first by name is kept,
** whatever order a table has. */
static void take_again (hl_walk *w, const cJSON **kept, const cJSON *again,
                        const hl_path *path) {
  hl_path at;

  if (strcmp(again->string, (*kept)->string) < 0) {
    const cJSON *earlier = again;
    again = *kept;
    *kept = earlier;
  }
  at = hl_path_key(path, again);
  complain_twice(w, *kept, again, &at);
}

/* Known members to their places in `s`, the others by name. */
static void sort_out (hl_walk *w, const hl_shape *shape, const cJSON *object,
                      const hl_path *path, seen *s) {
  const hl_member *m;
  const cJSON *child;
  const cJSON **place;

  for (m = shape->members; m->name != NULL; m++)
    s->items[m - shape->members] = NULL;
  hl_members_init(&s->others);
  for (child = object->child; child != NULL; child = child->next) {
    m = hl_member_find(shape, child->string, hl_json_name_len(child));
    if (m == NULL) {
      hl_members_add(w, &s->others, child);
      continue;
    }
    place = &s->items[m - shape->members];
    if (*place == NULL)
      *place = child;
    else
      take_again(w, place, child, path);
  }
  if (s->others.n > 1)
    hl_members_sort(&s->others);
}

static void check_missing (hl_walk *w, const hl_shape *shape,
                           const hl_path *path, const seen *s) {
  const hl_member *m;
  bool identified = shape->identity == NULL;

  for (m = shape->members; m->name != NULL; m++) {
    bool there = s->items[m - shape->members] != NULL;
    if ((m->flags & HL_IDENTIFIES) != 0 && there)
      identified = true;
    if ((m->flags & HL_REQUIRED) != 0 && !there)
      hl_problems_at(w->problems, path, "has no %s, and it must",
                     hl_member_name(m, w->version));
  }
  if (!identified)
    hl_problems_at(w->problems, path, "%s", shape->identity);
}

static void print_known (hl_walk *w, const hl_member *m) {
  size_t len;
  const char *printed = hl_member_printed(m, w->version, &len);

  hl_json_print_comma(w->out);
  hl_text_add(w->out, printed, len);
}

/* The members in the schema's order, then the others. */
static void check_object (hl_walk *w, const hl_shape *shape,
                          const cJSON *object, const hl_path *path) {
  seen s;
  const hl_member *m;
  bool misspelt = false;
  unsigned absent = 0, present = 0; /* flags of members */
  size_t i;

  sort_out(w, shape, object, path, &s);
  hl_text_putc(w->out, '{');
  for (m = shape->members, i = 0; m->name != NULL; m++, i++) {
    if (s.items[i] == NULL) {
      absent |= m->flags;
    } else {
      hl_path at = hl_path_key(path, s.items[i]);
      present |= m->flags;
      print_known(w, m);
      check(w, m, s.items[i], &at);
    }
  }
  for (i = 0; i < s.others.n; i++) {
    hl_path at = hl_path_key(path, s.others.list[i]);
    misspelt |= check_unknown(w, shape, s.others.list[i], &at);
  }
  hl_text_putc(w->out, '}');
  hl_members_free(&s.others);
  if (misspelt) /* a name may stand for one that is missing */
    return;
  if ((absent & HL_REQUIRED) != 0 ||
      (shape->identity != NULL && (present & HL_IDENTIFIES) == 0))
    check_missing(w, shape, path, &s);
}

/*---------------------------------------------------------- custom fields */

/* What a field of type MONETORY is often sent by mistake. */
static bool is_amount (const cJSON *object) {
  return cJSON_GetObjectItem(object, "currency") != NULL &&
         cJSON_GetObjectItem(object, "value") != NULL;
}

static void check_custom_list (hl_walk *w, const cJSON *list,
                               const hl_path *path) {
  const cJSON *child;
  size_t i = 0;

  hl_text_putc(w->out, '[');
  for (child = list->child; child != NULL; child = child->next) {
    hl_path at = hl_path_index(path, ++i);
    if (hl_json_is_refused(child))
      continue;
    if (hl_json_is(child, cJSON_Object))
      hl_problems_at(w->problems, &at,
                     "a list holds texts only; files go into one object, each "
                     "under its uuid");
    else if (!hl_json_is_text(child))
      hl_problems_at(w->problems, &at,
                     "a list of a custom field holds texts, not %s",
                     hl_json_type_name(child));
    else {
      hl_json_print_comma(w->out);
      hl_walk_open(w, child, &at);
    }
  }
  hl_text_putc(w->out, ']');
}

static void check_custom (hl_walk *w, const hl_shape *shape, const cJSON *item,
                          const hl_path *path) {
  unsigned accepted = w->custom;

  if (hl_json_is_text(item) && (accepted & HL_CUSTOM_TEXT) != 0)
    hl_walk_open(w, item, path);
  else if (hl_json_is_number(item) && (accepted & HL_CUSTOM_NUMBER) != 0)
    hl_walk_open(w, item, path);
  else if (hl_json_is(item, cJSON_Array) && (accepted & HL_CUSTOM_TEXTS) != 0)
    check_custom_list(w, item, path);
  else if (hl_json_is(item, cJSON_Object) && is_amount(item))
    hl_problems_at(w->problems, path,
                   "an amount of money is sent as a bare number, like 100.5");
  else if (hl_json_is(item, cJSON_Object) && (accepted & HL_CUSTOM_FILES) != 0)
    hl_walk_open(w, item, path);
  else
    hl_problems_at(w->problems, path, "must be %s, not %s%s", shape->what,
                   hl_json_type_name(item),
                   hl_json_is_bool(item)
                       ? "; a checkbox takes a list of the texts ticked"
                       : "");
}

/*-------------------------------------------------------------- any value */

static bool has_type (const hl_shape *shape, const cJSON *item) {
  switch (shape->type) {
  case HL_SHAPE_TEXT:
    return hl_json_is_text(item);
  case HL_SHAPE_DATE:
  case HL_SHAPE_COUNTRY:
    return hl_json_is_plain_text(item);
  case HL_SHAPE_BOOLEAN:
    return hl_json_is_bool(item);
  case HL_SHAPE_LIST:
    return hl_json_is(item, cJSON_Array);
  case HL_SHAPE_OBJECT:
    return hl_json_is(item, cJSON_Object);
  default: /* these say themselves what they take */
    return true;
  }
}

static void complain_type (hl_walk *w, const hl_shape *shape, const cJSON *item,
                           const hl_path *path) {
  const char *advice = "";

  if (shape->type == HL_SHAPE_TEXT && hl_json_is_number(item))
    advice = "; put it in quotes";
  else if (shape->type == HL_SHAPE_BOOLEAN && hl_json_is(item, cJSON_String))
    advice = "; take the quotes off";
  else if (shape->type == HL_SHAPE_LIST && hl_json_is_text(item))
    advice = "; put it in braces, like { \"one\", \"two\" }";
  hl_problems_at(w->problems, path, "must be %s, not %s%s", shape->what,
                 hl_json_type_name(item), advice);
}

static void check_any (hl_walk *w, const hl_member *m, const cJSON *item,
                       const hl_path *path) {
  const hl_shape *shape = m->shape;

  if (hl_json_is_refused(item))
    return;
  if (hl_json_is(item, cJSON_NULL)) {
    if ((m->flags & HL_NULLABLE) == 0)
      hl_problems_at(w->problems, path, "cannot be null%s",
                     (m->flags & (HL_REQUIRED | HL_IDENTIFIES)) != 0
                         ? ""
                         : "; leave it out to keep what is there");
    hl_text_add(w->out, "null", 4);
    return;
  }
  if (hl_json_is(item, cJSON_Raw) && !hl_walk_is_good_raw(w, item, path))
    return;
  if (hl_json_is_shapeless(item) && shape->type == HL_SHAPE_LIST) {
    if (hl_walk_is_shallow(w, path))
      hl_text_add(w->out, "[]", 2);
    return;
  }
  if (!has_type(shape, item)) {
    complain_type(w, shape, item, path);
    return;
  }
  if ((hl_json_is(item, cJSON_Object) || hl_json_is(item, cJSON_Array)) &&
      !hl_walk_is_shallow(w, path))
    return;
  switch (shape->type) {
  case HL_SHAPE_TEXT: /* the others never come here */
    check_raw_text(w, m, item, path);
    break;
  case HL_SHAPE_CHOICE:
    check_choice(w, shape, item, path);
    break;
  case HL_SHAPE_DATE:
    check_date(w, item, path);
    break;
  case HL_SHAPE_COUNTRY:
    check_country(w, item, path);
    break;
  case HL_SHAPE_LIST:
    check_list(w, shape, item, path);
    break;
  case HL_SHAPE_OBJECT:
    check_object(w, shape, item, path);
    break;
  case HL_SHAPE_CUSTOM:
    check_custom(w, shape, item, path);
    break;
  default:
    hl_json_print(w->out, item);
  }
}

void hl_contact_print (const cJSON *document, hl_version version, bool lax,
                       hl_text *out, hl_problems *problems) {
  hl_walk w = {version, lax, problems, out, hl_custom_accepted()};
  const hl_member whole = {.name = "", .shape = &hl_contact_shape};
  const hl_path root = {NULL, NULL, 0, 0};

  if (hl_json_is(document, cJSON_Object) && document->child == NULL &&
      problems->n == 0) {
    hl_problems_add(problems, NULL,
                    "there is no field in this update; give at least one, as "
                    "every update may start workflows");
    return;
  }
  check(&w, &whole, document, &root);
}

void hl_contact_check_id (const char *id, size_t len, hl_problems *problems) {
  static const char where[] = "contact_id";
  size_t i;

  if (len == 0)
    hl_problems_add(problems, where, "is empty; give the contact's id");
  if ((len == 1 && id[0] == '.') || (len == 2 && memcmp(id, "..", 2) == 0))
    hl_problems_add(problems, where, "is a step in a path, not an id");
  for (i = 0; i < len; i++) {
    unsigned char c = (unsigned char)id[i];
    if (c == '/') {
      hl_problems_add(problems, where,
                      "holds a /; give the id alone, not a path or an address");
      return;
    }
    if (c < 0x20 || c == 0x7F) {
      hl_problems_add(problems, where,
                      "holds a control character (a line end, perhaps); trim "
                      "it first");
      return;
    }
  }
  if (hl_utf8_check(id, len) < len) /* an overlong slash is one to some */
    hl_problems_add(problems, where, "is not UTF-8: convert it first");
}
