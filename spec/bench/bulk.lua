-- bulk.lua URL COUNT [CA_FILE]: client:update_contacts over an iterator, 64 at
-- once, each item the whole of examples/contact.lua: checked, printed, sent, its
-- answer judged; with RESULTS=yes also made a table, for on_result. Prints the
-- seconds that COUNT of them took, and those of them on a processor.
local core = require "highlevel.core"
local highlevel = require "highlevel"
local fields = require "examples.contact"

local WARM_UP = 1000
local base_url, id = arg[1]:match("^(.*)/contacts/(.*)$")
local client = highlevel.new({
  token = "pit-0123456789", base_url = base_url, ca_file = arg[3], rate_limit = false,
})

local function items(count)
  return function()
    count = count - 1
    return count >= 0 and { id, fields } or nil
  end
end

local seen = 0
local function on_result(_, res)
  assert(res.contact.email == "rosan@deos.com")
  seen = seen + 1
end

local function update(count)
  local summary = client:update_contacts(items(count), {
    concurrency = 64,
    on_result = os.getenv("RESULTS") == "yes" and on_result or nil,
    stop_on = function()
      return true
    end,
  })
  assert(summary.failed == 0, summary.failures[1] and summary.failures[1].err)
  assert(summary.succeeded == count)
end

update(WARM_UP)
local start, start_cpu = core.now(), os.clock()
update(tonumber(arg[2]))
print(("%.6f %.6f"):format(core.now() - start, os.clock() - start_cpu))
