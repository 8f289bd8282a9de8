/*
** faults.c: functions of libcurl that fail when they are told to. See
** faults.h.
*/
#include "faults.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

const char *const fault_names[FAULTS] = {
    "curl_easy_init",     "curl_easy_setopt",
    "curl_easy_getinfo",  "curl_multi_init",
    "curl_multi_setopt",  "curl_multi_add_handle",
    "curl_multi_remove",  "curl_multi_socket_action",
    "curl_multi_cleanup", "curl_slist_append",
    "curl_url",           "curl_url_set",
    "curl_url_get",       "the header callback",
    "the body callback",  "the open callback",
    "the close callback", "the socket callback",
    "the timer callback"};

static atomic_int armed = -1, left, hits, handles;
static atomic_bool goes_on;

void faults_arm (fault which, int n, bool on) {
  left = n;
  hits = 0;
  goes_on = on;
  armed = (int)which;
}

bool faults_disarm (void) {
  armed = -1;
  return hits > 0;
}

int faults_handles (void) {
  return handles;
}

/* Is it this call's turn to fail? */
static bool fails (fault which) {
  int now;

  if (armed != (int)which)
    return false;
  now = atomic_fetch_sub(&left, 1);
  if (now > 1 || (now < 1 && !goes_on))
    return false;
  hits++;
  return true;
}

/*---------------------------------------------------------- what is wrapped */

extern CURL *__real_curl_easy_init (void);
extern void __real_curl_easy_cleanup (CURL *easy);
extern CURLcode __real_curl_easy_setopt (CURL *easy, CURLoption option, ...);
extern CURLcode __real_curl_easy_getinfo (CURL *easy, CURLINFO info, ...);
extern CURLM *__real_curl_multi_init (void);
extern CURLMcode __real_curl_multi_cleanup (CURLM *multi);
extern CURLMcode __real_curl_multi_setopt (CURLM *multi, CURLMoption o, ...);
extern CURLMcode __real_curl_multi_add_handle (CURLM *multi, CURL *easy);
extern CURLMcode __real_curl_multi_remove_handle (CURLM *multi, CURL *easy);
extern CURLMcode __real_curl_multi_socket_action (CURLM *multi,
                                                  curl_socket_t fd, int what,
                                                  int *running);
extern struct curl_slist *__real_curl_slist_append (struct curl_slist *list,
                                                    const char *text);
extern CURLU *__real_curl_url (void);
extern CURLUcode __real_curl_url_set (CURLU *url, CURLUPart part,
                                      const char *text, unsigned flags);
extern CURLUcode __real_curl_url_get (const CURLU *url, CURLUPart part,
                                      char **text, unsigned flags);

/* What the linker puts in their place; nothing else declares them. */
CURL *__wrap_curl_easy_init (void);
void __wrap_curl_easy_cleanup (CURL *easy);
CURLcode __wrap_curl_easy_setopt (CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo (CURL *easy, CURLINFO info, ...);
CURLM *__wrap_curl_multi_init (void);
CURLMcode __wrap_curl_multi_cleanup (CURLM *multi);
CURLMcode __wrap_curl_multi_setopt (CURLM *multi, CURLMoption o, ...);
CURLMcode __wrap_curl_multi_add_handle (CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_remove_handle (CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_socket_action (CURLM *multi, curl_socket_t fd,
                                           int what, int *running);
struct curl_slist *__wrap_curl_slist_append (struct curl_slist *list,
                                             const char *text);
CURLU *__wrap_curl_url (void);
CURLUcode __wrap_curl_url_set (CURLU *url, CURLUPart part, const char *text,
                               unsigned flags);
CURLUcode __wrap_curl_url_get (const CURLU *url, CURLUPart part, char **text,
                               unsigned flags);

/*-------------------------------------------------------------- callbacks */

typedef size_t (*text_callback)(char *text, size_t size, size_t n, void *user);

/* The core's own, the same in every handle. */
static text_callback header, body;
static curl_sockopt_callback opened;
static curl_closesocket_callback closed;
static curl_socket_callback on_socket;
static curl_multi_timer_callback on_timer;

/* Within curl_multi_socket_action: elsewhere libcurl 7.88 does not survive a
** timer callback that fails, which the core's never does. */
static __thread bool acting;

static size_t give_header (char *text, size_t size, size_t n, void *user) {
  return fails(ON_HEADER) ? 0 : header(text, size, n, user);
}

static size_t give_body (char *text, size_t size, size_t n, void *user) {
  return fails(ON_BODY) ? 0 : body(text, size, n, user);
}

static int give_open (void *user, curl_socket_t fd, curlsocktype purpose) {
  return fails(ON_OPEN) ? CURL_SOCKOPT_ERROR : opened(user, fd, purpose);
}

static int give_close (void *user, curl_socket_t fd) {
  int rc = closed(user, fd);

  return fails(ON_CLOSE) ? 1 : rc;
}

static int give_socket (CURL *easy, curl_socket_t fd, int what, void *user,
                        void *mine) {
  return fails(ON_SOCKET) ? -1 : on_socket(easy, fd, what, user, mine);
}

static int give_timer (CURLM *multi, long timeout_ms, void *user) {
  return acting && fails(ON_TIMER) ? -1 : on_timer(multi, timeout_ms, user);
}

/*------------------------------------------------------------------- easy */

CURL *__wrap_curl_easy_init (void) {
  CURL *easy = fails(EASY_INIT) ? NULL : __real_curl_easy_init();

  handles += easy != NULL;
  return easy;
}

void __wrap_curl_easy_cleanup (CURL *easy) {
  handles -= easy != NULL;
  __real_curl_easy_cleanup(easy);
}

/* Every value of an option goes through a register: as a pointer's bits. */
CURLcode __wrap_curl_easy_setopt (CURL *easy, CURLoption option, ...) {
  va_list args;
  void *value;

  va_start(args, option);
  value = va_arg(args, void *);
  va_end(args);
  if (fails(EASY_SETOPT))
    return CURLE_OUT_OF_MEMORY;
  switch (option) {
  case CURLOPT_HEADERFUNCTION:
    header = (text_callback)value;
    return __real_curl_easy_setopt(easy, option, give_header);
  case CURLOPT_WRITEFUNCTION:
    body = (text_callback)value;
    return __real_curl_easy_setopt(easy, option, give_body);
  case CURLOPT_SOCKOPTFUNCTION:
    opened = (curl_sockopt_callback)value;
    return __real_curl_easy_setopt(easy, option, give_open);
  case CURLOPT_CLOSESOCKETFUNCTION:
    closed = (curl_closesocket_callback)value;
    return __real_curl_easy_setopt(easy, option, give_close);
  default:
    return __real_curl_easy_setopt(easy, option, value);
  }
}

CURLcode __wrap_curl_easy_getinfo (CURL *easy, CURLINFO info, ...) {
  va_list args;
  void *out;

  va_start(args, info);
  out = va_arg(args, void *);
  va_end(args);
  if (info != CURLINFO_PRIVATE && fails(EASY_GETINFO))
    return CURLE_UNKNOWN_OPTION;
  return __real_curl_easy_getinfo(easy, info, out);
}

/*------------------------------------------------------------------ multi */

CURLM *__wrap_curl_multi_init (void) {
  CURLM *multi = fails(MULTI_INIT) ? NULL : __real_curl_multi_init();

  handles += multi != NULL;
  return multi;
}

CURLMcode __wrap_curl_multi_cleanup (CURLM *multi) {
  CURLMcode rc = __real_curl_multi_cleanup(multi);

  handles -= multi != NULL;
  return fails(MULTI_CLEANUP) ? CURLM_INTERNAL_ERROR : rc;
}

CURLMcode __wrap_curl_multi_setopt (CURLM *multi, CURLMoption option, ...) {
  va_list args;
  void *value;

  va_start(args, option);
  value = va_arg(args, void *);
  va_end(args);
  if (fails(MULTI_SETOPT))
    return CURLM_UNKNOWN_OPTION;
  switch (option) {
  case CURLMOPT_SOCKETFUNCTION:
    on_socket = (curl_socket_callback)value;
    return __real_curl_multi_setopt(multi, option, give_socket);
  case CURLMOPT_TIMERFUNCTION:
    on_timer = (curl_multi_timer_callback)value;
    return __real_curl_multi_setopt(multi, option, give_timer);
  default:
    return __real_curl_multi_setopt(multi, option, value);
  }
}

CURLMcode __wrap_curl_multi_add_handle (CURLM *multi, CURL *easy) {
  return fails(MULTI_ADD) ? CURLM_OUT_OF_MEMORY
                          : __real_curl_multi_add_handle(multi, easy);
}

CURLMcode __wrap_curl_multi_remove_handle (CURLM *multi, CURL *easy) {
  CURLMcode rc = __real_curl_multi_remove_handle(multi, easy);

  return fails(MULTI_REMOVE) ? CURLM_INTERNAL_ERROR : rc;
}

CURLMcode __wrap_curl_multi_socket_action (CURLM *multi, curl_socket_t fd,
                                           int what, int *running) {
  CURLMcode rc;

  if (fails(MULTI_ACTION))
    return CURLM_INTERNAL_ERROR;
  acting = true;
  rc = __real_curl_multi_socket_action(multi, fd, what, running);
  acting = false;
  return rc;
}

/*--------------------------------------------------------- lists, addresses */

struct curl_slist *__wrap_curl_slist_append (struct curl_slist *list,
                                             const char *text) {
  return fails(SLIST_APPEND) ? NULL : __real_curl_slist_append(list, text);
}

CURLU *__wrap_curl_url (void) {
  return fails(URL_NEW) ? NULL : __real_curl_url();
}

CURLUcode __wrap_curl_url_set (CURLU *url, CURLUPart part, const char *text,
                               unsigned flags) {
  return fails(URL_SET) ? CURLUE_OUT_OF_MEMORY
                        : __real_curl_url_set(url, part, text, flags);
}

CURLUcode __wrap_curl_url_get (const CURLU *url, CURLUPart part, char **text,
                               unsigned flags) {
  return fails(URL_GET) ? CURLUE_OUT_OF_MEMORY
                        : __real_curl_url_get(url, part, text, flags);
}
