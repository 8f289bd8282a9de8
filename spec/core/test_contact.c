/*
** test_contact.c: the checks of an update, its body, dates and countries.
**
** The tables of wrong bodies are in encode_spec.lua, which goes through all
** of it; here is what only C can ask.
*/
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "contact.h"
#include "country.h"
#include "date.h"
#include "json.h"

/* The body for the fields of a JSON text; or NULL, and the first problem. */
static char *encode (const char *text, const char *version, bool lax,
                     char *problem, size_t room) {
  const hl_result *why = NULL;
  char *body = NULL;
  size_t len;
  hl_kind kind = hl_encode(hl_fields_new(cJSON_Parse(text)), version, lax,
                           &body, &len, &why);

  if (kind != HL_OK)
    snprintf(problem, room, "%s", why->message);
  hl_result_free(why);
  return body;
}

static void writes_bodies (void **state) {
  static const struct {
    const char *version, *fields, *body;
  } rows[] = {
      {NULL, "{\"lastName\":null,\"firstName\":\"a\"}",
       "{\"firstName\":\"a\",\"lastName\":null}"},
      {"v3", "{\"dndSettings\":{\"SMS\":{\"status\":\"active\"}}}",
       "{\"dndSettings\":{\"sms\":{\"status\":\"active\"}}}"},
      {"2021-07-28", "{\"dndSettings\":{\"whatsApp\":{\"status\":\"active\"}}}",
       "{\"dndSettings\":{\"WhatsApp\":{\"status\":\"active\"}}}"},
      {"v3", "{\"customFields\":[{\"field_value\":1,\"id\":\"x\"}]}",
       "{\"customFields\":[{\"id\":\"x\",\"fieldValue\":1}]}"},
      {NULL, "{\"dateOfBirth\":\"02_29_2024\"}",
       "{\"dateOfBirth\":\"2024-02-29\"}"},
      {NULL,
       "{\"customFields\":[{\"id\":\"x\",\"field_value\":{\"b\":{\"d\":1,"
       "\"c\":2},\"a\":[]}}]}",
       "{\"customFields\":[{\"id\":\"x\",\"field_value\":{\"a\":[],\"b\":{"
       "\"c\":2,\"d\":1}}}]}"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char problem[200] = "";
    char *body = encode(rows[i].fields, rows[i].version, false, problem,
                        sizeof(problem));
    if (body == NULL)
      fail_msg("row %zu: %s", i, problem);
    assert_string_equal(body, rows[i].body);
    hl_free(body);
  }
}

static void refuses_what_lua_cannot_say (void **state) {
  static const struct {
    const char *fields, *says;
  } rows[] = {
      {"{\"firstName\":\"a\",\"firstName\":\"b\"}",
       "firstName: is given twice; keep one"},
      {"[]", "must be an object of fields, not a list"},
      {"null", "cannot be null"},
      {"\"x\"", "must be an object of fields, not a text"},
      {"{\"tags\":{}}", "tags: must be a list of texts, not an object"},
      {"{\"dndSettings\":[]}", "dndSettings: must be an object of channels"},
  };
  char problem[200];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    assert_row(i, encode(rows[i].fields, NULL, false, problem,
                         sizeof(problem)) == NULL);
    if (strncmp(problem, rows[i].says, strlen(rows[i].says)) != 0)
      fail_msg("row %zu: %s", i, problem);
  }
  assert_null(
      encode("{\"name\":\"a\"}", "v2", false, problem, sizeof(problem)));
  assert_string_equal(problem, "api_version: must be \"2021-07-28\" or \"v3\"");
}

static void takes_complaints_of_others (void **state) {
  hl_fields *fields = hl_fields_new(cJSON_Parse("{\"zip\":1}"));
  const hl_result *why = NULL;
  char *body;
  size_t len;

  (void)state;
  assert_int_equal(hl_fields_complain(fields, "a[2]", "is odd"), HL_OK);
  assert_int_equal(hl_fields_complain(fields, "a[10]", "is odd"), HL_OK);
  assert_int_equal(hl_encode(fields, NULL, false, &body, &len, &why),
                   HL_INVALID);
  assert_int_equal(why->n_messages, 3);
  assert_string_equal(why->path, "a[2]");
  assert_string_equal(why->messages[1].text, "a[10]: is odd");
  assert_string_equal(why->messages[2].text,
                      "zip: is not a field of a contact; did you mean "
                      "postalCode?");
  hl_result_free(why);
}

static void sorts_very_many_names (void **state) {
  cJSON *document = cJSON_CreateObject();
  char problem[200], name[20];
  char *text, *body;
  int i;

  (void)state;
  for (i = 0; i < 500; i++) {
    snprintf(name, sizeof(name), "x%03d", (i * 7919) % 500);
    cJSON_AddNumberToObject(document, name, i);
  }
  text = cJSON_PrintUnformatted(document);
  body = encode(text, NULL, true, problem, sizeof(problem));
  assert_non_null(body);
  assert_int_equal(strncmp(body, "{\"x000\":0,\"x001\":", 17), 0);
  cJSON_free(text);
  cJSON_Delete(document);
  hl_free(body);
}

static void knows_dates (void **state) {
  static const struct {
    const char *text, *date; /* NULL: refused */
  } rows[] = {
      {"1990/09/25", "1990-09-25"}, {"09/25/1990", "1990-09-25"},
      {"1990-09-25", "1990-09-25"}, {"09-25-1990", "1990-09-25"},
      {"1990.09.25", "1990-09-25"}, {"09.25.1990", "1990-09-25"},
      {"1990_09_25", "1990-09-25"}, {"09_25_1990", "1990-09-25"},
      {"2000-02-29", "2000-02-29"}, {"2004-02-29", "2004-02-29"},
      {"1900-02-29", NULL},         {"2001-02-29", NULL},
      {"1990-00-10", NULL},         {"1990-13-01", NULL},
      {"1990-12-32", NULL},         {"1990-12-00", NULL},
      {"0000-01-01", NULL},         {"25/09/1990", NULL},
      {"1990-09/25", NULL},         {"1990 09 25", NULL},
      {"1990-9-25", NULL},          {"90-09-25", NULL},
      {"19900925", NULL},           {"", NULL},
      {"1990-09-25T", NULL},        {"aaaa-bb-cc", NULL},
      {"+990-09-25", NULL},         {"1990--9-25", NULL},
  };
  char out[11];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const char *why = hl_date_normalize(rows[i].text, out);
    assert_row(i, (why == NULL) == (rows[i].date != NULL));
    if (rows[i].date != NULL)
      assert_string_equal(out, rows[i].date);
  }
}

static void knows_countries (void **state) {
  size_t row = 0;
  int codes = 0;
  char code[3] = "AA";

  (void)state;
  for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
    for (code[1] = 'A'; code[1] <= 'Z'; code[1]++)
      codes += hl_country_is_code(code);
  assert_int_equal(codes, 247);
  assert_true(hl_country_is_code("XK"));
  assert_false(hl_country_is_code("us"));
  assert_false(hl_country_is_code(""));
  assert_false(hl_country_is_code("USA"));
  assert_string_equal(hl_country_find("congo", &row), "CD");
  assert_string_equal(hl_country_find("congo", &row), "CG");
  assert_null(hl_country_find("congo", &row));
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_bodies),
      cmocka_unit_test(refuses_what_lua_cannot_say),
      cmocka_unit_test(takes_complaints_of_others),
      cmocka_unit_test(sorts_very_many_names),
      cmocka_unit_test(knows_dates),
      cmocka_unit_test(knows_countries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
