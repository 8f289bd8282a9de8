/*
** json_token.h: JSON text as a flat list of tokens.
**
** Reading happens once, here; a cJSON tree (json_tree.c) or Lua values are
** then made of the tokens without a look at the grammar. The text itself stays
** as it is: a token says where its bytes are.
*/
#ifndef HL_JSON_TOKEN_H
#define HL_JSON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nesting accepted in an answer; real ones have five levels. */
#define HL_JSON_DEPTH_IN 128

typedef enum hl_json_token_type {
  HL_TOKEN_NULL,
  HL_TOKEN_FALSE,
  HL_TOKEN_TRUE,
  HL_TOKEN_INTEGER, /* `integer` */
  HL_TOKEN_NUMBER,  /* `number`; not finite if the text was beyond double */
  HL_TOKEN_DIGITS,  /* an integer of more than 64 bits: `len` bytes at `text` */
  HL_TOKEN_TEXT,    /* `len` bytes at `text` */
  HL_TOKEN_ESCAPED, /* the same, with escapes yet to be undone */
  HL_TOKEN_LIST,    /* `len` values follow */
  HL_TOKEN_OBJECT   /* pairs of a text and a value follow, `len` not null */
} hl_json_token_type;

typedef struct hl_json_token {
  hl_json_token_type type;
  uint32_t len;
  union {
    int64_t integer;
    double number;
    const char *text;
    size_t span; /* of a list or object: its tokens, itself included */
  } as;
} hl_json_token;

/* Start from {0}. */
typedef struct hl_json_tokens {
  hl_json_token *list;
  size_t n;
  size_t room;
  int depth; /* levels of lists and objects */
} hl_json_tokens;

typedef struct hl_json_fault {
  const char *what; /* "a comma or ] is missing", ...; NULL: out of memory */
  size_t offset;    /* bytes before the spot */
} hl_json_fault;

/*
** Read one JSON text as RFC 8259 has it; a byte order mark before it is passed
** over. `text[len]` must be NUL, and the text must outlive the tokens. False:
** see `fault`.
*/
bool hl_json_tokens_read (hl_json_tokens *tokens, const char *text, size_t len,
                          hl_json_fault *fault);

void hl_json_tokens_free (hl_json_tokens *tokens);

/* Append one to a list that was read. NULL: out of memory. */
hl_json_token *hl_json_tokens_add (hl_json_tokens *tokens,
                                   hl_json_token_type type);

/* The value of that name in the object at `t`, the first of several; or NULL.
** NULL as well if `t` is no object. */
const hl_json_token *hl_json_token_member (const hl_json_token *t,
                                           const char *name);

/* The next one of that name, after the value `t` of a member of `object`. */
const hl_json_token *hl_json_token_member_after (const hl_json_token *object,
                                                 const hl_json_token *t,
                                                 const char *name);

/* The token after this value. */
static inline const hl_json_token *hl_json_token_next (const hl_json_token *t) {
  return t + (t->type >= HL_TOKEN_LIST ? t->as.span : 1);
}

static inline bool hl_json_token_is_text (const hl_json_token *t) {
  return t->type == HL_TOKEN_TEXT || t->type == HL_TOKEN_ESCAPED;
}

/*
** Write a text's bytes to `to` and say how many; they are never more than its
** `len`, so `to` may be where the token points. Half a surrogate pair becomes
** U+FFFD.
*/
size_t hl_json_token_copy (char *to, const hl_json_token *t);

#endif
