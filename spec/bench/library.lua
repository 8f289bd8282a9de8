-- library.lua URL COUNT: client:update_contact with the whole of examples/contact.lua,
-- each time checked, printed, sent, and its answer made a table. Prints the
-- seconds that COUNT of them took, and those of them on a processor.
local core = require "highlevel.core"
local highlevel = require "highlevel"
local fields = require "examples.contact"

local base_url, id = arg[1]:match("^(.*)/contacts/(.*)$")
local client = highlevel.new({ token = "pit-0123456789", base_url = base_url, rate_limit = false })

local function update(count)
  for _ = 1, count do
    local res = assert(client:update_contact(id, fields))
    assert(res.contact.email == "rosan@deos.com")
  end
end

update(tonumber(os.getenv("WARM_UP")) or 50)
local start, start_cpu = core.now(), os.clock()
update(tonumber(arg[2]))
print(("%.6f %.6f"):format(core.now() - start, os.clock() - start_cpu))
