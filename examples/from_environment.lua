--- No client, no options: the environment says which account.
---
---     export HIGHLEVEL_TOKEN=pit-...
---     export HIGHLEVEL_BASE_URL=http://127.0.0.1:8080   # only for a test server
---     export HIGHLEVEL_API_VERSION=v3                   # only if you want that
---     lua5.4 examples/from_environment.lua CONTACT_ID TAG...
---
--- The variables are read at the first call. Tags given here replace all that
--- the contact has.

local highlevel = require "highlevel"

local id = arg[1]
if not id then
  io.stderr:write("usage: from_environment.lua CONTACT_ID TAG...\n")
  os.exit(1)
end

local tags = {}
for i = 2, #arg do
  tags[#tags + 1] = arg[i]
end

local res, err, info = highlevel.update_contact(id, { tags = tags })
if not res then
  io.stderr:write("could not update " .. id .. ": " .. err .. "\n")
  os.exit(1)
end
print("tags: " .. table.concat(res.contact.tags or {}, ", "))
print("requests left in this interval: " .. tostring(info.rate_limit.remaining))
