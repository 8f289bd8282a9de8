--- Many updates at once in a program on cqueues: each coroutine waits for its
--- own, the others go on.
---
---     HIGHLEVEL_TOKEN=pit-... lua5.4 examples/cqueues.lua CONTACT_ID...

local cqueues = require "cqueues"
local highlevel = require "highlevel"

-- How to wait here: until `step()` is true, to be asked when `fd` is readable.
local function wait(fd, step)
  repeat
    cqueues.poll({ pollfd = fd, events = "r" })
  until step()
end

local client = highlevel.new({
  token = os.getenv("HIGHLEVEL_TOKEN"),
  base_url = os.getenv("HIGHLEVEL_BASE_URL"),
  wait = wait,
})

local loop = cqueues.new()
for _, id in ipairs(arg) do
  loop:wrap(function()
    local res, err, info = client:update_contact(id, { source = "examples/cqueues.lua" })
    print(id, res and ("updated in %.3f s"):format(info.seconds) or tostring(err))
  end)
end

assert(loop:loop())
client:close()
