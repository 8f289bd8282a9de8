/*
** check.h: what every test program of the core includes.
*/
#ifndef HL_SPEC_CHECK_H
#define HL_SPEC_CHECK_H

/* cmocka.h wants these four before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* For a claim about one row of a table: say which row. */
#define assert_row(i, truth)                                                   \
  do {                                                                         \
    if (!(truth))                                                              \
      fail_msg("row %zu: %s", (size_t)(i), #truth);                            \
  } while (0)

#endif
