/*
** test_country.c: the 247 codes that the API knows, and finding them.
*/
#include "check.h"

#include "country.h"

static void it_knows_247_codes (void **state) {
  char code[3] = "AA";
  int known = 0;

  (void)state;
  for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
    for (code[1] = 'A'; code[1] <= 'Z'; code[1]++) {
      size_t from = 0;
      const char *found = hl_country_find(code, &from);
      bool is = hl_country_is_code(code);
      if (is && (found == NULL || strcmp(found, code) != 0))
        fail_msg("%s is not found", code);
      if (!is && found != NULL && strcmp(code, "UK") != 0)
        fail_msg("%s is found as %s", code, found);
      known += is;
    }
  assert_int_equal(known, 247);
}

static void it_tells_codes_from_others (void **state) {
  static const struct {
    const char *text;
    bool is;
  } rows[] = {
      {"US", true},   {"GB", true},       {"DE", true},   {"AD", true},
      {"ZW", true},   {"XK", true},       {"AN", true},   {"HK", true},
      {"BL", false},  {"BQ", false},      {"CW", false},  {"SS", false},
      {"UK", false},  {"EU", false},      {"XX", false},  {"ZZ", false},
      {"us", false},  {"Us", false},      {"", false},    {"U", false},
      {"USA", false}, {"US ", false},     {" US", false}, {"00", false},
      {"840", false}, {"Germany", false},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++)
    assert_row(i, hl_country_is_code(rows[i].text) == rows[i].is);
}

static void it_finds_by_name_or_code (void **state) {
  static const struct {
    const char *text, *first, *second;
  } rows[] = {
      {"Germany", "DE", NULL},
      {"gErMaNy", "DE", NULL},
      {"germany", "DE", NULL},
      {"us", "US", NULL},
      {"United States", "US", NULL},
      {"andorra", "AD", NULL}, /* "AndorrA" in the API's own list */
      {"zimbabwe", "ZW", NULL},
      {"Netherlands Antilles", "AN", NULL},
      {"Kosovo", "XK", NULL},
      {"Congo", "CD", "CG"},
      {"korea", "KP", "KR"},
      {"Virgin Islands", "VG", "VI"},
      {"Germ", NULL, NULL},
      {"Germany ", NULL, NULL},
      {"Deutschland", NULL, NULL},
      {"", NULL, NULL},
      {"UK", "GB", NULL},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    size_t from = 0;
    const char *first = hl_country_find(rows[i].text, &from);
    const char *second = hl_country_find(rows[i].text, &from);
    assert_row(i, (first == NULL) == (rows[i].first == NULL));
    assert_row(i, (second == NULL) == (rows[i].second == NULL));
    if (first != NULL)
      assert_string_equal(first, rows[i].first);
    if (second != NULL)
      assert_string_equal(second, rows[i].second);
    assert_null(hl_country_find(rows[i].text, &from));
  }
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_knows_247_codes),
      cmocka_unit_test(it_tells_codes_from_others),
      cmocka_unit_test(it_finds_by_name_or_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
