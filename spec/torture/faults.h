/*
** faults.h: functions of libcurl that fail when they are told to.
**
** The program is linked so that the core's calls of libcurl come here first
** (see run). One function at a time has a fault, at its n-th call; so have the
** callbacks that the core gives to libcurl.
*/
#ifndef TORTURE_FAULTS_H
#define TORTURE_FAULTS_H

#include <stdbool.h>

typedef enum fault {
  EASY_INIT,
  EASY_SETOPT,
  EASY_GETINFO, /* but for CURLINFO_PRIVATE, which only reads a pointer */
  MULTI_INIT,
  MULTI_SETOPT,
  MULTI_ADD,
  MULTI_REMOVE, /* does it, and returns an error */
  MULTI_ACTION,
  MULTI_CLEANUP, /* does it, and returns an error */
  SLIST_APPEND,
  URL_NEW,
  URL_SET,
  URL_GET,
  ON_HEADER,
  ON_BODY,
  ON_OPEN,
  ON_CLOSE, /* does it, and returns an error */
  ON_SOCKET,
  ON_TIMER,
  FAULTS
} fault;

extern const char *const fault_names[FAULTS];

/* From now on its n-th call fails, and with `on` each one after it. */
void faults_arm (fault which, int n, bool on);

/* No more faults. Did that call come? */
bool faults_disarm (void);

/* Easy and multi handles that were made and not cleaned up. */
int faults_handles (void);

#endif
