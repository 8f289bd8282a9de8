/*
** country.h: the countries that the API knows.
*/
#ifndef HL_COUNTRY_H
#define HL_COUNTRY_H

#include <stdbool.h>
#include <stddef.h>

/* Is it one of the 247 two-letter codes, in capitals? */
bool hl_country_is_code (const char *code);

/* Find by code or name, letter case aside, beginning at row `*from`; sets
** `*from` behind the row found. NULL: no more. A name can stand in two rows. */
const char *hl_country_find (const char *text, size_t *from);

#endif
