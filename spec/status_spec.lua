--- What an operator's page shows: counts of this process, and a client's limits.

local helper = require "helper"
local highlevel = require "highlevel"
local socket = require "socket"

-- A loop of one, so that the library's thread carries the calls.
local function wait(fd, step)
  local readable = {
    getfd = function()
      return fd
    end,
  }
  repeat
    socket.select({ readable }, nil, 5)
  until step()
end

describe("highlevel.status", function()
  before_each(helper.reset)

  it("counts what has ended, by its kind, and nothing that has not", function()
    collectgarbage() -- other specs' clients, and their connections
    collectgarbage()
    local client = helper.client()
    local before = highlevel.status()
    assert(client:update_contact("contact-s", { firstName = "a" }))
    client:update_contact("fault-status-404", { firstName = "a" })
    client:update_contact("contact-s", { first_name = "a" })
    local after = highlevel.status()
    for _, kind in ipairs({ "ok", "not_found", "invalid" }) do
      assert.equal((before.finished[kind] or 0) + 1, after.finished[kind], kind)
    end
    assert.equal(before.finished.server, after.finished.server)
    for _, name in ipairs({ "running", "queued", "waiting" }) do
      assert.equal(0, after[name], name)
    end
    assert.is_true(after.connections > 0)
    assert.is_nil(after.ready_in)
    client:close()
    assert.equal(after.connections - 1, highlevel.status().connections)
  end)

  for name, way in pairs({ ["of a script"] = {}, ["of the thread"] = { wait = wait } }) do
    it("shows a client's own limits, as its token's last answer had them, " .. name, function()
      local client = helper.client({ token = "limited-25-status", rate_limit = { requests = 3, interval = 60 }, wait = way.wait })
      assert.same({}, highlevel.status(client).rate_limit)
      assert.equal(0, highlevel.status(client).ready_in)
      for _ = 1, 2 do
        assert(client:update_contact("contact-s", { firstName = "a" }))
      end
      assert(client:update_contact("contact-s", { firstName = "a" }, { token = "limited-7-other" }))
      local status = highlevel.status(client)
      assert.equal(25, status.rate_limit.limit)
      assert.equal(23, status.rate_limit.remaining)
      assert.equal(0, status.ready_in)
      assert(client:update_contact("contact-s", { firstName = "a" }))
      assert.is_true(highlevel.status(client).ready_in > 50)
      client:close()
    end)
  end
end)
