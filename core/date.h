/*
** date.h: dates of birth as the API accepts them.
*/
#ifndef HL_DATE_H
#define HL_DATE_H

#include <stddef.h>

/*
** Read a date in one of the eight forms of the API document (YYYY MM DD or
** MM DD YYYY, with one of / - . _ between) and write it as YYYY-MM-DD into
** `out` (11 bytes). Returns NULL, or a sentence that says what is wrong.
*/
const char *hl_date_normalize (const char *text, char *out);

#endif
