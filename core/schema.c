/*
** schema.c: what an update may hold, as data.
**
** Source: the API document's UpdateContactDto (2021-07-28, and its v3 twin,
** where the same 20 properties differ in spelling only). "nullable" is the
** document's own flag.
*/
#include "schema.h"

#include <string.h>

#include "text.h"

/* Members: of one name in both versions, of two, and none: the end. */
#define PRINTED(name) "\"" name "\":"
#define MEMBER(name, shape, flags, hint)                                       \
  { name, sizeof(name) - 1, NULL, 0, shape, flags, hint, PRINTED(name), NULL }
#define RESPELT(name, v3, shape, flags, hint)                                  \
  {                                                                            \
    name, sizeof(name) - 1, v3, sizeof(v3) - 1, shape, flags, hint,            \
        PRINTED(name), PRINTED(v3)                                             \
  }
#define END                                                                    \
  { NULL, 0, NULL, 0, NULL, 0, NULL, NULL, NULL }

/*--------------------------------------------------------------- versions */

static const char *const version_names[] = {"2021-07-28", "v3"};

bool hl_version_find (const char *name, hl_version *out) {
  if (name == NULL || strcmp(name, version_names[HL_V2021_07_28]) == 0)
    *out = HL_V2021_07_28;
  else if (strcmp(name, version_names[HL_V3]) == 0)
    *out = HL_V3;
  else
    return false;
  return true;
}

const char *hl_version_name (hl_version version) {
  return version_names[version];
}

/*----------------------------------------------------------- small shapes */

static const hl_shape text = {.type = HL_SHAPE_TEXT, .what = "a text"};
static const hl_shape boolean = {.type = HL_SHAPE_BOOLEAN,
                                 .what = "true or false"};
static const hl_shape date = {.type = HL_SHAPE_DATE,
                              .what = "a date, written as a text"};
static const hl_shape country = {.type = HL_SHAPE_COUNTRY,
                                 .what = "a two-letter country code"};
static const hl_shape texts = {
    .type = HL_SHAPE_LIST, .what = "a list of texts", .item = &text};

/*---------------------------------------------------------- do not disturb */

static const char *const channel_statuses[] = {"active", "inactive",
                                               "permanent", NULL};
static const char *const inbound_statuses[] = {"active", "inactive", NULL};

static const hl_shape channel_status = {
    .type = HL_SHAPE_CHOICE, .what = "a status", .choices = channel_statuses};
static const hl_shape inbound_status = {
    .type = HL_SHAPE_CHOICE, .what = "a status", .choices = inbound_statuses};

static const hl_member channel_members[] = {
    MEMBER("status", &channel_status, HL_REQUIRED, NULL),
    MEMBER("message", &text, 0, NULL), MEMBER("code", &text, 0, NULL), END};

static const hl_shape channel = {.type = HL_SHAPE_OBJECT,
                                 .what = "an object with a status",
                                 .members = channel_members,
                                 .noun = "a part of a channel's setting"};

static const hl_member dnd_members[] = {
    RESPELT("Call", "call", &channel, 0, NULL),
    RESPELT("Email", "email", &channel, 0, NULL),
    RESPELT("SMS", "sms", &channel, 0, NULL),
    RESPELT("WhatsApp", "whatsApp", &channel, 0, NULL),
    RESPELT("GMB", "gmb", &channel, 0, NULL),
    RESPELT("FB", "fb", &channel, 0, NULL),
    END};

static const hl_hint dnd_hints[] = {
    {"RCS", "the API shows this channel but does not accept it"},
    {"all", "this belongs in inboundDndSettings; dnd = true blocks everything"},
    {NULL, NULL}};

static const hl_shape dnd = {.type = HL_SHAPE_OBJECT,
                             .what = "an object of channels",
                             .members = dnd_members,
                             .hints = dnd_hints,
                             .noun = "a channel"};

static const hl_member inbound_all_members[] = {
    MEMBER("status", &inbound_status, HL_REQUIRED, NULL),
    MEMBER("message", &text, 0, NULL), END};

static const hl_shape inbound_all = {.type = HL_SHAPE_OBJECT,
                                     .what = "an object with a status",
                                     .members = inbound_all_members,
                                     .noun = "a part of this setting"};

static const hl_member inbound_members[] = {
    MEMBER("all", &inbound_all, 0, NULL), END};

static const hl_shape inbound = {.type = HL_SHAPE_OBJECT,
                                 .what = "an object with the key all",
                                 .members = inbound_members,
                                 .noun = "a key of inboundDndSettings"};

/*---------------------------------------------------------- custom fields */

const hl_custom_type hl_custom_types[] = {
    {"TEXT", HL_CUSTOM_TEXT},           {"LARGE_TEXT", HL_CUSTOM_TEXT},
    {"SINGLE_OPTIONS", HL_CUSTOM_TEXT}, {"RADIO", HL_CUSTOM_TEXT},
    {"NUMERICAL", HL_CUSTOM_NUMBER},    {"MONETORY", HL_CUSTOM_NUMBER},
    {"CHECKBOX", HL_CUSTOM_TEXTS},      {"MULTIPLE_OPTIONS", HL_CUSTOM_TEXTS},
    {"FILE_UPLOAD", HL_CUSTOM_FILES},   {NULL, HL_CUSTOM_TEXT}};

unsigned hl_custom_accepted (void) {
  unsigned accepted = 0;
  const hl_custom_type *t;

  for (t = hl_custom_types; t->name != NULL; t++)
    accepted |= t->takes;
  return accepted;
}

static const hl_shape custom_value = {
    .type = HL_SHAPE_CUSTOM,
    .what = "a text, a number, a list of texts or an object of files"};

static const hl_member custom_members[] = {
    MEMBER("id", &text, HL_IDENTIFIES | HL_NOT_EMPTY,
           "give the field's id, or leave it out and give its key"),
    MEMBER("key", &text, HL_IDENTIFIES | HL_NOT_EMPTY,
           "leave it out where there is an id"),
    RESPELT("field_value", "fieldValue", &custom_value,
            HL_REQUIRED | HL_NULLABLE, NULL),
    END};

static const hl_hint custom_hints[] = {
    {"value", "answers call it value, updates field_value: rename it"},
    {"name", "a field is found by its id or its key, never by its name"},
    {"type", "the type is HighLevel's to know: leave it out"},
    {"dataType", "the type is HighLevel's to know: leave it out"},
    {NULL, NULL}};

static const hl_shape custom_field = {
    .type = HL_SHAPE_OBJECT,
    .what = "an object with id and field_value",
    .members = custom_members,
    .hints = custom_hints,
    .noun = "a part of a custom field",
    .identity = "says of no field: add its id (or its key)"};

static const hl_shape custom_fields = {.type = HL_SHAPE_LIST,
                                       .what = "a list of custom fields",
                                       .item = &custom_field};

/*------------------------------------------------------------ the contact */

#define NO_EMPTY "HighLevel refuses an empty one; send null to empty the field"

static const hl_member contact_members[] = {
    MEMBER("firstName", &text, HL_NULLABLE, NULL),
    MEMBER("lastName", &text, HL_NULLABLE, NULL),
    MEMBER("name", &text, HL_NULLABLE, NULL),
    MEMBER("email", &text, HL_NULLABLE | HL_NOT_EMPTY, NO_EMPTY),
    MEMBER("phone", &text, HL_NULLABLE | HL_NOT_EMPTY, NO_EMPTY),
    MEMBER("address1", &text, HL_NULLABLE, NULL),
    MEMBER("city", &text, HL_NULLABLE, NULL),
    MEMBER("state", &text, HL_NULLABLE, NULL),
    MEMBER("postalCode", &text, 0, NULL),
    MEMBER("website", &text, HL_NULLABLE, NULL),
    MEMBER("timezone", &text, HL_NULLABLE | HL_ZONE, NULL),
    MEMBER("dnd", &boolean, 0, NULL),
    MEMBER("dndSettings", &dnd, 0, NULL),
    MEMBER("inboundDndSettings", &inbound, 0, NULL),
    MEMBER("tags", &texts, 0, NULL),
    MEMBER("customFields", &custom_fields, 0, NULL),
    MEMBER("source", &text, HL_NULLABLE, NULL),
    MEMBER("dateOfBirth", &date, HL_NULLABLE, NULL),
    MEMBER("country", &country, 0, NULL),
    MEMBER("assignedTo", &text, HL_NULLABLE, NULL),
    END};

#define READ_ONLY "an update cannot set it: leave it out"
#define ONE_ONLY "a contact has one primary email and phone here: leave it out"
#define OWN_CALL "this has an API call of its own: leave it out"

static const hl_hint contact_hints[] = {
    {"locationId", "the token says which location; HighLevel answers 422 to "
                   "it: leave it out"},
    {"id", "the contact id goes before the fields, not into them"},
    {"contactId", "the contact id goes before the fields, not into them"},
    {"gender", "HighLevel takes no gender in an update (422): leave it out"},
    {"companyName", "no field of an update, in no version: leave it out"},
    {"additionalEmails", ONE_ONLY},
    {"additionalPhones", ONE_ONLY},
    {"emailLowerCase", READ_ONLY},
    {"firstNameLowerCase", READ_ONLY},
    {"lastNameLowerCase", READ_ONLY},
    {"fullNameLowerCase", READ_ONLY},
    {"firstNameRaw", READ_ONLY},
    {"lastNameRaw", READ_ONLY},
    {"type", READ_ONLY},
    {"ssn", READ_ONLY},
    {"keyword", READ_ONLY},
    {"visitorId", READ_ONLY},
    {"attachments", READ_ONLY},
    {"dateAdded", READ_ONLY},
    {"dateUpdated", READ_ONLY},
    {"lastActivity", READ_ONLY},
    {"attributionSource", READ_ONLY},
    {"lastAttributionSource", READ_ONLY},
    {"profilePhoto", READ_ONLY},
    {"followers", OWN_CALL},
    {"businessId", OWN_CALL},
    {"createNewIfDuplicateAllowed", "for upsert only: leave it out"},
    {"address", "did you mean address1?"},
    {"street", "did you mean address1?"},
    {"zip", "did you mean postalCode?"},
    {"zipCode", "did you mean postalCode?"},
    {"postcode", "did you mean postalCode?"},
    {"mobile", "did you mean phone?"},
    {"phoneNumber", "did you mean phone?"},
    {"birthday", "did you mean dateOfBirth?"},
    {"birthDate", "did you mean dateOfBirth?"},
    {"dob", "did you mean dateOfBirth?"},
    {"countryCode", "did you mean country?"},
    {"fullName", "did you mean name?"},
    {NULL, NULL}};

const hl_shape hl_contact_shape = {.type = HL_SHAPE_OBJECT,
                                   .what = "an object of fields",
                                   .members = contact_members,
                                   .hints = contact_hints,
                                   .noun = "a field of a contact"};

/*---------------------------------------------------------------- looking */

const char *hl_member_name (const hl_member *m, hl_version version) {
  return version == HL_V3 && m->name_v3 != NULL ? m->name_v3 : m->name;
}

const char *hl_member_hint (const hl_shape *shape, const char *name) {
  const hl_hint *h;

  for (h = shape->hints; h != NULL && h->name != NULL; h++)
    if (hl_edit_distance(h->name, name) == 0)
      return h->text;
  return NULL;
}

const char *hl_member_nearest (const hl_shape *shape, const char *name,
                               hl_version version) {
  const hl_member *m, *best = NULL;
  /* a third of the letters may be wrong, and no more than three of them */
  int limit = (int)strlen(name) / 3;
  int least = limit > 3 ? 3 : limit;

  for (m = shape->members; m->name != NULL; m++) {
    int d = hl_edit_distance(m->name, name);
    if (d < least || (d == least && best == NULL)) {
      least = d;
      best = m;
    }
  }
  return best != NULL ? hl_member_name(best, version) : NULL;
}
