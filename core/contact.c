/*
** contact.c: is this update right, and what is its body?
**
** One walk down the document, led by the schema, with the place kept on the C
** stack. What the schema does not know (files of a custom field, unknown
** names let through) is checked for being JSON at all.
*/
#include "contact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "country.h"
#include "date.h"
#include "json.h"

#define QUOTED_MAX 40
#define FEW 24 /* members that are sorted without asking for memory */

typedef struct walk {
  hl_version version;
  bool lax;
  hl_problems *problems;
} walk;

static void check (walk *w, const hl_member *m, cJSON *item,
                   const hl_path *path);
static void check_open (walk *w, cJSON *item, const hl_path *path);

static hl_path path_key (const hl_path *up, const char *key) {
  return (hl_path){up, key, HL_PATH_STRLEN, 0};
}

static hl_path path_index (const hl_path *up, size_t index) {
  return (hl_path){up, NULL, 0, index};
}

static int depth_of (const hl_path *path) {
  int depth = 1;

  for (; path->up != NULL; path = path->up)
    depth++;
  return depth;
}

/* A caller's value within a sentence: quoted, cut, without line ends. */
typedef struct quoted {
  char text[QUOTED_MAX + 8];
} quoted;

static quoted quote (const char *s) {
  quoted q;
  hl_text t;

  hl_text_init(&t, sizeof(q.text) - 1);
  hl_text_quote(&t, s, strlen(s), QUOTED_MAX);
  snprintf(q.text, sizeof(q.text), "%s", t.failed ? "this" : t.bytes);
  hl_text_free(&t);
  return q;
}

/*------------------------------------------------------------------ order */

static int by_name (const void *a, const void *b) {
  const cJSON *const *x = a;
  const cJSON *const *y = b;

  return strcmp((*x)->string, (*y)->string);
}

/* An object's members by name. */
static void put_in_order (walk *w, cJSON *object) {
  cJSON *few[FEW], **list = few, *child;
  size_t n = 0, i;

  for (child = object->child; child != NULL; child = child->next)
    n++;
  if (n < 2)
    return;
  if (n > FEW && (list = malloc(n * sizeof(*list))) == NULL) {
    w->problems->failed = true;
    return;
  }
  for (child = object->child, i = 0; i < n; child = child->next)
    list[i++] = child;
  qsort(list, n, sizeof(*list), by_name);
  object->child = list[0];
  for (i = 0; i < n; i++) {
    list[i]->prev = list[i > 0 ? i - 1 : n - 1];
    list[i]->next = i + 1 < n ? list[i + 1] : NULL;
  }
  if (list != few)
    free(list);
}

/*------------------------------------------------------------ plain JSON */

static bool is_utf8 (walk *w, const char *s, const hl_path *path,
                     const char *what) {
  size_t len = strlen(s), good = hl_utf8_check(s, len);

  if (good == len)
    return true;
  hl_problems_at(w->problems, path,
                 "%s is not UTF-8 (byte %zu is 0x%02X): convert it first", what,
                 good + 1, (unsigned)(unsigned char)s[good]);
  return false;
}

static bool is_deep (walk *w, const cJSON *item, const hl_path *path) {
  if (!(hl_json_is(item, cJSON_Object) || hl_json_is(item, cJSON_Array)) ||
      depth_of(path) <= HL_DEPTH_OUT)
    return false;
  hl_problems_at(w->problems, path, "nested deeper than %d levels",
                 HL_DEPTH_OUT);
  return true;
}

static bool is_finite (walk *w, const cJSON *item, const hl_path *path) {
  double d = item->valuedouble;

  if (!hl_json_is(item, cJSON_Number) || isfinite(d))
    return true;
  hl_problems_at(w->problems, path, "%s is no number that JSON can carry",
                 isnan(d) ? "NaN" : "infinity");
  return false;
}

/* Is this node's JSON text a number or a text, and nothing more? */
static bool is_good_raw (walk *w, const cJSON *item, const hl_path *path) {
  const char *s = item->valuestring;
  hl_json_fault fault = {NULL, 0};
  cJSON *parsed;
  bool good;

  if (!hl_json_is(item, cJSON_Raw))
    return true;
  if (!is_utf8(w, s, path, "the text"))
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

static void check_open_children (walk *w, cJSON *parent, const hl_path *path) {
  cJSON *child;
  size_t i = 0;

  if (hl_json_is(parent, cJSON_Object))
    put_in_order(w, parent);
  for (child = parent->child; child != NULL; child = child->next) {
    hl_path at = child->string != NULL ? path_key(path, child->string)
                                       : path_index(path, ++i);
    if (child->string != NULL && !is_utf8(w, child->string, &at, "this name"))
      continue;
    check_open(w, child, &at);
  }
}

/* Anything goes, as long as it is JSON. */
static void check_open (walk *w, cJSON *item, const hl_path *path) {
  if (is_deep(w, item, path) || !is_finite(w, item, path) ||
      !is_good_raw(w, item, path))
    return;
  if (hl_json_is(item, cJSON_String))
    is_utf8(w, item->valuestring, path, "the text");
  else if (hl_json_is(item, cJSON_Object) || hl_json_is(item, cJSON_Array))
    check_open_children(w, item, path);
}

/*------------------------------------------------------------------ texts */

static void check_text (walk *w, const hl_member *m, const cJSON *item,
                        const hl_path *path) {
  const char *s = item->valuestring;

  if (!is_utf8(w, s, path, "the text"))
    return;
  if ((m->flags & HL_NOT_EMPTY) != 0 && *s == '\0')
    hl_problems_at(w->problems, path, "is empty; %s", m->empty_hint);
  if ((m->flags & HL_ZONE) == 0)
    return;
  while (hl_is_digit(*s) || (hl_lower(*s) >= 'a' && hl_lower(*s) <= 'z') ||
         (*s != '\0' && strchr("/_+-", *s) != NULL))
    s++;
  if (*s != '\0' || item->valuestring[0] == '\0')
    hl_problems_at(w->problems, path,
                   "%s is no time zone; write it like America/Chicago",
                   quote(item->valuestring).text);
}

static void check_choice (walk *w, const hl_shape *shape, const cJSON *item,
                          const hl_path *path) {
  hl_text list;
  const char *const *c = shape->choices;
  bool text = hl_json_is(item, cJSON_String);

  for (; *c != NULL; c++)
    if (text && strcmp(*c, item->valuestring) == 0)
      return;
  hl_text_init(&list, HL_TEXT_MAX);
  hl_text_printf(&list, "\"%s\"", shape->choices[0]);
  for (c = shape->choices + 1; *c != NULL; c++)
    hl_text_printf(&list, "%s\"%s\"", c[1] == NULL ? " or " : ", ", *c);
  if (list.failed)
    w->problems->failed = true;
  else
    hl_problems_at(w->problems, path, "must be %s, not %s", list.bytes,
                   text ? quote(item->valuestring).text
                        : hl_json_type_name(item));
  hl_text_free(&list);
}

static void check_date (walk *w, cJSON *item, const hl_path *path) {
  char date[11];
  const char *why = hl_date_normalize(item->valuestring, date);

  if (why == NULL) {
    if (!hl_json_set_string(item, date))
      w->problems->failed = true;
  } else {
    hl_problems_at(w->problems, path, "%s: %s", quote(item->valuestring).text,
                   why);
  }
}

static void check_country (walk *w, const cJSON *item, const hl_path *path) {
  const char *code, *other;
  size_t row = 0;

  if (hl_country_is_code(item->valuestring))
    return;
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
                   quote(item->valuestring).text);
}

/*---------------------------------------------------- lists and objects */

static void check_list (walk *w, const hl_shape *shape, cJSON *list,
                        const hl_path *path) {
  const hl_member element = {.name = "", .shape = shape->item};
  cJSON *child;
  size_t i = 0;

  for (child = list->child; child != NULL; child = child->next) {
    hl_path at = path_index(path, ++i);
    check(w, &element, child, &at);
  }
}

/* True if it could say what the name should have been. */
static bool complain_unknown (walk *w, const hl_shape *shape, const char *name,
                              const hl_path *path) {
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
  cJSON *items[HL_MEMBERS_MAX]; /* at their members' places */
  bool misspelt; /* a name stands for a member that is missing, perhaps */
} seen;

static void check_unknown (walk *w, const hl_shape *shape, cJSON *item,
                           const hl_path *path, seen *s) {
  if (!is_utf8(w, item->string, path, "this name"))
    return;
  if (w->lax)
    check_open(w, item, path);
  else if (complain_unknown(w, shape, item->string, path))
    s->misspelt = true;
}

static void complain_twice (walk *w, const cJSON *first, const cJSON *again,
                            const hl_path *path) {
  bool same = strcmp(first->string, again->string) == 0;

  hl_problems_at(w->problems, path, "is given twice%s%s%s; keep one",
                 same ? "" : " (also as ", same ? "" : first->string,
                 same ? "" : ")");
}

/* Known members to their places in `s`; the others stay, by name. */
static void sort_out (walk *w, const hl_shape *shape, cJSON *object,
                      const hl_path *path, seen *s) {
  cJSON *child = object->child, *next;
  cJSON rest = {0}; /* a list of the others */

  for (; child != NULL; child = next) {
    const hl_member *m = hl_member_find(shape, child->string);
    size_t place = m != NULL ? (size_t)(m - shape->members) : 0;
    next = child->next;
    child->next = NULL;
    if (m != NULL && s->items[place] == NULL) {
      s->items[place] = child;
      continue;
    }
    if (m != NULL) {
      hl_path at;
      if (strcmp(child->string, s->items[place]->string) < 0) {
        cJSON *earlier = child; /* by name, whatever order a table has */
        child = s->items[place];
        s->items[place] = earlier;
      }
      at = path_key(path, child->string);
      complain_twice(w, s->items[place], child, &at);
    }
    hl_json_append(&rest, NULL, child);
  }
  object->child = rest.child;
  put_in_order(w, object);
}

/* The members in front of the others again, in the schema's order. */
static void put_back (walk *w, const hl_shape *shape, cJSON *object,
                      const seen *s) {
  cJSON all = {0}, *rest = object->child, *next;
  const hl_member *m;

  for (m = shape->members; m->name != NULL; m++) {
    cJSON *item = s->items[m - shape->members];
    if (item == NULL)
      continue;
    hl_json_rename(item, hl_member_name(m, w->version));
    hl_json_append(&all, NULL, item);
  }
  for (; rest != NULL; rest = next) {
    next = rest->next;
    hl_json_append(&all, NULL, rest);
  }
  object->child = all.child;
}

static void check_missing (walk *w, const hl_shape *shape, const hl_path *path,
                           const seen *s) {
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

static void check_object (walk *w, const hl_shape *shape, cJSON *object,
                          const hl_path *path) {
  seen s = {{NULL}, false};
  const hl_member *m;
  cJSON *child;

  sort_out(w, shape, object, path, &s);
  for (m = shape->members; m->name != NULL; m++) {
    cJSON *item = s.items[m - shape->members];
    if (item != NULL) {
      hl_path at = path_key(path, item->string);
      check(w, m, item, &at);
    }
  }
  for (child = object->child; child != NULL; child = child->next) {
    hl_path at = path_key(path, child->string);
    if (hl_member_find(shape, child->string) == NULL)
      check_unknown(w, shape, child, &at, &s);
  }
  put_back(w, shape, object, &s);
  if (!s.misspelt)
    check_missing(w, shape, path, &s);
}

/*---------------------------------------------------------- custom fields */

/* What a field of type MONETORY is often sent by mistake. */
static bool is_amount (const cJSON *object) {
  return cJSON_GetObjectItem(object, "currency") != NULL &&
         cJSON_GetObjectItem(object, "value") != NULL;
}

static void check_custom_list (walk *w, cJSON *list, const hl_path *path) {
  cJSON *child;
  size_t i = 0;

  for (child = list->child; child != NULL; child = child->next) {
    hl_path at = path_index(path, ++i);
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
    else
      check_open(w, child, &at);
  }
}

static void check_custom (walk *w, const hl_shape *shape, cJSON *item,
                          const hl_path *path) {
  unsigned accepted = hl_custom_accepted();

  if (hl_json_is_text(item) && (accepted & HL_CUSTOM_TEXT) != 0)
    check_open(w, item, path);
  else if (hl_json_is_number(item) && (accepted & HL_CUSTOM_NUMBER) != 0)
    is_finite(w, item, path);
  else if (hl_json_is(item, cJSON_Array) && (accepted & HL_CUSTOM_TEXTS) != 0)
    check_custom_list(w, item, path);
  else if (hl_json_is(item, cJSON_Object) && is_amount(item))
    hl_problems_at(w->problems, path,
                   "an amount of money is sent as a bare number, like 100.5");
  else if (hl_json_is(item, cJSON_Object) && (accepted & HL_CUSTOM_FILES) != 0)
    check_open(w, item, path);
  else
    hl_problems_at(w->problems, path, "must be %s, not %s%s", shape->what,
                   hl_json_type_name(item),
                   cJSON_IsBool(item)
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
    return hl_json_is(item, cJSON_String);
  case HL_SHAPE_BOOLEAN:
    return cJSON_IsBool(item);
  case HL_SHAPE_LIST:
    return hl_json_is(item, cJSON_Array);
  case HL_SHAPE_OBJECT:
    return hl_json_is(item, cJSON_Object);
  default: /* these say themselves what they take */
    return true;
  }
}

static void complain_type (walk *w, const hl_shape *shape, const cJSON *item,
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

static void check (walk *w, const hl_member *m, cJSON *item,
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
    return;
  }
  if (!is_good_raw(w, item, path))
    return;
  if (hl_json_is_shapeless(item) && shape->type == HL_SHAPE_LIST)
    item->type = (item->type & ~0xFF) | cJSON_Array;
  if (!has_type(shape, item)) {
    complain_type(w, shape, item, path);
    return;
  }
  if (is_deep(w, item, path))
    return;
  switch (shape->type) {
  case HL_SHAPE_TEXT:
    check_text(w, m, item, path);
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
    break;
  }
}

void hl_contact_prepare (cJSON *document, hl_version version, bool lax,
                         hl_problems *problems) {
  walk w = {version, lax, problems};
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
}
