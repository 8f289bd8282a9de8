/*
** date.c: dates of birth as the API accepts them.
**
** "Supported formats: YYYY/MM/DD, MM/DD/YYYY, YYYY-MM-DD, MM-DD-YYYY,
** YYYY.MM.DD, MM.DD.YYYY, YYYY_MM_DD, MM_DD_YYYY" (API document, Update
** Contact). The day never comes first, so 03/04/1990 is the 4th of March.
*/
#include "date.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

/* `n` digits at `s` as a number, -1 if they are not all digits. */
static int number (const char *s, int n) {
  int v = 0, i;

  for (i = 0; i < n; i++) {
    if (!hl_is_digit(s[i]))
      return -1;
    v = v * 10 + (s[i] - '0');
  }
  return v;
}

static void put_digits (char *out, int n, int v) {
  for (; n > 0; v /= 10)
    out[--n] = (char)('0' + v % 10);
}

static int days_in (int month, int year) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_separator (char c) {
  return c == '/' || c == '-' || c == '.' || c == '_';
}

const char *hl_date_normalize (const char *text, char *out) {
  static const char shape[] =
      "write a date as YYYY-MM-DD or MM/DD/YYYY (month first), nothing else";
  int year, month, day, n = strlen(text) == 10 ? 0 : -1;

  if (n == 0 && is_separator(text[4]) && text[7] == text[4]) {
    year = number(text, 4);
    month = number(text + 5, 2);
    day = number(text + 8, 2);
  } else if (n == 0 && is_separator(text[2]) && text[5] == text[2]) {
    month = number(text, 2);
    day = number(text + 3, 2);
    year = number(text + 6, 4);
  } else {
    return shape;
  }
  if (year < 0 || month < 0 || day < 0)
    return shape;
  if (month > 12 && day >= 1 && day <= 12)
    return "there is no such month; the month comes before the day";
  if (month < 1 || month > 12)
    return "there is no such month; months are 01 to 12";
  if (year < 1 || day < 1 || day > days_in(month, year))
    return "there is no such day in the calendar";
  put_digits(out, 4, year);
  put_digits(out + 5, 2, month);
  put_digits(out + 8, 2, day);
  out[4] = out[7] = '-';
  out[10] = '\0';
  return NULL;
}
