--- Every field an update can hold: the example of the API document.

return {
  firstName = "rosan",
  lastName = "Deo",
  name = "rosan Deo",
  email = "rosan@deos.com",
  phone = "+1 888-888-8888",
  address1 = "3535 1st St N",
  city = "Dolomite",
  state = "AL",
  postalCode = "35061",
  website = "https://www.tesla.com",
  timezone = "America/Chihuahua",
  dnd = true,
  dndSettings = {
    Call = { status = "active", message = "string", code = "string" },
    Email = { status = "active", message = "string", code = "string" },
    SMS = { status = "active", message = "string", code = "string" },
    WhatsApp = { status = "active", message = "string", code = "string" },
    GMB = { status = "active", message = "string", code = "string" },
    FB = { status = "active", message = "string", code = "string" },
  },
  inboundDndSettings = { all = { status = "active", message = "string" } },
  tags = { "nisi sint commodo amet", "consequat" },
  customFields = {
    { id = "6dvNaf7VhkQ9snc5vnjJ", key = "my_custom_field", field_value = "My Text" },
    { id = "6dvNaf7VhkQ9snc5vnjJ", key = "my_custom_field", field_value = "My Text" },
    {
      id = "6dvNaf7VhkQ9snc5vnjJ",
      key = "my_custom_field",
      field_value = "My Selected Option",
    },
    {
      id = "6dvNaf7VhkQ9snc5vnjJ",
      key = "my_custom_field",
      field_value = "My Selected Option",
    },
    { id = "6dvNaf7VhkQ9snc5vnjJ", key = "my_custom_field", field_value = 100 },
    { id = "6dvNaf7VhkQ9snc5vnjJ", key = "my_custom_field", field_value = 100.5 },
    {
      id = "6dvNaf7VhkQ9snc5vnjJ",
      key = "my_custom_field",
      field_value = { "test", "test2" },
    },
    {
      id = "6dvNaf7VhkQ9snc5vnjJ",
      key = "my_custom_field",
      field_value = { "test", "test2" },
    },
    {
      id = "6dvNaf7VhkQ9snc5vnjJ",
      key = "my_custom_field",
      field_value = {
        ["f31175d4-2b06-4fc6-b7bc-74cd814c68cb"] = {
          meta = {
            fieldname = "1HeGizb13P0odwgOgKSs",
            originalname = "IMG_20231215_164412935.jpg",
            encoding = "7bit",
            mimetype = "image/jpeg",
            size = 1786611,
            uuid = "f31175d4-2b06-4fc6-b7bc-74cd814c68cb",
          },
          url = "https://services.leadconnectorhq.com/documents/download/w2M9qTZ0ZJz8rGt02jdJ",
          documentId = "w2M9qTZ0ZJz8rGt02jdJ",
        },
      },
    },
  },
  source = "public api",
  dateOfBirth = "1990-09-25",
  country = "US",
  assignedTo = "y0BeYjuRIlDwsDcOHOJo",
}
