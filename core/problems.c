/*
** problems.c: what is wrong with an update, and where.
*/
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 4096
#define KEY_SHOWN 60

static bool is_letter (char c) {
  return (hl_lower(c) >= 'a' && hl_lower(c) <= 'z') || c == '_';
}

static bool is_plain (const char *key, size_t len) {
  size_t i;

  if (len == 0 || len > KEY_SHOWN || !is_letter(key[0]))
    return false;
  for (i = 1; i < len; i++)
    if (!is_letter(key[i]) && !hl_is_digit(key[i]) && key[i] != '-')
      return false;
  return true;
}

bool hl_path_print (hl_text *out, const hl_path *path) {
  size_t len;

  if (path == NULL || path->up == NULL)
    return !out->failed;
  hl_path_print(out, path->up);
  if (path->key == NULL)
    return hl_text_printf(out, "[%zu]", path->index);
  len = path->key_len == HL_PATH_STRLEN ? strlen(path->key) : path->key_len;
  if (is_plain(path->key, len)) {
    if (out->len > 0)
      hl_text_putc(out, '.');
    return hl_text_add(out, path->key, len);
  }
  hl_text_putc(out, '[');
  hl_text_quote(out, path->key, len, KEY_SHOWN);
  return hl_text_putc(out, ']');
}

void hl_problems_init (hl_problems *p) {
  memset(p, 0, sizeof(*p));
}

void hl_messages_free (const hl_message *list, size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    free((void *)(uintptr_t)list[i].path);
    free((void *)(uintptr_t)list[i].text);
  }
  free((void *)(uintptr_t)list);
}

void hl_problems_keep (hl_problems *p, size_t n) {
  for (; p->n > n; p->n--) {
    free((void *)(uintptr_t)p->list[p->n - 1].path);
    free((void *)(uintptr_t)p->list[p->n - 1].text);
  }
}

void hl_problems_free (hl_problems *p) {
  hl_messages_free(p->list, p->n);
  hl_problems_init(p);
}

static bool grow (hl_problems *p) {
  size_t room = p->room == 0 ? 4 : p->room * 2;
  hl_message *list;

  if (p->n < p->room)
    return true;
  list = realloc(p->list, room * sizeof(*list));
  if (list == NULL)
    return false;
  p->list = list;
  p->room = room;
  return true;
}

/* One more, which is only counted? There may be millions. */
static bool is_full (hl_problems *p) {
  if (p->n < HL_PROBLEMS_MAX)
    return false;
  p->dropped++;
  return true;
}

void hl_problems_add (hl_problems *p, const char *path, const char *text) {
  hl_text whole;
  char *copy = NULL;
  bool placed = path != NULL && *path != '\0';

  if (is_full(p))
    return;
  hl_text_init(&whole, HL_TEXT_MAX);
  if (placed) {
    hl_text_printf(&whole, "%s: ", path);
    copy = hl_strdup(path);
  }
  hl_text_puts(&whole, text);
  if (whole.failed || (placed && copy == NULL) || !grow(p)) {
    p->failed = true;
    free(copy);
    hl_text_free(&whole);
    return;
  }
  p->list[p->n].path = copy;
  p->list[p->n].text = hl_text_take(&whole);
  p->n++;
}

void hl_problems_at (hl_problems *p, const hl_path *path, const char *fmt,
                     ...) {
  hl_text where, what;
  va_list ap;

  if (is_full(p))
    return;
  hl_text_init(&where, PATH_MAX_BYTES);
  hl_text_init(&what, HL_TEXT_MAX);
  va_start(ap, fmt);
  hl_text_vprintf(&what, fmt, ap);
  va_end(ap);
  hl_path_print(&where, path);
  if (what.failed || where.failed)
    p->failed = true;
  else
    hl_problems_add(p, where.bytes, what.bytes);
  hl_text_free(&where);
  hl_text_free(&what);
}

/* Numbers within the paths count as numbers. */
static int compare (const void *a, const void *b) {
  const char *x = ((const hl_message *)a)->path;
  const char *y = ((const hl_message *)b)->path;

  if (x == NULL || y == NULL)
    return (x != NULL) - (y != NULL);
  while (*x != '\0' && *x == *y) {
    if (*x == '[' && hl_is_digit(x[1]) && hl_is_digit(y[1])) {
      char *x_end, *y_end;
      unsigned long i = strtoul(x + 1, &x_end, 10);
      unsigned long j = strtoul(y + 1, &y_end, 10);
      if (i != j)
        return i < j ? -1 : 1;
      x = x_end;
      y = y_end;
    } else {
      x++;
      y++;
    }
  }
  return (unsigned char)*x - (unsigned char)*y;
}

void hl_problems_sort (hl_problems *p) {
  if (p->n > 1)
    qsort(p->list, p->n, sizeof(*p->list), compare);
}
