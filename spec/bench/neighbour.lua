-- neighbour.lua BASE_URL TOKEN ID END_FILE: somebody else with the same token, who
-- neither paces nor repeats: one update each 200 ms until END_FILE is there.
-- Prints how many were sent, and how many of them were refused with a 429.
local core = require "highlevel.core"
local highlevel = require "highlevel"

local EVERY = 0.2
local base_url, token, id, end_file = arg[1], arg[2], arg[3], arg[4]
local client = highlevel.new({ token = token, base_url = base_url, rate_limit = false, retries = 0 })

local function has_ended()
  local file = io.open(end_file)
  return file and file:close()
end

local function sleep_until(time)
  local seconds = time - core.now()
  if seconds > 0 then
    os.execute(("sleep %.3f"):format(seconds))
  end
end

local sent, refused = 0, 0
local start = core.now()
while not has_ended() do
  local res, err = client:update_contact(id, { firstName = "neighbour" })
  sent = sent + 1
  if not res then
    assert(err.kind == "rate_limited", err)
    refused = refused + 1
  end
  sleep_until(start + sent * EVERY)
end
print(("%d %d"):format(sent, refused))
