-- stream.lua URL COUNT PAGE_SIZE: many updates through client:update_contacts, 64
-- at once, read from a function as an import would. Prints the KiB resident after
-- the first 20,000 of them, at most since, and at the end, and the seconds.
local highlevel = require "highlevel"
local fields = require "examples.contact"

local SETTLED, EVERY = 20000, 500
local base_url, id = arg[1]:match("^(.*)/contacts/(.*)$")
local client = highlevel.new({ token = "pit-0123456789", base_url = base_url, rate_limit = false })
local page_kib = tonumber(arg[3]) / 1024

local function resident()
  local file = assert(io.open("/proc/self/statm"))
  local pages = file:read("*a"):match("^%d+ (%d+)")
  file:close()
  return pages * page_kib
end

local count = tonumber(arg[2])
local left, done = count, 0
local settled, most, last = 0, 0, 0

local function next_item()
  left = left - 1
  return left >= 0 and { id, fields } or nil
end

local function on_result(_, res, err)
  assert(res, err)
  done = done + 1
  if done >= SETTLED and done % EVERY == 0 then
    last = resident()
    settled = done == SETTLED and last or settled
    most = math.max(most, last)
  end
end

local summary = client:update_contacts(next_item, { concurrency = 64, on_result = on_result })
assert(summary.succeeded == count)
print(("%d %d %d %.3f"):format(settled, most, last, summary.seconds))
