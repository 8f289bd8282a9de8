/*
** json.c: any bytes into the JSON reader, and what it read out of the printer.
**
** What RFC 8259 allows is accepted, and nothing else; what was printed is
** read as the same; cJSON, where it is able to, sees in it what we see.
*/
#include "json.h"

#include <float.h>
#include <math.h>

#include "bytes.h"
#include "strict.h"
#include "tokens.h"

#define CJSON_NUMBER 63 /* it looks no further */

static bool print (hl_text *out, const cJSON *tree) {
  hl_text_init(out, HL_TEXT_MAX);
  return hl_json_print(out, tree);
}

/*----------------------------------------------------------------- reading */

static bool read_as_expected (hl_json_tokens *tokens, const char *text,
                              size_t len, strict *s) {
  bool bom = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
  bool good = strict_json(s, text + 3 * bom, len - 3 * bom);
  hl_json_fault fault = {NULL, SIZE_MAX};
  bool ok = hl_json_tokens_read(tokens, text, len, &fault);
  int deepest = 0;

  if (!ok) {
    claim(fault.what != NULL && fault.offset <= len);
    claim(!good || s->deepest > HL_JSON_DEPTH_IN);
    return false;
  }
  claim(good && s->deepest <= HL_JSON_DEPTH_IN);
  claim(tokens_walk(tokens->list, tokens->list + tokens->n, text, len, 0,
                    &deepest) == tokens->list + tokens->n);
  claim(deepest == tokens->depth && deepest == s->deepest);
  return true;
}

/*------------------------------------------------------- the same as cJSON */

static bool same_bytes (const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_number (double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

static double number_of (const cJSON *item) {
  return cJSON_IsRaw(item) ? strtod(item->valuestring, NULL)
                           : item->valuedouble;
}

static void same_tree (const cJSON *ours, const cJSON *theirs) {
  const cJSON *a, *b = theirs->child;

  if (cJSON_IsNumber(theirs))
    claim(hl_json_is_number(ours) &&
          same_number(number_of(ours), theirs->valuedouble));
  else
    claim((ours->type & 0xFF) == (theirs->type & 0xFF));
  if (cJSON_IsString(theirs))
    claim(same_bytes(ours->valuestring, theirs->valuestring));
  for (a = ours->child; a != NULL; a = a->next, b = b->next) {
    claim(b != NULL);
    claim(same_bytes(a->string, b->string));
    same_tree(a, b);
  }
  claim(b == NULL);
}

static void compare (const cJSON *ours, const char *text, size_t len,
                     const strict *s) {
  cJSON *theirs;

  if (s->surrogates || s->nul || s->longest > CJSON_NUMBER)
    return; /* it refuses half a pair, and ends a text at a NUL */
  theirs = cJSON_ParseWithLengthOpts(text, len + 1, NULL, 1);
  claim(theirs != NULL);
  same_tree(ours, theirs);
  cJSON_Delete(theirs);
}

/*---------------------------------------------------------- there and back */

static void there_and_back (const cJSON *tree) {
  hl_json_fault fault = {NULL, 0};
  hl_text once, twice;
  cJSON *again;
  strict s;

  claim(print(&once, tree));
  claim(strict_json(&s, once.bytes, once.len));
  again = hl_json_parse(once.bytes, once.len, &fault);
  claim(again != NULL);
  claim(print(&twice, again));
  claim(once.len == twice.len &&
        memcmp(once.bytes, twice.bytes, once.len) == 0);
  cJSON_Delete(again);
  hl_text_free(&once);
  hl_text_free(&twice);
}

/* Made where the text is, it is the same tree. */
static void in_place (const cJSON *tree, const char *text, size_t len) {
  char *own = bytes_copy(text, len);
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  hl_json_block block = {NULL, NULL, NULL};
  hl_json_fault fault;
  hl_text one, other;
  cJSON *there;

  claim(hl_json_tokens_read(&tokens, own, len, &fault));
  there = hl_json_tree_in_place(&block, &tokens);
  claim(there != NULL);
  claim(print(&one, tree) && print(&other, there));
  claim(one.len == other.len && memcmp(one.bytes, other.bytes, one.len) == 0);
  hl_text_free(&one);
  hl_text_free(&other);
  hl_json_block_free(&block);
  hl_json_tokens_free(&tokens);
  free(own);
}

static void document (const char *text, size_t len) {
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  hl_json_fault fault = {NULL, 0};
  cJSON *tree;
  strict s;

  if (read_as_expected(&tokens, text, len, &s)) {
    tree = hl_json_parse(text, len, &fault);
    claim(tree != NULL);
    compare(tree, text, len, &s);
    there_and_back(tree);
    in_place(tree, text, len);
    cJSON_Delete(tree);
  }
  hl_json_tokens_free(&tokens);
}

/*--------------------------------------------------------- texts, numbers */

/* Any bytes as a text: all that is UTF-8 comes back as it was. */
static void text_of_bytes (const char *bytes, size_t len) {
  hl_json_tokens tokens = {NULL, 0, 0, 0};
  hl_json_fault fault;
  hl_text out;
  size_t good;
  char *back;
  strict s;

  hl_text_init(&out, HL_TEXT_MAX);
  good = hl_json_print_text(&out, bytes, len);
  claim(good == hl_utf8_check(bytes, len));
  claim((good == len) == strict_utf8(bytes, len));
  claim(strict_utf8(bytes, good));
  if (good == len) {
    claim(strict_json(&s, out.bytes, out.len));
    claim(hl_json_tokens_read(&tokens, out.bytes, out.len, &fault));
    claim(tokens.n == 1 && hl_json_token_is_text(tokens.list));
    back = bytes_copy("", 0);
    back = realloc(back, (size_t)tokens.list[0].len + 1);
    claim(hl_json_token_copy(back, tokens.list) == len);
    claim(memcmp(back, bytes, len) == 0);
    free(back);
    hl_json_tokens_free(&tokens);
  }
  hl_text_free(&out);
}

/* Significant digits. */
static size_t digits_in (const char *s) {
  size_t n = 0, zeros = 0;

  for (; *s != '\0' && *s != 'e'; s++) {
    if (*s < '0' || *s > '9' || (*s == '0' && n == 0))
      continue;
    n++;
    zeros = *s == '0' ? zeros + 1 : 0;
  }
  return n - zeros;
}

/* Any double: what is printed reads back, and no shorter one does. */
static void number_of_bytes (const uint8_t *data) {
  char buf[HL_JSON_NUMBER_ROOM], shorter[64];
  size_t n;
  double d;
  strict s;

  memcpy(&d, data, sizeof(d));
  if (!isfinite(d))
    return;
  n = hl_json_format(buf, d);
  claim(n == strlen(buf) && n < sizeof(buf));
  claim(strict_json(&s, buf, n));
  claim(strtod(buf, NULL) == d);
  claim(signbit(strtod(buf, NULL)) == signbit(d));
  if (digits_in(buf) > 1 && fabs(d) < 9e15) {
    snprintf(shorter, sizeof(shorter), "%.*g", (int)digits_in(buf) - 1, d);
    claim(strtod(shorter, NULL) != d);
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *text = bytes_copy(data, size);

  document(text, size);
  text_of_bytes(text, size);
  if (size >= sizeof(double))
    number_of_bytes(data);
  free(text);
  return 0;
}
