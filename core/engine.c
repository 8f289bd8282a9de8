/*
** engine.c: carries calls over libcurl.
*/
#include "engine.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* One easy handle, used for one call after another. */
typedef struct transfer {
  CURL *easy;
  struct curl_slist *headers; /* for `token`; kept for the next call */
  char *token;
  hl_call *call; /* NULL while idle */
  struct transfer *next_idle;
  char error[CURL_ERROR_SIZE];
} transfer;

struct hl_engine {
  const hl_settings *settings;
  CURLM *multi;
  transfer *idle;
  hl_link done; /* of calls: to be taken */
  int running;
};

/*-------------------------------------------------------------- callbacks */

static size_t on_header (char *line, size_t size, size_t n, void *user) {
  hl_call *call = user;

  hl_answer_header(&call->answer, line, size * n, time(NULL));
  return size * n;
}

/* A short count makes libcurl stop with CURLE_WRITE_ERROR. */
static size_t on_body (char *bytes, size_t size, size_t n, void *user) {
  hl_call *call = user;

  return hl_text_add(&call->answer.body, bytes, size * n) ? size * n : 0;
}

/*--------------------------------------------------------------- transfers */

static void free_headers (transfer *t) {
  struct curl_slist *h;

  for (h = t->headers; h != NULL; h = h->next)
    if (hl_starts_nocase(h->data, "authorization:"))
      memset(h->data, ' ', strlen(h->data));
  curl_slist_free_all(t->headers);
  t->headers = NULL;
  hl_free_secret(t->token);
  t->token = NULL;
}

static void transfer_free (transfer *t) {
  if (t != NULL) {
    curl_easy_cleanup(t->easy);
    free_headers(t);
    free(t);
  }
}

/* What is the same for every call of this client. False: out of memory. */
static bool set_up (transfer *t, const hl_settings *s) {
  CURL *easy = t->easy;
  bool ok = true;

#define SET(option, value)                                                     \
  ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_PROTOCOLS_STR, s->plain ? "http" : "https");
  SET(CURLOPT_FOLLOWLOCATION, 0L); /* a token never goes elsewhere */
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_CUSTOMREQUEST, "PUT");
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_HTTP_VERSION,
      s->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
  if (s->http2 && !s->plain)
    SET(CURLOPT_PIPEWAIT, 1L); /* share a connection that is being made */
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's, not the API's */
  SET(CURLOPT_ACCEPT_ENCODING, "");          /* all that libcurl can undo */
#if LIBCURL_VERSION_NUM >= 0x075700          /* 7.87 */
  /* or a name server that hangs keeps a call beyond its deadline */
  SET(CURLOPT_QUICK_EXIT, 1L);
#endif
  SET(CURLOPT_CONNECTTIMEOUT_MS, s->connect_timeout_ms);
  SET(CURLOPT_USERAGENT, s->user_agent);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_PRIVATE, t);
  if (s->ca_file != NULL)
    SET(CURLOPT_CAINFO, s->ca_file);
  if (s->proxy != NULL)
    SET(CURLOPT_PROXY, s->proxy);
  if (s->plain)
    SET(CURLOPT_NOPROXY, "*"); /* whatever http_proxy says */
#undef SET
  return ok;
}

static transfer *transfer_new (const hl_settings *s) {
  transfer *t = calloc(1, sizeof(*t));

  if (t == NULL)
    return NULL;
  t->easy = curl_easy_init();
  if (t->easy == NULL || !set_up(t, s)) {
    transfer_free(t);
    return NULL;
  }
  return t;
}

/* `name` has its colon; a value that is empty takes the header out. */
static bool add_header (transfer *t, const char *name, const char *value) {
  struct curl_slist *longer;
  hl_text line;

  hl_text_init(&line, HL_TEXT_MAX);
  hl_text_printf(&line, "%s%s%s", name, *value != '\0' ? " " : "", value);
  longer = line.failed ? NULL : curl_slist_append(t->headers, line.bytes);
  hl_free_secret(hl_text_take(&line));
  if (longer == NULL)
    return false;
  t->headers = longer;
  return true;
}

/* The headers that go with a token. False: out of memory. */
static bool make_headers (transfer *t, const char *token,
                          const hl_settings *s) {
  if (t->token != NULL && strcmp(t->token, token) == 0)
    return true;
  free_headers(t);
  t->token = hl_strdup(token);
  if (t->token != NULL && add_header(t, "Authorization: Bearer", token) &&
      add_header(t, "Version:", hl_version_name(s->version)) &&
      add_header(t, "Content-Type:", "application/json") &&
      add_header(t, "Accept:", "application/json") &&
      add_header(t, "Expect:", "")) /* or libcurl asks before sending */
    return true;
  free_headers(t);
  return false;
}

/* What is this call's own. False: out of memory. */
static bool load (transfer *t, hl_call *call, const hl_settings *s,
                  int64_t now_us) {
  int64_t left_ms = (call->deadline_us - now_us) / 1000;
  CURL *easy = t->easy;
  bool ok = make_headers(t, call->token, s);

#define SET(option, value)                                                     \
  ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK
  SET(CURLOPT_HTTPHEADER, t->headers);
  SET(CURLOPT_URL, call->url);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
  SET(CURLOPT_POSTFIELDS, call->body.bytes); /* borrowed, as everything is */
  SET(CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L);
  SET(CURLOPT_HEADERDATA, call);
  SET(CURLOPT_WRITEDATA, call);
#undef SET
  t->error[0] = '\0';
  t->call = call;
  return ok;
}

/* Nothing of the call stays behind in the handle. */
static void unload (hl_engine *e, transfer *t) {
  t->call->transfer = NULL;
  t->call = NULL;
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
  t->next_idle = e->idle;
  e->idle = t;
}

/*----------------------------------------------------------------- engine */

hl_engine *hl_engine_new (const hl_settings *s) {
  hl_engine *e = calloc(1, sizeof(*e));

  if (e == NULL)
    return NULL;
  e->settings = s;
  hl_list_init(&e->done);
  e->multi = curl_multi_init();
  if (e->multi == NULL) {
    free(e);
    return NULL;
  }
  curl_multi_setopt(e->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                    s->max_connections);
  curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, s->max_connections);
  return e;
}

void hl_engine_free (hl_engine *e) {
  transfer *t;

  if (e == NULL)
    return;
  while ((t = e->idle) != NULL) {
    e->idle = t->next_idle;
    transfer_free(t);
  }
  curl_multi_cleanup(e->multi);
  free(e);
}

static void done (hl_engine *e, hl_call *call) {
  hl_list_put(&e->done, &call->done);
}

hl_call *hl_engine_take (hl_engine *e) {
  hl_link *first = e->done.next;

  if (hl_list_is_empty(&e->done))
    return NULL;
  hl_list_take(first);
  return HL_HOLDER(first, hl_call, done);
}

/* A handle for one attempt; NULL: out of memory. */
static transfer *take_transfer (hl_engine *e) {
  transfer *t = e->idle;

  if (t == NULL)
    return transfer_new(e->settings);
  e->idle = t->next_idle;
  return t;
}

void hl_engine_start (hl_engine *e, hl_call *call, int64_t now_us) {
  transfer *t = take_transfer(e);

  hl_call_sending(call, now_us);
  if (t != NULL) {
    call->transfer = t;
    if (load(t, call, e->settings, now_us) &&
        curl_multi_add_handle(e->multi, t->easy) == CURLM_OK) {
      e->running++;
      return;
    }
    t->call = call;
    unload(e, t);
  }
  hl_call_failed(call, HL_MEMORY, HL_PHASE_NONE, "");
  done(e, call);
}

static void detach (hl_engine *e, transfer *t) {
  curl_multi_remove_handle(e->multi, t->easy);
  e->running--;
  unload(e, t);
}

void hl_engine_drop (hl_engine *e, hl_call *call) {
  hl_list_take(&call->done);
  if (call->transfer != NULL)
    detach(e, call->transfer);
}

static const char *http_version (CURL *easy) {
  long version = 0;

  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_1_0   ? "1.0"
         : version == CURL_HTTP_VERSION_1_1 ? "1.1"
         : version == CURL_HTTP_VERSION_2_0 ? "2"
         : version == CURL_HTTP_VERSION_3   ? "3"
                                            : NULL;
}

static hl_phase phase_of (const transfer *t) {
  curl_off_t begun_us = 0;

  if (t->call->answer.status != 0)
    return HL_PHASE_TRANSFER;
  curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &begun_us);
  return begun_us > 0 ? HL_PHASE_WAIT : HL_PHASE_CONNECT;
}

static void fail (hl_engine *e, const transfer *t, CURLcode code) {
  hl_call *call = t->call;
  hl_phase phase = phase_of(t);
  hl_text message;
  hl_kind kind;

  hl_text_init(&message, HL_TEXT_MAX);
  kind = hl_failure_judge(code, phase, call, e->settings, t->error, &message);
  if (message.failed)
    kind = HL_MEMORY;
  hl_call_failed(call, kind, phase, message.bytes);
  hl_text_free(&message);
}

static void finish (hl_engine *e, transfer *t, CURLcode code) {
  hl_call *call = t->call;

  if (code == CURLE_OK && call->answer.status != 0)
    hl_call_answered(call, http_version(t->easy));
  else
    fail(e, t, code);
  detach(e, t);
  done(e, call);
}

static void collect (hl_engine *e) {
  int left;
  CURLMsg *m;

  while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
    CURLcode code = m->data.result; /* `m` dies with the handle's removal */
    void *t = NULL;
    if (m->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
    finish(e, t, code);
  }
}

hl_kind hl_engine_step (hl_engine *e, int wait_ms) {
  int running;
  CURLMcode rc = curl_multi_perform(e->multi, &running);

  collect(e);
  if (hl_list_is_empty(&e->done) && rc == CURLM_OK && wait_ms > 0) {
    rc = curl_multi_poll(e->multi, NULL, 0, wait_ms, NULL);
    if (rc == CURLM_OK)
      rc = curl_multi_perform(e->multi, &running);
    collect(e);
  }
  return rc == CURLM_OK              ? HL_OK
         : rc == CURLM_OUT_OF_MEMORY ? HL_MEMORY
                                     : HL_NETWORK;
}
