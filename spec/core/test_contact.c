/*
** test_contact.c: which updates are right, what is said of the others, and
** what is sent.
*/
#include "check.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "contact.h"
#include "json.h"

static const char *const versions[] = {"2021-07-28", "v3"};

/* The body for a document, or NULL with every complaint in `said`, in lines. */
static char *encode_tree (cJSON *document, const char *version, bool lax,
                          char *said, size_t room) {
  const hl_result *why = NULL;
  char *body = NULL;
  size_t len = 0, i, n = 0;
  hl_kind kind =
      hl_encode(hl_fields_new(document), version, lax, &body, &len, &why);

  said[0] = '\0';
  if (kind == HL_OK) {
    assert_non_null(body);
    assert_null(why);
    assert_int_equal(strlen(body), len);
    return body;
  }
  assert_int_equal(kind, HL_INVALID);
  assert_null(body);
  assert_true(why->n_messages > 0);
  for (i = 0; i < why->n_messages && n < room; i++)
    n += (size_t)snprintf(said + n, room - n, "%s%s", i > 0 ? "\n" : "",
                          why->messages[i].text);
  hl_result_free(why);
  return NULL;
}

static char *encode (const char *text, const char *version, bool lax,
                     char *said, size_t room) {
  hl_json_fault fault;
  cJSON *document = hl_json_parse(text, strlen(text), &fault);

  if (document == NULL)
    fail_msg("%s: %s", text, fault.what);
  return encode_tree(document, version, lax, said, room);
}

/* Fields in, and either the body or the complaints out. */
typedef struct row {
  const char *fields;
  const char *out;
} row;

static void all_give (const row *rows, size_t n, const char *version,
                      bool lax) {
  size_t i;

  for (i = 0; i < n; i++) {
    char said[4000];
    char *body = encode(rows[i].fields, version, lax, said, sizeof(said));
    const char *got = body != NULL ? body : said;
    if (strcmp(got, rows[i].out) != 0)
      fail_msg("row %zu: %s\n  gave   %s\n  wanted %s", i, rows[i].fields, got,
               rows[i].out);
    hl_free(body);
  }
}

#define ALL_GIVE(rows, version) all_give(rows, COUNT(rows), version, false)

/*----------------------------------------------------- types, nullability */

#define KEEP "cannot be null; leave it out to keep what is there"

/* What is said of one value of each type; NULL: it is taken. */
typedef struct type {
  const char *text, *number, *big, *boolean, *list, *object;
} type;

static const type text_type = {NULL,
                               "must be a text, not a number; put it in quotes",
                               "must be a text, not a number; put it in quotes",
                               "must be a text, not a boolean",
                               "must be a text, not a list",
                               "must be a text, not an object"};
static const type boolean_type = {
    "must be true or false, not a text; take the quotes off",
    "must be true or false, not a number",
    "must be true or false, not a number",
    NULL,
    "must be true or false, not a list",
    "must be true or false, not an object"};
static const type date_type = {"\"x\": write a date as YYYY-MM-DD or "
                               "MM/DD/YYYY (month first), nothing else",
                               "must be a date, written as a text, not a "
                               "number",
                               "must be a date, written as a text, not a "
                               "number",
                               "must be a date, written as a text, not a "
                               "boolean",
                               "must be a date, written as a text, not a list",
                               "must be a date, written as a text, not an "
                               "object"};
static const type country_type = {
    "\"x\" is not a country code; write one like \"US\"",
    "must be a two-letter country code, not a number",
    "must be a two-letter country code, not a number",
    "must be a two-letter country code, not a boolean",
    "must be a two-letter country code, not a list",
    "must be a two-letter country code, not an object"};
static const type tags_type = {"must be a list of texts, not a text; put it "
                               "in braces, like { \"one\", \"two\" }",
                               "must be a list of texts, not a number",
                               "must be a list of texts, not a number",
                               "must be a list of texts, not a boolean",
                               NULL,
                               "must be a list of texts, not an object"};
static const type custom_type = {
    "must be a list of custom fields, not a text; put it in braces, like "
    "{ \"one\", \"two\" }",
    "must be a list of custom fields, not a number",
    "must be a list of custom fields, not a number",
    "must be a list of custom fields, not a boolean",
    NULL,
    "must be a list of custom fields, not an object"};
static const type dnd_type = {"must be an object of channels, not a text",
                              "must be an object of channels, not a number",
                              "must be an object of channels, not a number",
                              "must be an object of channels, not a boolean",
                              "must be an object of channels, not a list",
                              NULL};
static const type inbound_type = {
    "must be an object with the key all, not a text",
    "must be an object with the key all, not a number",
    "must be an object with the key all, not a number",
    "must be an object with the key all, not a boolean",
    "must be an object with the key all, not a list",
    NULL};

/* In the API document's order, which is the order they are sent in. */
static const struct field {
  const char *name;
  const type *type;
  bool nullable;
} fields[] = {
    {"firstName", &text_type, true},
    {"lastName", &text_type, true},
    {"name", &text_type, true},
    {"email", &text_type, true},
    {"phone", &text_type, true},
    {"address1", &text_type, true},
    {"city", &text_type, true},
    {"state", &text_type, true},
    {"postalCode", &text_type, false},
    {"website", &text_type, true},
    {"timezone", &text_type, true},
    {"dnd", &boolean_type, false},
    {"dndSettings", &dnd_type, false},
    {"inboundDndSettings", &inbound_type, false},
    {"tags", &tags_type, false},
    {"customFields", &custom_type, false},
    {"source", &text_type, true},
    {"dateOfBirth", &date_type, true},
    {"country", &country_type, false},
    {"assignedTo", &text_type, true},
};

static void one_value (const struct field *f, const char *version,
                       const char *value, const char *why) {
  char document[200], said[1000], wanted[1000];
  char *body;

  snprintf(document, sizeof(document), "{\"%s\":%s}", f->name, value);
  body = encode(document, version, false, said, sizeof(said));
  if (why != NULL)
    snprintf(wanted, sizeof(wanted), "%s: %s", f->name, why);
  else
    snprintf(wanted, sizeof(wanted), "%s", document);
  if (strcmp(body != NULL ? body : said, wanted) != 0)
    fail_msg("%s under %s\n  gave   %s\n  wanted %s", document, version,
             body != NULL ? body : said, wanted);
  hl_free(body);
}

static void it_knows_every_fields_type (void **state) {
  size_t v, i;

  (void)state;
  assert_int_equal(COUNT(fields), 20);
  for (v = 0; v < COUNT(versions); v++)
    for (i = 0; i < COUNT(fields); i++) {
      const struct field *f = &fields[i];
      one_value(f, versions[v], "\"x\"", f->type->text);
      one_value(f, versions[v], "1.5", f->type->number);
      one_value(f, versions[v], "9007199254740993", f->type->big);
      one_value(f, versions[v], "true", f->type->boolean);
      one_value(f, versions[v], "false", f->type->boolean);
      one_value(f, versions[v], "[]", f->type->list);
      one_value(f, versions[v], "{}", f->type->object);
      one_value(f, versions[v], "null", f->nullable ? NULL : KEEP);
    }
}

static void it_sends_in_the_documents_order (void **state) {
  static const char sent[] =
      "{\"firstName\":\"a\",\"lastName\":\"b\",\"name\":\"c\",\"email\":\"d\","
      "\"phone\":\"e\",\"address1\":\"f\",\"city\":\"g\",\"state\":\"h\","
      "\"postalCode\":\"i\",\"website\":\"j\",\"timezone\":\"k\",\"dnd\":true,"
      "\"dndSettings\":{},\"inboundDndSettings\":{},\"tags\":[\"z\",\"a\"],"
      "\"customFields\":[],\"source\":\"l\",\"dateOfBirth\":null,"
      "\"country\":\"US\",\"assignedTo\":\"m\"}";
  char said[1000];
  size_t turn;

  (void)state;
  for (turn = 0; turn < COUNT(fields); turn++) {
    hl_json_fault fault;
    cJSON *whole = hl_json_parse(sent, sizeof(sent) - 1, &fault);
    cJSON *mixed = cJSON_CreateObject();
    char *body;
    size_t i;
    /* 7 and 20 have no common divisor: every one has its turn */
    for (i = 0; i < COUNT(fields); i++) {
      const char *name = fields[(i * 7 + turn) % COUNT(fields)].name;
      cJSON_AddItemToObject(
          mixed, name, cJSON_DetachItemFromObjectCaseSensitive(whole, name));
    }
    assert_null(whole->child);
    cJSON_Delete(whole);
    body = encode_tree(mixed, NULL, false, said, sizeof(said));
    assert_string_equal(body != NULL ? body : said, sent);
    hl_free(body);
  }
}

static void it_sends_what_is_given (void **state) {
  static const row rows[] = {
      {"{\"firstName\":\"\"}", "{\"firstName\":\"\"}"},
      {"{\"firstName\":\"é€😀\\u0000\\n\\\"\\\\/\"}",
       "{\"firstName\":\"é€😀\\u0000\\n\\\"\\\\/\"}"},
      {"{\"email\":null,\"phone\":null}", "{\"email\":null,\"phone\":null}"},
      {"{\"email\":\"\",\"phone\":\"\"}",
       "email: is empty; HighLevel refuses an empty one; send null to empty "
       "the field\nphone: is empty; HighLevel refuses an empty one; send null "
       "to empty the field"},
      {"{\"tags\":[]}", "{\"tags\":[]}"},
      {"{\"tags\":[\"b\",\"a\",\"b\",\"\"]}",
       "{\"tags\":[\"b\",\"a\",\"b\",\"\"]}"},
      {"{\"tags\":[\"a\",1,null,[],{}]}",
       "tags[2]: must be a text, not a number; put it in quotes\n"
       "tags[3]: " KEEP "\n"
       "tags[4]: must be a text, not a list\n"
       "tags[5]: must be a text, not an object"},
      {"{\"dateOfBirth\":\"03/04/1990\"}", "{\"dateOfBirth\":\"1990-03-04\"}"},
      {"{\"dateOfBirth\":\"13/04/1990\"}",
       "dateOfBirth: \"13/04/1990\": there is no such month; the month comes "
       "before the day"},
      {"{\"dateOfBirth\":\"1990-02-30\"}",
       "dateOfBirth: \"1990-02-30\": there is no such day in the calendar"},
      {"{\"country\":\"DE\"}", "{\"country\":\"DE\"}"},
      {"{\"country\":\"de\"}", "country: write the two-letter code \"DE\""},
      {"{\"country\":\"germany\"}",
       "country: write the two-letter code \"DE\""},
      {"{\"country\":\"UK\"}", "country: write the two-letter code \"GB\""},
      {"{\"country\":\"Congo\"}",
       "country: write the two-letter code, which is \"CD\" or \"CG\""},
      {"{\"country\":\"\"}",
       "country: \"\" is not a country code; write one like \"US\""},
      {"{\"timezone\":\"America/Argentina/Buenos_Aires\"}",
       "{\"timezone\":\"America/Argentina/Buenos_Aires\"}"},
      {"{\"timezone\":\"Etc/GMT+12\"}", "{\"timezone\":\"Etc/GMT+12\"}"},
      {"{\"timezone\":\"Etc/GMT-1\"}", "{\"timezone\":\"Etc/GMT-1\"}"},
      {"{\"timezone\":\"New York\"}",
       "timezone: \"New York\" is no time zone; write it like "
       "America/Chicago"},
      {"{\"timezone\":\"\"}",
       "timezone: \"\" is no time zone; write it like America/Chicago"},
      {"{}", "there is no field in this update; give at least one, as every "
             "update may start workflows"},
      {"[]", "must be an object of fields, not a list"},
      {"\"x\"", "must be an object of fields, not a text"},
      {"1", "must be an object of fields, not a number"},
      {"true", "must be an object of fields, not a boolean"},
      {"{\"name\":\"a\",\"name\":\"b\"}", "name: is given twice; keep one"},
  };

  (void)state;
  ALL_GIVE(rows, "2021-07-28");
  ALL_GIVE(rows, "v3");
  ALL_GIVE(rows, NULL);
}

static void it_refuses_unknown_versions (void **state) {
  static const char *const rows[] = {"", "v2", "V3", "v3 ", "2021-07-29"};
  char said[200];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    assert_null(encode("{\"name\":\"a\"}", rows[i], false, said, sizeof(said)));
    assert_string_equal(said, "api_version: must be \"2021-07-28\" or \"v3\"");
  }
}

/*--------------------------------------------------------- unknown names */

#define NAME_IS(name, rest)                                                    \
  { "{\"" name "\":\"x\"}", name ": is not a field of a contact; " rest }

static void it_suggests_names (void **state) {
  static const row rows[] = {
      NAME_IS("first_name", "did you mean firstName?"),
      NAME_IS("firstname", "did you mean firstName?"),
      NAME_IS("FIRSTNAME", "did you mean firstName?"),
      NAME_IS("first-name", "did you mean firstName?"),
      NAME_IS("frstName", "did you mean firstName?"),
      NAME_IS("last_name", "did you mean lastName?"),
      NAME_IS("lastNmae", "did you mean lastName?"),
      NAME_IS("Email", "did you mean email?"),
      NAME_IS("e_mail", "did you mean email?"),
      NAME_IS("emial", "did you mean email?"),
      NAME_IS("mail", "did you mean email?"),
      NAME_IS("phones", "did you mean phone?"),
      NAME_IS("address2", "did you mean address1?"),
      NAME_IS("adress1", "did you mean address1?"),
      NAME_IS("postal_code", "did you mean postalCode?"),
      NAME_IS("webiste", "did you mean website?"),
      NAME_IS("time_zone", "did you mean timezone?"),
      NAME_IS("DND", "did you mean dnd?"),
      NAME_IS("dndSetting", "did you mean dndSettings?"),
      NAME_IS("inbound_dnd_settings", "did you mean inboundDndSettings?"),
      NAME_IS("tag", "did you mean tags?"),
      NAME_IS("customField", "did you mean customFields?"),
      NAME_IS("custom_fields", "did you mean customFields?"),
      NAME_IS("date_of_birth", "did you mean dateOfBirth?"),
      NAME_IS("assigned_to", "did you mean assignedTo?"),
      /* names with an answer of their own */
      NAME_IS("locationId", "the token says which location; HighLevel answers "
                            "422 to it: leave it out"),
      NAME_IS("location_id", "the token says which location; HighLevel answers "
                             "422 to it: leave it out"),
      NAME_IS("id", "the contact id goes before the fields, not into them"),
      NAME_IS("contactId",
              "the contact id goes before the fields, not into them"),
      NAME_IS("gender",
              "HighLevel takes no gender in an update (422): leave it out"),
      NAME_IS("companyName",
              "no field of an update, in no version: leave it out"),
      NAME_IS("additionalEmails", "a contact has one primary email and phone "
                                  "here: leave it out"),
      NAME_IS("additionalPhones", "a contact has one primary email and phone "
                                  "here: leave it out"),
      NAME_IS("dateAdded", "an update cannot set it: leave it out"),
      NAME_IS("type", "an update cannot set it: leave it out"),
      NAME_IS("ssn", "an update cannot set it: leave it out"),
      NAME_IS("attributionSource", "an update cannot set it: leave it out"),
      NAME_IS("followers", "this has an API call of its own: leave it out"),
      NAME_IS("businessId", "this has an API call of its own: leave it out"),
      NAME_IS("createNewIfDuplicateAllowed", "for upsert only: leave it out"),
      NAME_IS("zip", "did you mean postalCode?"),
      NAME_IS("zip_code", "did you mean postalCode?"),
      NAME_IS("street", "did you mean address1?"),
      NAME_IS("mobile", "did you mean phone?"),
      NAME_IS("dob", "did you mean dateOfBirth?"),
      NAME_IS("birthday", "did you mean dateOfBirth?"),
      NAME_IS("fullName", "did you mean name?"),
      NAME_IS("countryCode", "did you mean country?"),
  };

  (void)state;
  ALL_GIVE(rows, "2021-07-28");
  ALL_GIVE(rows, "v3");
}

#define LOST                                                                   \
  "and one unknown name fails the whole update (strict = false lets it "       \
  "through)"

static void it_suggests_nothing_far_off (void **state) {
  static const row rows[] = {
      {"{\"x\":1}", "x: is not a field of a contact, " LOST},
      {"{\"favouriteColour\":1}",
       "favouriteColour: is not a field of a contact, " LOST},
      {"{\"score\":1}", "score: is not a field of a contact, " LOST},
      {"{\"\":1}", "[\"\"]: is not a field of a contact, " LOST},
      {"{\"a b\":1}", "[\"a b\"]: is not a field of a contact, " LOST},
      {"{\"a\\nb\":1}", "[\"a.b\"]: is not a field of a contact, " LOST},
  };

  (void)state;
  ALL_GIVE(rows, NULL);
}

static void it_lists_every_problem (void **state) {
  static const row rows[] = {
      {"{\"zip\":1,\"email\":\"\",\"dnd\":\"x\",\"tags\":[1,\"a\",2]}",
       "dnd: must be true or false, not a text; take the quotes off\n"
       "email: is empty; HighLevel refuses an empty one; send null to empty "
       "the field\n"
       "tags[1]: must be a text, not a number; put it in quotes\n"
       "tags[3]: must be a text, not a number; put it in quotes\n"
       "zip: is not a field of a contact; did you mean postalCode?"},
      {"{\"tags\":[0,\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",0,0]}",
       "tags[1]: must be a text, not a number; put it in quotes\n"
       "tags[10]: must be a text, not a number; put it in quotes\n"
       "tags[11]: must be a text, not a number; put it in quotes"},
  };

  (void)state;
  ALL_GIVE(rows, NULL);
}

static void it_lets_names_through_when_lax (void **state) {
  static const row rows[] = {
      {"{\"zip\":{\"b\":1,\"a\":[2,null,{\"d\":1,\"c\":2}]},\"aa\":1,"
       "\"source\":\"s\",\"name\":\"n\"}",
       "{\"name\":\"n\",\"source\":\"s\",\"aa\":1,\"zip\":{\"a\":[2,null,"
       "{\"c\":2,\"d\":1}],\"b\":1}}"},
      {"{\"gender\":null}", "{\"gender\":null}"},
      {"{\"score\":9223372036854775807}", "{\"score\":9223372036854775807}"},
      {"{\"score\":1,\"name\":2}",
       "name: must be a text, not a number; put it in quotes"},
      {"{\"dndSettings\":{\"RCS\":{\"status\":\"x\"}}}",
       "{\"dndSettings\":{\"RCS\":{\"status\":\"x\"}}}"},
      {"{}", "there is no field in this update; give at least one, as every "
             "update may start workflows"},
  };

  (void)state;
  all_give(rows, COUNT(rows), NULL, true);
}

static void it_sorts_very_many_names (void **state) {
  cJSON *document = cJSON_CreateObject();
  char said[200], name[20];
  char *body;
  int i;

  (void)state;
  for (i = 0; i < 500; i++) {
    snprintf(name, sizeof(name), "x%03d", (i * 7919) % 500);
    cJSON_AddNumberToObject(document, name, i);
  }
  body = encode_tree(document, NULL, true, said, sizeof(said));
  assert_non_null(body);
  for (i = 1; i < 500; i++) {
    char before[20];
    snprintf(before, sizeof(before), "\"x%03d\":", i - 1);
    snprintf(name, sizeof(name), "\"x%03d\":", i);
    assert_true(strstr(body, before) < strstr(body, name));
  }
  hl_free(body);
}

/*--------------------------------------------------------- do not disturb */

static void it_spells_channels_by_version (void **state) {
  static const char *const names[][2] = {
      {"Call", "call"},         {"Email", "email"}, {"SMS", "sms"},
      {"WhatsApp", "whatsApp"}, {"GMB", "gmb"},     {"FB", "fb"},
  };
  size_t i, given, v;

  (void)state;
  for (i = 0; i < COUNT(names); i++)
    for (given = 0; given < 2; given++)
      for (v = 0; v < 2; v++) {
        char in[200], out[200];
        row one = {in, out};
        static const char shape[] =
            "{\"dndSettings\":{\"%s\":{\"status\":\"active\"}}}";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(in, sizeof(in), shape, names[i][given]);
        snprintf(out, sizeof(out), shape, names[i][v]);
#pragma GCC diagnostic pop
        all_give(&one, 1, versions[v], false);
      }
}

#define IN_SMS(part) "{\"dndSettings\":{\"SMS\":" part "}}"

static void it_checks_channels (void **state) {
  static const row rows[] = {
      {IN_SMS("{\"code\":\"c\",\"message\":\"m\",\"status\":\"permanent\"}"),
       IN_SMS("{\"status\":\"permanent\",\"message\":\"m\",\"code\":\"c\"}")},
      {IN_SMS("{\"status\":\"inactive\"}"),
       IN_SMS("{\"status\":\"inactive\"}")},
      {IN_SMS("{}"), "dndSettings.SMS: has no status, and it must"},
      {IN_SMS("null"), "dndSettings.SMS: " KEEP},
      {IN_SMS("\"active\""),
       "dndSettings.SMS: must be an object with a status, not a text"},
      {IN_SMS("{\"status\":\"on\"}"),
       "dndSettings.SMS.status: must be \"active\", \"inactive\" or "
       "\"permanent\", not \"on\""},
      {IN_SMS("{\"status\":\"Active\"}"),
       "dndSettings.SMS.status: must be \"active\", \"inactive\" or "
       "\"permanent\", not \"Active\""},
      {IN_SMS("{\"status\":true}"),
       "dndSettings.SMS.status: must be \"active\", \"inactive\" or "
       "\"permanent\", not a boolean"},
      {IN_SMS("{\"status\":null}"), "dndSettings.SMS.status: cannot be null"},
      {IN_SMS("{\"status\":\"active\",\"code\":103}"),
       "dndSettings.SMS.code: must be a text, not a number; put it in quotes"},
      {IN_SMS("{\"staus\":\"active\"}"),
       "dndSettings.SMS.staus: is not a part of a channel's setting; did you "
       "mean status?"},
      {IN_SMS("{\"status\":\"active\",\"zzz\":1}"),
       "dndSettings.SMS.zzz: is not a part of a channel's setting, " LOST},
      {"{\"dndSettings\":{\"RCS\":{}}}",
       "dndSettings.RCS: is not a channel; the API shows this channel but "
       "does not accept it"},
      {"{\"dndSettings\":{\"all\":{}}}",
       "dndSettings.all: is not a channel; this belongs in "
       "inboundDndSettings; dnd = true blocks everything"},
      {"{\"dndSettings\":{\"Whatsapp\":{\"status\":\"active\"}}}",
       "dndSettings.Whatsapp: is not a channel; did you mean WhatsApp?"},
      {"{\"dndSettings\":{\"SMS\":{\"status\":\"active\"},\"sms\":{"
       "\"status\":\"active\"}}}",
       "dndSettings.sms: is given twice (also as SMS); keep one"},
      {"{\"inboundDndSettings\":{\"all\":{\"message\":\"m\",\"status\":"
       "\"active\"}}}",
       "{\"inboundDndSettings\":{\"all\":{\"status\":\"active\",\"message\":"
       "\"m\"}}}"},
      {"{\"inboundDndSettings\":{\"all\":{\"status\":\"permanent\"}}}",
       "inboundDndSettings.all.status: must be \"active\" or \"inactive\", not "
       "\"permanent\""},
      {"{\"inboundDndSettings\":{\"all\":{}}}",
       "inboundDndSettings.all: has no status, and it must"},
      {"{\"inboundDndSettings\":{\"SMS\":{}}}",
       "inboundDndSettings.SMS: is not a key of inboundDndSettings, " LOST},
  };

  (void)state;
  ALL_GIVE(rows, "2021-07-28");
}

/*---------------------------------------------------------- custom fields */

#define CUSTOM(entry) "{\"customFields\":[" entry "]}"
#define VALUE(value) CUSTOM("{\"id\":\"a\",\"field_value\":" value "}")
#define AT_VALUE "customFields[1].field_value: "
#define TAKES "must be a text, a number, a list of texts or an object of files"

static void it_checks_custom_fields (void **state) {
  static const row rows[] = {
      {VALUE("\"x\""), VALUE("\"x\"")},
      {VALUE("\"\""), VALUE("\"\"")},
      {VALUE("100"), VALUE("100")},
      {VALUE("100.5"), VALUE("100.5")},
      {VALUE("100.0"), VALUE("100")},
      {VALUE("9223372036854775807"), VALUE("9223372036854775807")},
      {VALUE("null"), VALUE("null")},
      {VALUE("[]"), VALUE("[]")},
      {VALUE("[\"b\",\"a\"]"), VALUE("[\"b\",\"a\"]")},
      {VALUE("{}"), VALUE("{}")},
      {VALUE("{\"u\":{\"url\":\"h\",\"meta\":{\"size\":1},\"documentId\":"
             "\"d\"}}"),
       VALUE("{\"u\":{\"documentId\":\"d\",\"meta\":{\"size\":1},\"url\":"
             "\"h\"}}")},
      {CUSTOM("{\"field_value\":1,\"key\":\"k\"}"),
       CUSTOM("{\"key\":\"k\",\"field_value\":1}")},
      {CUSTOM("{\"fieldValue\":1,\"key\":\"k\",\"id\":\"i\"}"),
       CUSTOM("{\"id\":\"i\",\"key\":\"k\",\"field_value\":1}")},
      {VALUE("true"), AT_VALUE TAKES ", not a boolean; a checkbox takes a list "
                                     "of the texts ticked"},
      {VALUE("{\"currency\":\"USD\",\"value\":1}"),
       AT_VALUE "an amount of money is sent as a bare number, like 100.5"},
      {VALUE("[1]"), "customFields[1].field_value[1]: a list of a custom field "
                     "holds texts, not a number"},
      {VALUE("[\"a\",null,[],true]"),
       "customFields[1].field_value[2]: a list of a custom field holds texts, "
       "not null\n"
       "customFields[1].field_value[3]: a list of a custom field holds texts, "
       "not a list\n"
       "customFields[1].field_value[4]: a list of a custom field holds texts, "
       "not a boolean"},
      {VALUE("[{\"url\":\"h\"}]"),
       "customFields[1].field_value[1]: a list holds texts only; files go into "
       "one object, each under its uuid"},
      {CUSTOM("{\"id\":\"a\"}"),
       "customFields[1]: has no field_value, and it must"},
      {CUSTOM("{\"field_value\":1}"),
       "customFields[1]: says of no field: add its id (or its key)"},
      {CUSTOM("{\"id\":\"\",\"field_value\":1}"),
       "customFields[1].id: is empty; give the field's id, or leave it out and "
       "give its key"},
      {CUSTOM("{\"key\":\"\",\"field_value\":1}"),
       "customFields[1].key: is empty; leave it out where there is an id"},
      {CUSTOM("{\"id\":null,\"field_value\":1}"),
       "customFields[1].id: cannot be null"},
      {CUSTOM("{\"id\":1,\"field_value\":1}"),
       "customFields[1].id: must be a text, not a number; put it in quotes"},
      {CUSTOM("{\"id\":\"a\",\"value\":1}"),
       "customFields[1].value: is not a part of a custom field; answers call "
       "it value, updates field_value: rename it"},
      {CUSTOM("{\"name\":\"a\",\"field_value\":1}"),
       "customFields[1].name: is not a part of a custom field; a field is "
       "found by its id or its key, never by its name"},
      {CUSTOM("{\"id\":\"a\",\"dataType\":\"TEXT\",\"field_value\":1}"),
       "customFields[1].dataType: is not a part of a custom field; the type is "
       "HighLevel's to know: leave it out"},
      {CUSTOM("{\"id\":\"a\",\"field_valu\":1}"),
       "customFields[1].field_valu: is not a part of a custom field; did you "
       "mean field_value?"},
      {CUSTOM("{\"id\":\"a\",\"field_value\":1,\"fieldValue\":1}"),
       "customFields[1].field_value: is given twice (also as fieldValue); keep "
       "one"},
      {CUSTOM("\"a\""), "customFields[1]: must be an object with id and "
                        "field_value, not a text"},
      {CUSTOM("null"), "customFields[1]: " KEEP},
      {CUSTOM("[]"), "customFields[1]: must be an object with id and "
                     "field_value, not a list"},
  };

  (void)state;
  ALL_GIVE(rows, "2021-07-28");
}

static void it_spells_the_value_by_version (void **state) {
  static const row v3[] = {
      {CUSTOM("{\"id\":\"a\",\"field_value\":1}"),
       CUSTOM("{\"id\":\"a\",\"fieldValue\":1}")},
      {CUSTOM("{\"fieldValue\":null,\"id\":\"a\"}"),
       CUSTOM("{\"id\":\"a\",\"fieldValue\":null}")},
      {CUSTOM("{\"id\":\"a\"}"),
       "customFields[1]: has no fieldValue, and it must"},
      {CUSTOM("{\"id\":\"a\",\"field_valu\":1}"),
       "customFields[1].field_valu: is not a part of a custom field; did you "
       "mean fieldValue?"},
  };

  (void)state;
  ALL_GIVE(v3, "v3");
}

/*---------------------------------------------------- what is not JSON */

static char *encode_value (cJSON *value, char *said, size_t room) {
  cJSON *document = cJSON_CreateObject();
  cJSON *list = cJSON_AddArrayToObject(document, "customFields");
  cJSON *entry = cJSON_CreateObject();

  cJSON_AddItemToArray(list, entry);
  cJSON_AddStringToObject(entry, "id", "a");
  cJSON_AddItemToObject(entry, "field_value", value);
  return encode_tree(document, NULL, false, said, room);
}

static void it_refuses_numbers_json_lacks (void **state) {
  static const struct {
    double d;
    const char *said;
  } rows[] = {
      {NAN, AT_VALUE "NaN is no number that JSON can carry"},
      {INFINITY, AT_VALUE "infinity is no number that JSON can carry"},
      {-INFINITY, AT_VALUE "infinity is no number that JSON can carry"},
  };
  char said[300];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    assert_null(
        encode_value(hl_json_new_number(NULL, rows[i].d), said, sizeof(said)));
    assert_string_equal(said, rows[i].said);
  }
}

static void it_refuses_what_is_not_utf8 (void **state) {
  static const struct {
    const char *text, *said;
  } rows[] = {
      {"\xff", "is not UTF-8 (byte 1 is 0xFF): convert it first"},
      {"Jos\xe9", "is not UTF-8 (byte 4 is 0xE9): convert it first"},
      {"ab\xed\xa0\x80", "is not UTF-8 (byte 3 is 0xED): convert it first"},
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    cJSON *document = cJSON_CreateObject();
    char said[300], wanted[300];
    cJSON_AddStringToObject(document, "name", rows[i].text);
    assert_null(encode_tree(document, NULL, false, said, sizeof(said)));
    snprintf(wanted, sizeof(wanted), "name: the text %s", rows[i].said);
    assert_string_equal(said, wanted);

    document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, rows[i].text, 1);
    assert_null(encode_tree(document, NULL, true, said, sizeof(said)));
    assert_non_null(strstr(said, "this name is not UTF-8"));

    assert_null(
        encode_value(cJSON_CreateString(rows[i].text), said, sizeof(said)));
    snprintf(wanted, sizeof(wanted), AT_VALUE "the text %s", rows[i].said);
    assert_string_equal(said, wanted);
  }
}

/* A text with U+0000 is kept as its JSON text, and is no exception. */
static void it_refuses_it_beside_a_nul (void **state) {
  cJSON *document = cJSON_CreateObject();
  char said[300];
  char *body;

  (void)state;
  cJSON_AddItemToObject(document, "name", hl_json_new_string(NULL, "\xff", 2));
  assert_null(encode_tree(document, NULL, false, said, sizeof(said)));
  assert_non_null(strstr(said, "is not UTF-8"));
  body = encode_value(hl_json_new_string(NULL, "\xff", 2), said, sizeof(said));
  hl_free(body);
  assert_null(body);
  assert_non_null(strstr(said, "is not UTF-8"));
}

/* What a caller makes with cJSON_CreateRaw is an integer or a text. */
static void it_refuses_raw_nodes_that_are_no_value (void **state) {
  static const char *const rows[] = {
      "nonsense", "1,\"dnd\":true", "\"a", "\"a\",\"b\"", "", "01", "-",
  };
  char said[300];
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char *body = encode_value(cJSON_CreateRaw(rows[i]), said, sizeof(said));
    bool sent = body != NULL;
    hl_free(body);
    if (sent)
      fail_msg("row %zu: %s went into the body as it is", i, rows[i]);
  }
}

static void it_limits_depth (void **state) {
  char said[2000];
  int levels;

  (void)state;
  /* the body, the list, the entry, then the value's own levels */
  for (levels = 28; levels <= 31; levels++) {
    cJSON *value = cJSON_CreateObject(), *at = value;
    char *body;
    int i;
    for (i = 1; i < levels; i++)
      at = cJSON_AddObjectToObject(at, "a");
    body = encode_value(value, said, sizeof(said));
    if ((body != NULL) != (levels + 3 <= HL_DEPTH_OUT))
      fail_msg("%d levels: %s", levels + 3, body != NULL ? body : said);
    if (body == NULL)
      assert_non_null(strstr(said, ": nested deeper than 32 levels"));
    hl_free(body);
  }
}

/*---------------------------------------------------------------- fields */

static void it_lists_complaints_of_others_too (void **state) {
  hl_fields *f = hl_fields_new(cJSON_Parse("{\"zip\":1}"));
  const hl_result *why = NULL;
  char *body;
  size_t len;

  (void)state;
  assert_int_equal(hl_fields_complain(f, "a[10]", "is odd"), HL_OK);
  assert_int_equal(hl_fields_complain(f, "a[2]", "is odd"), HL_OK);
  assert_int_equal(hl_encode(f, NULL, false, &body, &len, &why), HL_INVALID);
  assert_int_equal(why->n_messages, 3);
  assert_string_equal(why->path, "a[2]");
  assert_string_equal(why->messages[1].text, "a[10]: is odd");
  assert_string_equal(why->messages[2].path, "zip");
  assert_string_equal(why->message,
                      "a[2]: is odd (and 2 more problems, see messages)");
  hl_result_free(why);
}

static void it_says_of_nothing_that_memory_ran_out (void **state) {
  const hl_result *why = NULL;
  char *body = NULL;
  size_t len;

  (void)state;
  assert_null(hl_fields_new(NULL));
  assert_int_equal(hl_encode(NULL, NULL, false, &body, &len, &why), HL_MEMORY);
  assert_null(why);
  hl_fields_free(NULL);
}

int main (void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_knows_every_fields_type),
      cmocka_unit_test(it_sends_in_the_documents_order),
      cmocka_unit_test(it_sends_what_is_given),
      cmocka_unit_test(it_refuses_unknown_versions),
      cmocka_unit_test(it_suggests_names),
      cmocka_unit_test(it_suggests_nothing_far_off),
      cmocka_unit_test(it_lists_every_problem),
      cmocka_unit_test(it_lets_names_through_when_lax),
      cmocka_unit_test(it_sorts_very_many_names),
      cmocka_unit_test(it_spells_channels_by_version),
      cmocka_unit_test(it_checks_channels),
      cmocka_unit_test(it_checks_custom_fields),
      cmocka_unit_test(it_spells_the_value_by_version),
      cmocka_unit_test(it_refuses_numbers_json_lacks),
      cmocka_unit_test(it_refuses_what_is_not_utf8),
      cmocka_unit_test(it_refuses_it_beside_a_nul),
      cmocka_unit_test(it_refuses_raw_nodes_that_are_no_value),
      cmocka_unit_test(it_limits_depth),
      cmocka_unit_test(it_lists_complaints_of_others_too),
      cmocka_unit_test(it_says_of_nothing_that_memory_ran_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
