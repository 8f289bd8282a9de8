/*
** test_date.c: dates of birth, the eight forms and what is no date.
*/
#include "check.h"

#include <stdbool.h>
#include <stdio.h>

#include "date.h"

#define SHAPE                                                                  \
  "write a date as YYYY-MM-DD or MM/DD/YYYY (month first), nothing else"
#define MONTH "there is no such month; months are 01 to 12"
#define ORDER "there is no such month; the month comes before the day"
#define DAY "there is no such day in the calendar"

static void it_reads_every_form (void **state) {
  static const struct {
    const char *text, *date;
  } rows[] = {
      {"1990/03/04", "1990-03-04"}, {"03/04/1990", "1990-03-04"},
      {"1990-03-04", "1990-03-04"}, {"03-04-1990", "1990-03-04"},
      {"1990.03.04", "1990-03-04"}, {"03.04.1990", "1990-03-04"},
      {"1990_03_04", "1990-03-04"}, {"03_04_1990", "1990-03-04"},
      {"0001-01-01", "0001-01-01"}, {"9999-12-31", "9999-12-31"},
      {"12/31/9999", "9999-12-31"}, {"2024-02-29", "2024-02-29"},
      {"2000-02-29", "2000-02-29"}, {"02/29/1996", "1996-02-29"},
      {"12-12-2012", "2012-12-12"}, {"1970.01.31", "1970-01-31"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char date[11];
    memset(date, '#', sizeof(date));
    assert_row(i, hl_date_normalize(rows[i].text, date) == NULL);
    assert_string_equal(date, rows[i].date);
  }
}

static void it_says_what_is_wrong (void **state) {
  static const struct {
    const char *text, *why;
  } rows[] = {
      /* other shapes */
      {"", SHAPE},
      {" ", SHAPE},
      {"1990", SHAPE},
      {"1990-3-4", SHAPE},
      {"90-03-04", SHAPE},
      {"03/04/90", SHAPE},
      {"3/4/1990", SHAPE},
      {"19900304", SHAPE},
      {"1990-03-041", SHAPE},
      {"1990-03-04T00:00:00.000Z", SHAPE},
      {" 1990-03-04", SHAPE},
      {"1990-03-04 ", SHAPE},
      {"1990-03/04", SHAPE},
      {"1990/03-04", SHAPE},
      {"03/04-1990", SHAPE},
      {"03-04/1990", SHAPE},
      {"1990 03 04", SHAPE},
      {"1990,03,04", SHAPE},
      {"1990:03:04", SHAPE},
      {"03 04 1990", SHAPE},
      {"199a-03-04", SHAPE},
      {"1990-0x-04", SHAPE},
      {"1990-03-4a", SHAPE},
      {"-990-03-04", SHAPE},
      {"+990-03-04", SHAPE},
      {"1990--3-04", SHAPE},
      {"1990-+3-04", SHAPE},
      {"1990- 3-04", SHAPE},
      {"YYYY-MM-DD", SHAPE},
      {"4 Mar 1990", SHAPE},
      {"March 4th.", SHAPE},
      {"----------", SHAPE},
      {"//////////", SHAPE},
      {"123-45-678", SHAPE},
      {"1990-\xD9\xA3-04", SHAPE}, /* an Arabic digit is no digit here */
      {"636508800000", SHAPE},
      /* months */
      {"1990-00-04", MONTH},
      {"1990-13-13", MONTH},
      {"00/04/1990", MONTH},
      {"99/99/1990", MONTH},
      {"1990-13-00", MONTH},
      /* the day first */
      {"31/12/1990", ORDER},
      {"13/01/1990", ORDER},
      {"25.12.1990", ORDER},
      {"1990-31-12", ORDER},
      {"1990-13-01", ORDER},
      /* days */
      {"1990-01-00", DAY},
      {"1990-01-32", DAY},
      {"1990-04-31", DAY},
      {"06/31/1990", DAY},
      {"1990-09-31", DAY},
      {"1990-11-31", DAY},
      {"1990-02-29", DAY},
      {"2023-02-29", DAY},
      {"1900-02-29", DAY},
      {"2100-02-29", DAY},
      {"2000-02-30", DAY},
      {"02-30-2024", DAY},
      {"0000-01-01", DAY},
      {"01/01/0000", DAY},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char date[11] = "untouched";
    const char *why = hl_date_normalize(rows[i].text, date);
    if (why == NULL)
      fail_msg("row %zu: \"%s\" taken as %s", i, rows[i].text, date);
    assert_string_equal(why, rows[i].why);
    assert_string_equal(date, "untouched");
  }
}

/* Every day of four centuries, with the calendar kept by counting. */
static void it_knows_the_calendar (void **state) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year, month, day, good = 0;

  (void)state;
  for (year = 1700; year < 2100; year++)
    for (month = 1; month <= 12; month++)
      for (day = 1; day <= 31; day++) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        bool real = day <= days[month - 1] + (leap && month == 2);
        char text[40], date[11], wanted[40];
        snprintf(text, sizeof(text), "%02d_%02d_%04d", month, day, year);
        snprintf(wanted, sizeof(wanted), "%04d-%02d-%02d", year, month, day);
        if ((hl_date_normalize(text, date) == NULL) != real)
          fail_msg("%s", text);
        if (real)
          assert_string_equal(date, wanted);
        good += real;
      }
  assert_int_equal(good, 146097); /* the days of 400 years, whichever */
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_reads_every_form),
      cmocka_unit_test(it_says_what_is_wrong),
      cmocka_unit_test(it_knows_the_calendar),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
