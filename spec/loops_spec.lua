--- Within event loops of plain Lua: `options.wait`.

local helper = require "helper"

-- The examples, each with a hundred contacts at once.
for _, name in ipairs({ "luv", "cqueues" }) do
  if pcall(require, name) then -- for Lua 5.4; LuaJIT has them nowhere in Debian
    describe("examples/" .. name .. ".lua", function()
      it("updates a hundred contacts at once, in one thread", function()
        helper.reset()
        local ids = {}
        for i = 1, 100 do
          ids[i] = "fault-delay-200." .. name .. i
        end
        local seconds, text = helper.timed(helper.run_script,
          ("HIGHLEVEL_TOKEN=%s HIGHLEVEL_BASE_URL=%s"):format(helper.TOKEN, helper.env("HTTP")),
          ("arg = { '%s' } dofile 'examples/%s.lua'"):format(table.concat(ids, "','"), name))
        local _, updated = text:gsub("updated in", "")
        assert.equal(100, updated, text)
        assert.is_true(seconds < 15, seconds) -- twenty, one after another
        assert.is_true(helper.admin("GET", "/stats").peak > 32)
      end)

      it("tells each its own error", function()
        local text = helper.run_script(
          ("HIGHLEVEL_TOKEN=%s HIGHLEVEL_BASE_URL=%s"):format(helper.TOKEN, helper.env("HTTP")),
          ("arg = { 'contact-1', 'fault-status-404', 'a/b' } dofile 'examples/%s.lua'"):format(name))
        assert.truthy(text:find("contact-1\tupdated", 1, true), text)
        assert.truthy(text:find("fault-status-404\tnot_found: ", 1, true), text)
        assert.truthy(text:find("a/b\tinvalid: ", 1, true), text)
      end)
    end)
  end
end

describe("options.wait", function()
  -- A loop of one: it waits for the descriptor as select does.
  local socket = require "socket"
  local waits = 0

  local function wait(fd, step)
    waits = waits + 1
    local readable = {
      getfd = function()
        return fd
      end,
    }
    repeat
      socket.select({ readable }, nil, 5)
    until step()
  end

  local client

  before_each(function()
    helper.reset()
    waits = 0
    client = helper.client({ wait = wait, rate_limit = false })
  end)

  after_each(function()
    client:close()
  end)

  it("is called to wait, with a descriptor and a step", function()
    local res, err, info = client:update_contact(helper.CONTACT, { firstName = "a" })
    assert.is_nil(err)
    assert.equal("a", res.contact.firstName)
    assert.equal(1, info.attempts)
    assert.is_true(waits >= 1)
  end)

  it("is not needed for what is settled at once", function()
    assert.equal("invalid", select(2, client:update_contact("a/b", { firstName = "a" })).kind)
    assert.equal(0, waits)
  end)

  it("carries many at once, and their waits for the rate limit", function()
    local paced = helper.client({ wait = wait, rate_limit = { requests = 10, interval = 0.3 } })
    local items = {}
    for i = 1, 25 do
      items[i] = { "contact-w" .. i, { firstName = "a" } }
    end
    local summary = paced:update_contacts(items)
    assert.equal(25, summary.succeeded)
    assert.is_true(summary.seconds >= 0.6, summary.seconds)
    paced:close()
  end)

  it("is not woken too early by its alarm, or a wait without calls would never end", function()
    local core = require "highlevel.core"
    local mailbox = core.mailbox()
    local fd = assert(core.mailbox_pipe(mailbox))
    local readable = {
      getfd = function()
        return fd
      end,
    }
    for _, seconds in ipairs({ 0.0109, 0.0005, 0.0301 }) do
      local started = core.now()
      core.alarm(mailbox, seconds)
      repeat -- there may be other bytes before it
        socket.select({ readable }, nil, 5)
        core.mailbox_drain(mailbox)
        assert.is_nil(core.take(mailbox))
      until core.now() >= started + seconds
      assert.is_true(core.now() < started + 4)
    end
  end)

  local function in_flight()
    return helper.admin("GET", "/stats").in_flight
  end

  local function until_true(holds)
    for _ = 1, 150 do
      if holds() then
        return true
      end
      socket.sleep(0.02)
    end
    return false
  end

  it("says so when not one descriptor is left, and works again once there is one", function()
    local printed = helper.run_script([[sh -c 'ulimit -n 40; exec "$0" "$@"']], [[
      local highlevel = require "highlevel"
      local client = highlevel.new({
        token = "pit-x", base_url = os.getenv "HIGHLEVEL_SANDBOX_HTTP",
        wait = function(_, step) repeat until step() end,
      })
      local items = { { "contact-1", { firstName = "a" } } }
      local taken = {}
      for file in function() return (io.open("/dev/null")) end do
        taken[#taken + 1] = file
      end
      local summary = client:update_contacts(items)
      print(summary.total, summary.stopped.kind, summary.stopped.retryable)
      print(summary.stopped)
      print(select(2, client:update_contact("contact-1", { firstName = "a" })))
      for _, file in ipairs(taken) do
        file:close()
      end
      print(client:update_contacts(items).succeeded, client:update_contact("contact-1", { firstName = "a" }) ~= nil)
    ]])
    local lines = {}
    for line in printed:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal("0\tcancelled\ttrue", lines[1], printed)
    assert.matches("^cancelled: .*Too many open files.*; nothing was sent$", lines[2])
    assert.equal(lines[2], lines[3])
    assert.equal("1\ttrue", lines[4], printed)
  end)

  it("may raise, which ends the call", function()
    local broken = helper.client({
      wait = function() -- nginx notices who leaves only once it has begun
        until_true(function()
          return in_flight() == 1
        end)
        error("the loop is gone", 0)
      end,
    })
    local ok, why = pcall(broken.update_contact, broken, "fault-hang.wait", { firstName = "a" })
    assert.is_false(ok)
    assert.equal("the loop is gone", why)
    assert.equal(1, in_flight())
    collectgarbage()
    collectgarbage()
    assert.is_true(until_true(function()
      return in_flight() == 0
    end))
    assert.equal(0, require("highlevel").status().running)
    broken:close()
  end)

  it("is not disturbed when the process starts others", function()
    assert(client:update_contact(helper.CONTACT, { firstName = "a" }))
    assert.equal("hi\n", io.popen("echo hi"):read("*a"))
    assert(client:update_contact(helper.CONTACT, { firstName = "b" }))
  end)
end)
