/*
** list.h: doubly linked lists whose links are members of what they hold.
**
** A list is a link of its own, joined to itself while empty. Something that
** is in no list has a link joined to itself as well, so taking it out of its
** list, whichever that is, always works.
*/
#ifndef HL_LIST_H
#define HL_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hl_link {
  struct hl_link *next;
  struct hl_link *prev;
} hl_link;

/* What the link is a member of. */
#define HL_HOLDER(link, type, member)                                          \
  ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void hl_list_init (hl_link *list) {
  list->next = list;
  list->prev = list;
}

static inline bool hl_list_is_empty (const hl_link *list) {
  return list->next == list;
}

/* Put `item`, which is in no list, before `place`; a list is its own end. */
static inline void hl_list_put (hl_link *place, hl_link *item) {
  item->next = place;
  item->prev = place->prev;
  place->prev->next = item;
  place->prev = item;
}

static inline void hl_list_take (hl_link *item) {
  item->prev->next = item->next;
  item->next->prev = item->prev;
  hl_list_init(item);
}

#endif
