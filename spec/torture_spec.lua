--- What nobody expects: servers that lie, strings that are weapons, no
--- descriptors, no room on the disk, Ctrl-C. What needs C for it is in
--- spec/torture.

local highlevel = require "highlevel"
local socket = require "socket"

local helper = require "helper"
local lies = require "torture.lies"

local TIMEOUT = 1
local LATE = 0.5 -- what a call may take beyond its timeout

-- A server of spec/torture/liar.lua; its port.
local function start_liar()
  local package_path = ("LUA_PATH='%s' LUA_CPATH='%s'"):format(package.path, package.cpath)
  local pipe = assert(io.popen(("%s %s spec/torture/liar.lua"):format(package_path, helper.interpreter())))
  return assert(tonumber(pipe:read("*l"))), pipe
end

local function stop_liar(port, pipe)
  local connection = socket.connect("127.0.0.1", port)
  connection:send("PUT /stop HTTP/1.1\r\n\r\n")
  connection:close()
  pipe:close()
end

local function is_one_of(kind, kinds)
  for _, one in ipairs(type(kinds) == "table" and kinds or { kinds }) do
    if one == kind then
      return true
    end
  end
  return false
end

-- Fit to be shown: one line of UTF-8, nothing that a terminal obeys.
local function check_message(text)
  assert.is_nil(text:find("[%z\1-\31\127]"), ("%q"):format(text))
  assert.truthy(highlevel.encode({ firstName = text }), ("not UTF-8: %q"):format(text))
  assert.is_nil(text:find(helper.TOKEN, 1, true))
end

local function from_hex(text)
  return (text:gsub("%x%x", function(two)
    return string.char(tonumber(two, 16))
  end))
end

describe("a server that lies:", function()
  local port, pipe

  setup(function()
    port, pipe = start_liar()
  end)

  teardown(function()
    stop_liar(port, pipe)
  end)

  for _, lie in ipairs(lies) do
    it(lie.name, function()
      local client = helper.client({
        base_url = "http://127.0.0.1:" .. port, timeout = TIMEOUT, retries = lie.retries or 0,
      })
      local seconds, res, err = helper.timed(client.update_contact, client, lie.name, { firstName = "a" })
      local kind = res and "ok" or err.kind
      assert.is_true(is_one_of(kind, lie.kind), kind .. ": " .. tostring(err))
      assert.is_true(seconds <= (lie.quick and TIMEOUT * 0.9 or TIMEOUT + LATE), ("%.3f s"):format(seconds))
      if err then
        check_message(tostring(err))
        if lie.says then
          assert.truthy(err.message:find(lie.says, 1, true), err.message)
        end
      end
      socket.sleep(lie.later and 0.05 or 0)
      local after, why = client:update_contact("good", { firstName = "b" })
      if why and why.kind == lie.spoils then -- libcurl has dropped the connection
        after, why = client:update_contact("good", { firstName = "b" })
      end
      if lie.closes then
        assert.equal("rate_limited", why and why.kind)
      else
        assert.equal("good", after and after.contact.id, tostring(why))
        assert.is_nil(from_hex(after.contact.raw):lower():find("cookie", 1, true))
      end
      client:close()
    end)
  end
end)
