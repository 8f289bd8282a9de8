/*
** Update one contact from C. See highlevel.h for who owns what.
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
  const cJSON *city;

  if (r->kind != HL_OK) {
    fprintf(stderr, "%s: %s\n", hl_kind_name(r->kind), r->message);
    return EXIT_FAILURE;
  }
  city = cJSON_GetObjectItemCaseSensitive(r->document, "contact");
  city = cJSON_GetObjectItemCaseSensitive(city, "city");
  printf("updated in %.3f s, city: %s\n", (double)r->elapsed_us / 1e6,
         cJSON_IsString(city) ? city->valuestring : "(none)");
  return EXIT_SUCCESS;
}

int main (int argc, char **argv) {
  hl_client *client = connect_account();
  const char *id = argc == 2 ? argv[1] : ""; /* refused, with a message */
  int status = EXIT_FAILURE;
  cJSON *fields;
  hl_call *call;

  if (client == NULL)
    return status;
  fields = cJSON_CreateObject();
  cJSON_AddStringToObject(fields, "city", "Dolomite");
  cJSON_AddNullToObject(fields, "website"); /* empties the field */
  call = hl_call_new(client, id, strlen(id), hl_fields_new(fields), NULL);
  if (call != NULL) {
    hl_call_run(call); /* waits, at most for the timeout */
    status = report(hl_call_result(call));
  }
  hl_call_free(call);
  hl_client_free(client);
  return status;
}
