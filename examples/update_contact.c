/*
** Update one contact from C.
**
**   cc update_contact.c $(pkg-config --cflags --libs highlevel)
**   HIGHLEVEL_TOKEN=pit-... ./a.out CONTACT_ID
*/
#include <highlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hl_client *connect_account (void) {
  hl_options options = {0}; /* zero: the default */
  const hl_result *why = NULL;
  hl_client *client = NULL;

  options.token = getenv("HIGHLEVEL_TOKEN");
  options.base_url = getenv("HIGHLEVEL_BASE_URL"); /* NULL: HighLevel itself */
  options.timeout_ms = 10000;
  if (hl_client_new(&client, &options, &why) != HL_OK)
    fprintf(stderr, "%s\n", why != NULL ? why->message : "out of memory");
  hl_result_free(why);
  return client;
}

static int report (const hl_result *r) {
  const cJSON *contact, *city;

  if (r->kind != HL_OK) {
    fprintf(stderr, "%s: %s\n", hl_kind_name(r->kind), r->message);
    return EXIT_FAILURE;
  }
  contact = cJSON_GetObjectItemCaseSensitive(r->document, "contact");
  city = cJSON_GetObjectItemCaseSensitive(contact, "city");
  printf("updated in %.3f s, city: %s\n", (double)r->elapsed_us / 1e6,
         cJSON_IsString(city) ? city->valuestring : "(none)");
  return EXIT_SUCCESS;
}

int main (int argc, char **argv) {
  hl_client *client;
  hl_call *call;
  cJSON *fields;
  int status = EXIT_FAILURE;

  if (argc != 2) {
    fprintf(stderr, "usage: %s CONTACT_ID\n", argv[0]);
    return status;
  }
  client = connect_account();
  if (client == NULL)
    return status;
  fields = cJSON_CreateObject();
  cJSON_AddStringToObject(fields, "city", "Dolomite");
  cJSON_AddNullToObject(fields, "website"); /* empties the field */
  call = hl_call_new(client, argv[1], strlen(argv[1]), hl_fields_new(fields),
                     NULL); /* the fields are the call's now */
  if (call != NULL) {
    hl_call_run(call); /* waits, at most for the timeout */
    status = report(hl_call_result(call));
  }
  hl_call_free(call);
  hl_client_free(client);
  return status;
}
