/*
** tokens.h: do tokens that were read hang together?
*/
#ifndef HL_FUZZ_TOKENS_H
#define HL_FUZZ_TOKENS_H

#include "bytes.h"
#include "json_token.h"

/* Walk over one value as those do who make something of it, and say how deep
** it is. `text` is what all of it was read from; NULL: it was that and more. */
static inline const hl_json_token *tokens_walk (const hl_json_token *t,
                                                const hl_json_token *end,
                                                const char *text, size_t len,
                                                int depth, int *deepest) {
  const hl_json_token *next = t + 1, *last;
  uint32_t n = 0;

  claim(t < end);
  claim(t->type >= HL_TOKEN_NULL && t->type <= HL_TOKEN_OBJECT);
  if (text != NULL &&
      (t->type == HL_TOKEN_TEXT || t->type == HL_TOKEN_ESCAPED ||
       t->type == HL_TOKEN_DIGITS))
    claim(t->as.text >= text && t->as.text + t->len <= text + len);
  if (t->type < HL_TOKEN_LIST) {
    claim(hl_json_token_next(t) == next);
    return next;
  }
  *deepest = depth + 1 > *deepest ? depth + 1 : *deepest;
  claim(t->as.span <= (size_t)(end - t));
  last = t + t->as.span;
  while (next < last) {
    if (t->type == HL_TOKEN_OBJECT) {
      claim(hl_json_token_is_text(next));
      next = tokens_walk(next, last, text, len, depth + 1, deepest);
      claim(next < last);
    }
    n += t->type == HL_TOKEN_LIST || next->type != HL_TOKEN_NULL;
    next = tokens_walk(next, last, text, len, depth + 1, deepest);
  }
  claim(next == last);
  claim(n == t->len);
  claim(hl_json_token_next(t) == last);
  return last;
}

#endif
