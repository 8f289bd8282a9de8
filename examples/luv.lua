--- Many updates at once in a program on libuv's event loop: each coroutine
--- waits for its own, the loop goes on.
---
---     HIGHLEVEL_TOKEN=pit-... lua5.4 examples/luv.lua CONTACT_ID...

local highlevel = require "highlevel"
local uv = require "luv"

-- How to wait here: until `step()` is true, to be asked when `fd` is readable.
local function wait(fd, step)
  local waiting = coroutine.running()
  local poll = assert(uv.new_poll(fd))
  poll:start("r", function()
    if step() then
      poll:close()
      assert(coroutine.resume(waiting))
    end
  end)
  coroutine.yield()
end

local client = highlevel.new({
  token = os.getenv("HIGHLEVEL_TOKEN"),
  base_url = os.getenv("HIGHLEVEL_BASE_URL"),
  wait = wait,
})

for _, id in ipairs(arg) do
  coroutine.wrap(function()
    local res, err, info = client:update_contact(id, { source = "examples/luv.lua" })
    print(id, res and ("updated in %.3f s"):format(info.seconds) or tostring(err))
  end)()
end

uv.run()
client:close()
