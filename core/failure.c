/*
** failure.c: what it means that libcurl gave up.
*/
#include "failure.h"

#include <errno.h>
#include <string.h>

typedef struct meaning {
  CURLcode code;
  hl_kind kind;
  const char *detail; /* how libcurl's own words begin; NULL: in any way */
  const char *what;   /* happened */
  const char *advice; /* what to do; or NULL */
} meaning;

static const meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, HL_NETWORK, NULL,
     "the server's name was not found",
     "check base_url and this machine's name server"},
    {CURLE_COULDNT_RESOLVE_PROXY, HL_NETWORK, NULL,
     "the proxy's name was not found",
     "check the proxy option and https_proxy"},
    {CURLE_COULDNT_CONNECT, HL_NETWORK, NULL, "no connection to the server",
     "check base_url, the firewall and that the service is up"},
    {CURLE_SEND_ERROR, HL_NETWORK, NULL, "the connection broke while sending",
     NULL},
    /* more than 300 KB of them */
    {CURLE_RECV_ERROR, HL_PROTOCOL, "Too large response headers",
     "the answer's headers are too large", NULL},
    {CURLE_RECV_ERROR, HL_NETWORK, NULL,
     "the connection broke before the answer", NULL},
    {CURLE_GOT_NOTHING, HL_NETWORK, NULL,
     "the server closed the connection without an answer", NULL},
    {CURLE_PARTIAL_FILE, HL_NETWORK, NULL,
     "the connection ended in the middle of the answer", NULL},
    {CURLE_HTTP2_STREAM, HL_NETWORK, NULL, "the server broke off the request",
     NULL},
    {CURLE_HTTP2, HL_PROTOCOL, NULL, "the server does not keep to HTTP/2",
     "try http2 = false"},
    {CURLE_WEIRD_SERVER_REPLY, HL_PROTOCOL, NULL, "the answer is not HTTP",
     "check base_url"},
    {CURLE_UNSUPPORTED_PROTOCOL, HL_PROTOCOL, NULL, "the answer is not HTTP",
     "check base_url"},
    {CURLE_BAD_CONTENT_ENCODING, HL_PROTOCOL, NULL,
     "the answer's compression is broken", NULL},
    {CURLE_PEER_FAILED_VERIFICATION, HL_TLS, NULL,
     "the server's certificate is not trusted",
     "check base_url and this machine's clock; for an authority of your own "
     "give ca_file"},
    {CURLE_SSL_CACERT_BADFILE, HL_TLS, NULL,
     "the file of authorities is unusable",
     "check ca_file, a readable file in PEM form, and ulimit -n, as it takes a "
     "descriptor to read it"},
    {CURLE_SSL_CONNECT_ERROR, HL_TLS, NULL, "no TLS connection to the server",
     "check that base_url's port speaks https"},
    {CURLE_SSL_CIPHER, HL_TLS, NULL, "no TLS connection to the server", NULL},
    {CURLE_SSL_CERTPROBLEM, HL_TLS, NULL, "no TLS connection to the server",
     NULL},
    {CURLE_SSL_ISSUER_ERROR, HL_TLS, NULL,
     "the server's certificate is not trusted", NULL},
    {CURLE_SSL_INVALIDCERTSTATUS, HL_TLS, NULL,
     "the server's certificate is not trusted", NULL},
};

static bool fits (const meaning *m, CURLcode code, const char *detail) {
  return m->code == code &&
         (m->detail == NULL ||
          strncmp(detail, m->detail, strlen(m->detail)) == 0);
}

/* The first that fits. */
static const meaning *find (CURLcode code, const char *detail) {
  static const meaning other = {CURLE_OK, HL_NETWORK, NULL,
                                "the request failed", NULL};
  size_t i;

  for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
    if (fits(&meanings[i], code, detail))
      return &meanings[i];
  return &other;
}

static const char *timeout_text (hl_phase phase) {
  switch (phase) {
  case HL_PHASE_CONNECT:
    return "no connection within the time allowed, so nothing was sent; check "
           "the network, or raise connect_timeout or timeout";
  case HL_PHASE_TRANSFER:
    return "the answer did not end within the time allowed; the update may "
           "have been done";
  default:
    return "no answer within the time allowed; the update may have been done";
  }
}

static const char *or_not_done (hl_kind kind, hl_phase phase) {
  if (kind != HL_NETWORK && kind != HL_PROTOCOL)
    return "";
  return phase == HL_PHASE_CONNECT ? "; nothing was sent"
                                   : "; the update may have been done";
}

hl_kind hl_failure_judge (CURLcode code, hl_phase phase, const hl_call *call,
                          const hl_settings *s, const char *detail,
                          hl_text *message) {
  const meaning *m = find(code, detail);

  if (code == CURLE_OPERATION_TIMEDOUT) {
    hl_text_printf(message, "%s (%.3g s, %s)", timeout_text(phase),
                   (double)(hl_now_us() - call->started_us) / 1e6, s->base_url);
    return HL_TIMEOUT;
  }
  if (code == CURLE_OUT_OF_MEMORY)
    return HL_MEMORY;
  if (code == CURLE_WRITE_ERROR && call->answer.body.failed) {
    if (!call->answer.body.too_large)
      return HL_MEMORY;
    hl_text_printf(message,
                   "the answer is larger than max_response_bytes (%zu); the "
                   "update may have been done",
                   s->max_response_bytes);
    return HL_PROTOCOL;
  }
  hl_text_printf(
      message, "%s%s%s%s (%s: %s)", m->what, m->advice != NULL ? "; " : "",
      m->advice != NULL ? m->advice : "", or_not_done(m->kind, phase),
      s->base_url, detail[0] != '\0' ? detail : curl_easy_strerror(code));
  return m->kind;
}

hl_kind hl_failure_no_socket (int why, const hl_settings *s, hl_text *message) {
  bool full = why == EMFILE || why == ENFILE;

  hl_text_printf(message,
                 "no socket to reach the server with%s; nothing was sent "
                 "(%s: %s)",
                 full ? "; close what is open, raise the limit on descriptors "
                        "(ulimit -n), or lower max_connections"
                      : "",
                 s->base_url, strerror(why));
  return HL_NETWORK;
}
