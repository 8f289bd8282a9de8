-- limits.lua BASE_URL TOKEN ID COUNT: so many updates of one contact through
-- client:update_contacts, as it is by default. Prints how many succeeded, how many
-- failed, how many 429s came, and the seconds.
local highlevel = require "highlevel"

local base_url, token, id, count = arg[1], arg[2], arg[3], tonumber(arg[4])
local client = highlevel.new({ token = token, base_url = base_url })
local left = count

local summary = client:update_contacts(function()
  left = left - 1
  return left >= 0 and { id, { firstName = "rosan", lastName = tostring(left) } } or nil
end, {
  stop_on = function(err)
    return err.kind == "network" -- the sandbox is gone
  end,
})
assert(not summary.stopped, summary.stopped)

local first = summary.failures[1]
if first then
  io.stderr:write(token, ": ", tostring(first.err), "\n")
end
print(("%d %d %d %.3f"):format(summary.succeeded, summary.failed, summary.rate_limited, summary.seconds))
