--- Custom fields: how the value of each type is written.
---
---     HIGHLEVEL_TOKEN=pit-... lua5.4 examples/custom_fields.lua CONTACT_ID
---
--- Put the ids of your own fields in place of these. Fields that are not
--- listed stay as they are; one bad value fails the whole update.

local highlevel = require "highlevel"

local uuid = "f31175d4-2b06-4fc6-b7bc-74cd814c68cb"
local download = "https://services.leadconnectorhq.com/documents/download/"
local meta = { originalname = "a.jpg", mimetype = "image/jpeg", size = 1786611, uuid = uuid }

local fields = {
  customFields = {
    -- by id, which is enough
    { id = "aText000000000000000", field_value = "one line" },
    { id = "aLargeText0000000000", field_value = "line one\nline two" },
    { id = "aSingleOption0000000", field_value = "Gold" },
    { id = "aRadio00000000000000", field_value = "Yes" },
    { id = "aNumber0000000000000", field_value = 100 },
    -- an amount is a bare number: no currency, no text
    { id = "anAmount000000000000", field_value = 100.5 },
    -- what is ticked, not true or false
    { id = "aCheckboxList0000000", field_value = { "News", "Offers" } },
    { id = "aMultiSelect00000000", field_value = { "Red", "Blue" } },
    { id = "aDate000000000000000", field_value = "2026-11-23" },
    -- several files: each under its uuid. List all that shall stay.
    {
      id = "aFileUpload000000000",
      field_value = { [uuid] = { meta = meta, url = download .. "x", documentId = "x" } },
    },
    -- a field for one file, and a signature: the file itself
    { id = "aSignature0000000000", field_value = { meta = meta, url = download .. "y" } },
    -- by key, where the id is not known
    { key = "contact.my_field", field_value = "found by its key" },
    -- empty: a text, and a list
    { id = "anOldText00000000000", field_value = "" },
    { id = "anOldList00000000000", field_value = highlevel.array({}) },
  },
}

if not arg[1] then
  io.stderr:write("usage: custom_fields.lua CONTACT_ID\n")
  os.exit(1)
end

local res, err = highlevel.update_contact(arg[1], fields)
if not res then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
for _, field in ipairs(res.contact.customFields or {}) do
  local value = field.value -- read as `value`, sent as `field_value`
  print(field.id, type(value) == "table" and "(table)" or value)
end
