--- Update one contact.
---
---     HIGHLEVEL_TOKEN=pit-... lua5.4 examples/update_contact.lua CONTACT_ID

local highlevel = require "highlevel"

local id = arg[1]
if not id then
  io.stderr:write("usage: update_contact.lua CONTACT_ID\n")
  os.exit(1)
end

local client = highlevel.new({
  token = os.getenv("HIGHLEVEL_TOKEN"),
  base_url = os.getenv("HIGHLEVEL_BASE_URL"), -- nil: HighLevel itself
  timeout = 10, -- seconds, for the whole call
})

local res, err, info = client:update_contact(id, {
  firstName = "Rosan",
  city = "Dolomite",
  website = highlevel.null, -- empties the field; one left out stays as it is
})
client:close()

if res then
  print(("updated %s in %.3f s"):format(res.contact.id, info.seconds))
  print("city:", res.contact.city)
  os.exit(0)
end

-- The message is for people and says what to do; programs decide by `kind`.
io.stderr:write(tostring(err), "\n")
if err.kind == "invalid" or err.kind == "rejected" then
  for i, message in ipairs(err.messages) do
    io.stderr:write(("  %d. %s\n"):format(i, message))
  end
elseif err.kind == "duplicate" and err.meta then
  io.stderr:write(("the other contact is %s\n"):format(tostring(err.meta.contactId)))
elseif err.kind == "rate_limited" and err.rate_limit.scope == "burst" then
  local wait = err.retry_after or err.rate_limit.interval or 10
  io.stderr:write(("run this again in %g s\n"):format(wait))
elseif err.retryable then
  io.stderr:write("run this again later\n")
end
os.exit(1)
