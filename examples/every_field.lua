--- Update every field there is: the example of the API document.
---
---     HIGHLEVEL_TOKEN=pit-... lua5.4 examples/every_field.lua CONTACT_ID
---
--- Run it from the project's folder. Without a contact id it shows the body
--- that would be sent, and sends nothing.

local highlevel = require "highlevel"

local fields = require "examples.contact"
local id = arg[1]

local function check(value, err, info)
  if not value then
    io.stderr:write(tostring(err), "\n")
    os.exit(1)
  end
  return value, info
end

if not id then
  print(check(highlevel.encode(fields)))
  os.exit(0)
end

local client = highlevel.new({
  token = os.getenv("HIGHLEVEL_TOKEN"),
  base_url = os.getenv("HIGHLEVEL_BASE_URL"), -- nil: HighLevel itself
})
local res, info = check(client:update_contact(id, fields))
client:close()

-- A 200 does not promise that everything was kept: compare.
print(("HTTP %d, %.3f s"):format(info.status, info.seconds))
for name, sent in pairs(fields) do
  if type(sent) ~= "table" then
    local kept = res.contact[name]
    local note = kept == sent and "" or "   (sent: " .. tostring(sent) .. ")"
    print(("%-12s %s%s"):format(name, tostring(kept), note))
  end
end
