/*
** transfer.c: one easy handle, for one call after another.
*/
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "failure.h"

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

/* As libcurl would, but that we know why there is none. */
static curl_socket_t on_need (void *user, curlsocktype purpose,
                              struct curl_sockaddr *at) {
  hl_transfer *t = user;
  int fd = socket(at->family, at->socktype, at->protocol);

  (void)purpose;
  /* where there is no IPv6, the next address may do, and says why if not */
  t->no_socket = fd < 0 && errno != EAFNOSUPPORT ? errno : 0;
  if (fd >= 0)
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

/*--------------------------------------------------------------- transfers */

static void free_headers (hl_transfer *t) {
  struct curl_slist *h;

  for (h = t->headers; h != NULL; h = h->next)
    if (hl_starts_nocase(h->data, "authorization:"))
      memset(h->data, ' ', strlen(h->data));
  curl_slist_free_all(t->headers);
  t->headers = NULL;
  hl_free_secret(t->token);
  t->token = NULL;
}

void hl_transfer_free (hl_transfer *t) {
  if (t != NULL) {
    curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->address);
    free_headers(t);
    free(t);
  }
}

/* What is the same for every call of this client. False: out of memory. */
static bool set_up (hl_transfer *t, const hl_settings *s,
                    const hl_hooks *hooks) {
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
  if (hooks->on_look != NULL) {
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, hooks->on_look);
    SET(CURLOPT_XFERINFODATA, hooks->user);
  }
  SET(CURLOPT_CURLU, t->address);
  SET(CURLOPT_PRIVATE, t);
  SET(CURLOPT_OPENSOCKETFUNCTION, on_need);
  SET(CURLOPT_OPENSOCKETDATA, t);
  SET(CURLOPT_SOCKOPTFUNCTION, hooks->on_open);
  SET(CURLOPT_SOCKOPTDATA, hooks->user);
  SET(CURLOPT_CLOSESOCKETFUNCTION, hooks->on_close);
  SET(CURLOPT_CLOSESOCKETDATA, hooks->user);
  if (s->ca_file != NULL)
    SET(CURLOPT_CAINFO, s->ca_file);
  if (s->proxy != NULL)
    SET(CURLOPT_PROXY, s->proxy);
  if (s->plain)
    SET(CURLOPT_NOPROXY, "*"); /* whatever http_proxy says */
#undef SET
  return ok;
}

hl_transfer *hl_transfer_new (const hl_settings *s, const hl_hooks *hooks) {
  hl_transfer *t = calloc(1, sizeof(*t));

  if (t == NULL)
    return NULL;
  t->easy = curl_easy_init();
  t->address = curl_url();
  if (t->easy == NULL || t->address == NULL || !set_up(t, s, hooks)) {
    hl_transfer_free(t);
    return NULL;
  }
  return t;
}

/* `name` has its colon; a value that is empty takes the header out. */
static bool add_header (hl_transfer *t, const char *name, const char *value) {
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
static bool make_headers (hl_transfer *t, const char *token,
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

/* As libcurl would, which prints it once more from its parts, byte by byte.
** False: out of memory. */
static bool set_address (hl_transfer *t, const char *url) {
  return curl_url_set(t->address, CURLUPART_URL, url, CURLU_PATH_AS_IS) ==
         CURLUE_OK;
}

bool hl_transfer_load (hl_transfer *t, hl_call *call, const hl_settings *s,
                       int64_t now_us) {
  int64_t left_ms = (call->deadline_us - now_us) / 1000;
  CURL *easy = t->easy;
  bool ok = make_headers(t, call->token, s);

#define SET(option, value)                                                     \
  ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK
  SET(CURLOPT_HTTPHEADER, t->headers);
  SET(CURLOPT_URL, call->url);
  ok = ok && set_address(t, call->url);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
  SET(CURLOPT_POSTFIELDS, call->body.bytes); /* borrowed, as everything is */
  SET(CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L);
  SET(CURLOPT_HEADERDATA, call);
  SET(CURLOPT_WRITEDATA, call);
#undef SET
  t->error[0] = '\0';
  t->no_socket = 0;
  return ok;
}

/* Nothing of the call stays behind in the handle. */
void hl_transfer_unload (hl_transfer *t) {
  t->call->transfer = NULL;
  t->call = NULL;
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
}

/*------------------------------------------------------------------- ends */

/* As CURLINFO_HTTP_VERSION has it. */
static const char *http_version (CURL *easy) {
  long version = 0;

  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_1_0   ? "1.0"
         : version == CURL_HTTP_VERSION_1_1 ? "1.1"
         : version == CURL_HTTP_VERSION_2_0 ? "2"
         : version == CURL_HTTP_VERSION_3   ? "3"
                                            : NULL;
}

static hl_phase phase_of (const hl_transfer *t) {
  curl_off_t begun_us = 0;

  if (t->call->answer.status != 0)
    return HL_PHASE_TRANSFER;
  curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &begun_us);
  return begun_us > 0 ? HL_PHASE_WAIT : HL_PHASE_CONNECT;
}

static void fail (const hl_transfer *t, CURLcode code, const hl_settings *s) {
  hl_call *call = t->call;
  hl_phase phase = phase_of(t);
  hl_text message;
  hl_kind kind;

  hl_text_init(&message, HL_TEXT_MAX);
  if (code == CURLE_COULDNT_CONNECT && t->no_socket != 0)
    kind = hl_failure_no_socket(t->no_socket, s, &message);
  else
    kind = hl_failure_judge(code, phase, call, s, t->error, &message);
  if (message.failed)
    kind = HL_MEMORY;
  hl_call_failed(call, kind, phase, message.bytes);
  hl_text_free(&message);
}

void hl_transfer_end (const hl_transfer *t, CURLcode code,
                      const hl_settings *s) {
  hl_call *call = t->call;

  if (code == CURLE_OK && call->answer.status != 0)
    hl_call_answered(call, http_version(t->easy));
  else
    fail(t, code, s);
}
