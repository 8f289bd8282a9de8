/*
** headers.c: the head of an answer, line by line as libcurl gives it.
**
** Held against a plain reading of the same lines: names have no case, of one
** said twice the last holds, and the order of different names means nothing.
*/
#include <ctype.h>
#include <curl/curl.h>

#include "answer.h"
#include "bytes.h"

#define LINES 24
#define LINE_ROOM 700
#define NOW ((time_t)1700000000)
#define COUNT_MAX (INT64_MAX / 1000)

static const char *const names[] = {"x-ratelimit-max",
                                    "x-ratelimit-remaining",
                                    "x-ratelimit-interval-milliseconds",
                                    "x-ratelimit-limit-daily",
                                    "x-ratelimit-daily-remaining",
                                    "retry-after",
                                    "content-type",
                                    "location"};
#define NAMES (COUNT(names))

typedef struct line {
  char text[LINE_ROOM];
  size_t len;
} line;

/*----------------------------------------------------------------- writing */

static void put (line *l, const char *s, size_t len) {
  size_t room = sizeof(l->text) - l->len;

  len = len < room ? len : room;
  memcpy(l->text + l->len, s, len);
  l->len += len;
}

static void puts_to (line *l, const char *s) {
  put(l, s, strlen(s));
}

static void put_name (line *l, bytes *b) {
  const char *name = names[bytes_range(b, 0, NAMES - 1)];
  unsigned how = bytes_one(b);
  size_t i, from = l->len, len;
  const char *some;

  puts_to(l, name);
  if (how < 100) /* letters of either case */
    for (i = from; i < l->len; i++)
      l->text[i] = (char)(bytes_one(b) & 1 ? toupper(l->text[i]) : l->text[i]);
  else if (how < 110) { /* nearly that name */
    some = bytes_some(b, 4, &len);
    put(l, some, len);
  } else if (how < 120 && l->len > 0) {
    l->len--;
  }
}

static void put_value (line *l, bytes *b) {
  static const char *const values[] = {"0",
                                       "1",
                                       "-1",
                                       "100",
                                       "+5",
                                       "1.5",
                                       "0x10",
                                       " 7",
                                       "00012",
                                       "1e3",
                                       "9223372036854774",
                                       "9223372036854775",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "99999999999999999999999999",
                                       "4294967296",
                                       "Tue, 14 Nov 2023 22:13:30 GMT",
                                       "Tue, 14 Nov 2023 22:13:10 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994",
                                       "Fri, 31 Dec 9999 23:59:59 GMT",
                                       "Thu, 01 Jan 1970 00:00:00 GMT",
                                       "text/html",
                                       "TEXT/HTML; charset=utf-8",
                                       "text/htm",
                                       "application/json",
                                       "/elsewhere",
                                       ""};
  size_t len;
  const char *some;
  char digits[32];
  int64_t left;

  switch (bytes_range(b, 0, 5)) {
  case 0:
  case 1:
    puts_to(l, values[bytes_range(b, 0, COUNT(values) - 1)]);
    break;
  case 2:
    snprintf(digits, sizeof(digits), "%llu",
             (unsigned long long)bytes_word(b, (int)bytes_range(b, 1, 8)));
    puts_to(l, digits);
    break;
  case 3: /* up to what is longer than any line looked for */
    for (left = bytes_range(b, 0, 520); left > 0; left--)
      puts_to(l, "x");
    break;
  default:
    some = bytes_some(b, 60, &len);
    put(l, some, len);
  }
}

static void write_line (line *l, bytes *b) {
  static const char *const status[] = {
      "HTTP/1.1 200 OK", "HTTP/2 429 ", "HTTP/1.1 100 Continue",
      "HTTP/1.0",        "HTTP/3 99",   "HTTP/1.1 999 x"};
  static const char *const colons[] = {":", ": ", ":  \t", " : ", ""};
  static const char *const ends[] = {"\r\n", "\n", "", " \r\n", "\r\n\r\n"};
  size_t len;
  const char *some;

  l->len = 0;
  switch (bytes_range(b, 0, 9)) {
  case 0:
    puts_to(l, status[bytes_range(b, 0, COUNT(status) - 1)]);
    break;
  case 1:
    some = bytes_some(b, 200, &len);
    put(l, some, len);
    break;
  default:
    put_name(l, b);
    puts_to(l, colons[bytes_one(b) % 8 % COUNT(colons)]);
    put_value(l, b);
  }
  puts_to(l, ends[bytes_one(b) % 9 % COUNT(ends)]);
}

/*----------------------------------------------------------- what it means */

static bool blank (char c) {
  return c != '\0' && strchr(" \t\n\v\f\r", c) != NULL;
}

/* Digits alone, and not too many. */
static int64_t count_of (const char *s) {
  int64_t v = 0;

  if (*s == '\0')
    return -1;
  for (; *s != '\0'; s++) {
    if (*s < '0' || *s > '9')
      return -1;
    if (v < COUNT_MAX)
      v = v * 10 + (*s - '0');
  }
  return v < COUNT_MAX ? v : -1;
}

static int64_t wait_of (const char *s) {
  int64_t v = count_of(s);
  time_t at;

  if (v >= 0)
    return v * 1000;
  at = curl_getdate(s, NULL);
  if (at == (time_t)-1)
    return -1;
  return at > NOW ? (int64_t)(at - NOW) * 1000 : 0;
}

static size_t name_at (const char *s, size_t len) {
  size_t i, k;

  for (i = 0; i < NAMES; i++) {
    if (strlen(names[i]) != len)
      continue;
    for (k = 0; k < len && tolower((unsigned char)s[k]) == names[i][k]; k++)
      ;
    if (k == len)
      return i;
  }
  return NAMES;
}

static bool is_html (const char *s) {
  size_t i;

  for (i = 0; i < 9; i++)
    if (tolower((unsigned char)s[i]) != "text/html"[i])
      return false;
  return true;
}

/* What is kept of all these lines. */
static hl_answer expected (const line *lines, size_t n) {
  hl_answer a;
  size_t i, name;

  hl_answer_init(&a, 1000);
  for (i = 0; i < n; i++) {
    char text[LINE_ROOM + 1], *colon, *value;
    size_t len = lines[i].len;
    memcpy(text, lines[i].text, len);
    while (len > 0 && blank(text[len - 1]))
      len--;
    text[len] = '\0';
    if (len >= 512)
      continue;
    if (strncmp(text, "HTTP/", 5) == 0) {
      char *s = strchr(text, ' ');
      hl_answer_init(&a, 1000);
      if (s != NULL && isdigit(s[1]) && isdigit(s[2]) && isdigit(s[3]))
        a.status = (s[1] - '0') * 100 + (s[2] - '0') * 10 + s[3] - '0';
      continue;
    }
    colon = strchr(text, ':');
    if (colon == NULL)
      continue;
    for (value = colon + 1; blank(*value); value++)
      ;
    name = name_at(text, (size_t)(colon - text));
    if (name < 5)
      *(int64_t *[]){&a.rate_limit.limit, &a.rate_limit.remaining,
                     &a.rate_limit.interval_ms, &a.rate_limit.daily_limit,
                     &a.rate_limit.daily_remaining}[name] = count_of(value);
    else if (name == 5)
      a.retry_after_ms = wait_of(value);
    else if (name == 6)
      a.html = is_html(value);
    else if (name == 7)
      snprintf(a.location, sizeof(a.location), "%s", value);
  }
  return a;
}

static void claim_same (const hl_answer *a, const hl_answer *b) {
  claim(a->status == b->status);
  claim(a->rate_limit.limit == b->rate_limit.limit);
  claim(a->rate_limit.remaining == b->rate_limit.remaining);
  claim(a->rate_limit.interval_ms == b->rate_limit.interval_ms);
  claim(a->rate_limit.daily_limit == b->rate_limit.daily_limit);
  claim(a->rate_limit.daily_remaining == b->rate_limit.daily_remaining);
  claim(a->rate_limit.daily_spent == b->rate_limit.daily_spent);
  claim(a->retry_after_ms == b->retry_after_ms);
  claim(a->html == b->html);
  claim(strcmp(a->location, b->location) == 0);
}

static void claim_bounds (const hl_answer *a) {
  const hl_rate_limit *r = &a->rate_limit;

  claim(a->status >= 0 && a->status <= 999);
  claim(r->limit >= -1 && r->limit < COUNT_MAX);
  claim(r->remaining >= -1 && r->remaining < COUNT_MAX);
  claim(r->interval_ms >= -1 && r->interval_ms < COUNT_MAX);
  claim(r->daily_limit >= -1 && r->daily_limit < COUNT_MAX);
  claim(r->daily_remaining >= -1 && r->daily_remaining < COUNT_MAX);
  claim(a->retry_after_ms >= -1);
  claim(memchr(a->location, '\0', sizeof(a->location)) != NULL);
}

/*----------------------------------------------------------------- reading */

/* From memory of just that length, as libcurl ends no line by a NUL. */
static void feed (hl_answer *a, const line *l) {
  char *copy = malloc(l->len > 0 ? l->len : 1);

  claim(copy != NULL);
  memcpy(copy, l->text, l->len);
  hl_answer_header(a, copy, l->len, NOW);
  free(copy);
}

/* Neighbours change places, where both are of different names. */
static void shuffle (line *lines, size_t n, bytes *b) {
  size_t i;
  line l;

  for (i = 1; i < n; i++) {
    const line *x = &lines[i - 1], *y = &lines[i];
    const char *cx = memchr(x->text, ':', x->len);
    const char *cy = memchr(y->text, ':', y->len);
    if (bytes_one(b) % 2 == 0 || cx == NULL || cy == NULL ||
        memchr(x->text, '/', (size_t)(cx - x->text)) != NULL ||
        memchr(y->text, '/', (size_t)(cy - y->text)) != NULL ||
        name_at(x->text, (size_t)(cx - x->text)) ==
            name_at(y->text, (size_t)(cy - y->text)))
      continue;
    l = lines[i];
    lines[i] = lines[i - 1];
    lines[i - 1] = l;
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static line lines[LINES];
  bytes b = bytes_of(data, size);
  size_t n = (size_t)bytes_range(&b, 0, LINES), i;
  hl_answer a, other;

  for (i = 0; i < n; i++)
    write_line(&lines[i], &b);
  hl_answer_init(&a, 1000);
  for (i = 0; i < n; i++) {
    feed(&a, &lines[i]);
    claim_bounds(&a);
    if (i % 3 == 0) /* a body between heads is forgotten with its head */
      claim(hl_text_puts(&a.body, "x") && a.body.len <= LINES);
  }
  other = expected(lines, n);
  claim_same(&a, &other);
  hl_answer_free(&a);
  shuffle(lines, n, &b);
  hl_answer_init(&a, 1000);
  for (i = 0; i < n; i++)
    feed(&a, &lines[i]);
  claim_same(&a, &other);
  hl_answer_free(&a);
  return 0;
}
