-- memory.lua URL COUNT: many updates in one process. Prints the KiB resident
-- after 5000 of them, at most since, and at the end.
local highlevel = require "highlevel"
local fields = require "examples.contact"

local SETTLED, EVERY = 5000, 500
local base_url, id = arg[1]:match("^(.*)/contacts/(.*)$")
local client = highlevel.new({ token = "pit-0123456789", base_url = base_url, rate_limit = false })
local page_kib = tonumber(arg[3]) / 1024

local function resident()
  local file = assert(io.open("/proc/self/statm"))
  local pages = file:read("*a"):match("^%d+ (%d+)")
  file:close()
  return pages * page_kib
end

local settled, most, last = 0, 0, 0
for i = 1, tonumber(arg[2]) do
  assert(client:update_contact(id, fields))
  if i % EVERY == 0 and i >= SETTLED then
    last = resident()
    settled = i == SETTLED and last or settled
    most = math.max(most, last)
  end
end
print(("%d %d %d"):format(settled, most, last))
