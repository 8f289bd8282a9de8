--- Without a descriptor left, or with one too few: whatever is tried ends with
--- an error that says so, and works again once there are some.

local socket = require "socket"

local helper = require "helper"
local nginx_server = require "nginx_server"

local LIMIT = 60
local MOST = 8 -- more than anything here needs

-- What a process with so few descriptors does; its lines. It has `client(more)`
-- and `show(...)`.
local function run(code)
  local printed = helper.run_script(("sh -c 'ulimit -n %d; exec \"$0\" \"$@\"'"):format(LIMIT), [[
    io.stdout:setvbuf("line")
    local core = require "highlevel.core"
    local highlevel = require "highlevel"
    local room = require "torture.room"
    local fields = { firstName = "a" }

    local function client(more)
      local opt = { token = "pit-x", base_url = os.getenv "HIGHLEVEL_SANDBOX_HTTP", retries = 0, timeout = 5 }
      for name, value in pairs(more or {}) do
        opt[name] = value
      end
      return highlevel.new(opt)
    end

    local function tls()
      return client({ base_url = os.getenv "HIGHLEVEL_SANDBOX_HTTPS", ca_file = os.getenv "HIGHLEVEL_SANDBOX_CA" })
    end

    local function busy(fd, step)
      repeat until step()
    end

    -- kind and message, or "ok"
    local function show(res, err)
      print(res and "ok" or err.kind .. "\t" .. tostring(err.retryable) .. "\t" .. err.message)
    end
  ]] .. code)
  local lines = {}
  for line in printed:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  return lines, printed
end

-- What is said of a call that could not be made.
local SAYS = {
  "^cancelled\ttrue\tnothing to wait for connections with: Too many open files; nothing was sent$",
  "^cancelled\ttrue\tno pipe to wait with: Too many open files; nothing was sent$",
  "^cancelled\ttrue\tno thread to carry calls: Too many open files; nothing was sent$",
  "^network\ttrue\tno socket to reach the server with; .*ulimit %-n.*; nothing was sent %(.*: Too many open files%)$",
  "^tls\tfalse\tthe file of authorities is unusable; check ca_file, .*ulimit %-n",
}

local function is_clear(line)
  for _, pattern in ipairs(SAYS) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

-- So many with 0, 1, 2, .. descriptors: first refused, then all is well.
local function check_rising(lines, printed)
  assert.equal(MOST + 1, #lines, printed)
  assert.is_true(is_clear(lines[1]), printed)
  for _, line in ipairs(lines) do
    assert.is_true(line == "ok" or is_clear(line), printed)
  end
  assert.equal("ok", lines[#lines], printed)
end

describe("without descriptors,", function()
  before_each(helper.reset)

  for name, make in pairs({
    ["a script"] = "client()",
    ["a script that speaks TLS"] = "tls()",
    ["an event loop"] = "client({ wait = busy })",
  }) do
    describe(name, function()
      it("is told of its first call's failure", function()
        check_rising(run(([[
          for left = 0, %d do
            local c = %s
            show(room.within(left, c.update_contact, c, "contact-1", fields))
            c:close()
            c = nil
            collectgarbage()
            collectgarbage()
          end
        ]]):format(MOST, make)))
      end)

      it("is told of many calls' failure, and none hangs", function()
        local lines, printed = run(([[
          for left = 0, %d do
            local c = %s
            local items = {}
            for i = 1, 20 do
              items[i] = { "contact-" .. i, fields }
            end
            local s = room.within(left, c.update_contacts, c, items)
            local failure = s.stopped or s.failures[1] and s.failures[1].err
            show(not failure, failure)
            print(s.succeeded + s.failed, s.stopped and "stopped" or "all")
            c:close()
            c = nil
            collectgarbage()
            collectgarbage()
          end
        ]]):format(MOST + 20, make))
        assert.equal(2 * (MOST + 21), #lines, printed)
        assert.is_true(is_clear(lines[1]), printed)
        for i = 1, #lines, 2 do
          assert.is_true(lines[i] == "ok" or is_clear(lines[i]), printed)
          assert.is_true(lines[i + 1] == "20\tall" or lines[i + 1] == "0\tstopped", printed)
        end
        assert.equal("ok", lines[#lines - 1], printed)
      end)

      it("works again once there are some, and leaks none", function()
        local lines, printed = run(([[
          local function round(left)
            local c = %s
            room.within(left, c.update_contact, c, "contact-1", fields)
            room.within(left, c.update_contacts, c, { { "contact-1", fields }, { "contact-2", fields } })
            show(c:update_contact("contact-1", fields))
            print(c:update_contacts({ { "contact-1", fields }, { "contact-2", fields } }).succeeded)
            show(room.within(0, c.update_contact, c, "contact-1", fields)) -- on the connection it has
            c:close()
          end
          local function left() -- once the thread has closed what it is to close
            collectgarbage()
            collectgarbage()
            local stop = core.now() + 5
            repeat
              core.sleep(0.01)
            until highlevel.status().connections == 0 or core.now() > stop
            return room.left()
          end
          round(%d)
          local before = left()
          for i = 0, %d do
            round(i)
          end
          print(before, left())
        ]]):format(make, MOST, MOST))
        local n = #lines
        assert.equal(3 * (MOST + 2) + 1, n, printed)
        for i = 1, n - 1, 3 do
          assert.same({ "ok", "2", "ok" }, { lines[i], lines[i + 1], lines[i + 2] }, printed)
        end
        local before, after = lines[n]:match("^(%d+)\t(%d+)$")
        assert.equal(before, after, printed)
        assert.is_true(tonumber(after) > LIMIT / 2, printed)
      end)
    end)
  end

  it("a client can be made", function()
    local lines, printed = run([[
      local c = room.within(0, client)
      show(c:update_contact("contact-1", fields))
      show(room.within(0, highlevel.update_contact, "contact-1", fields)) -- without a token
    ]])
    assert.equal("ok", lines[1], printed)
    assert.matches("^invalid\tfalse\ttoken: there is none", lines[2], printed)
  end)

  it("a call whose connection was closed needs a new one, and waits for it as long as it may", function()
    local lines, printed = run([[
      local c = client({ retries = 2 })
      show(c:update_contact("fault-last", fields)) -- after which the server hangs up
      show(room.within(0, c.update_contact, c, "contact-1", fields))
      local taken
      local noisy = client({ retries = 3, log = function(attempt)
        if taken then
          room.free(taken)
          taken = nil
        end
        print(attempt.kind)
      end })
      show(noisy:update_contact("fault-last", fields))
      taken = room.take(0)
      show(noisy:update_contact("contact-1", fields)) -- there is room for its second attempt
    ]])
    assert.same({ "ok", "ok", "ok", "network", "ok", "ok" },
      { lines[1], lines[3], lines[4], lines[5], lines[6], lines[7] }, printed)
    assert.is_true(is_clear(lines[2]), printed)
    assert.equal(7, #lines, printed)
  end)

  for _, name in ipairs({ "luv", "cqueues" }) do
    if pcall(require, name) then -- see loops_spec.lua
      it("the loop of " .. name .. " tells each call what happened", function()
        for limit = 12, 24, 2 do
          local text = helper.run_script(
            ("sh -c 'ulimit -n %d; HIGHLEVEL_TOKEN=%s HIGHLEVEL_BASE_URL=%s exec \"$0\" \"$@\"'"):format(
              limit, helper.TOKEN, helper.env("HTTP")),
            ("arg = { 'contact-1', 'contact-2', 'contact-3' } dofile 'examples/%s.lua'"):format(name))
          local said = select(2, text:gsub("contact%-%d\t", ""))
          local well = select(2, text:gsub("\tupdated", ""))
          local refused = select(2, text:gsub("Too many open files", ""))
          assert.equal(3, said, text)
          assert.equal(3, well + refused, text)
        end
      end)
    end
  end
end)

if not nginx_server.is_possible() then
  return
end

describe("without descriptors, within nginx", function()
  local server

  before_each(function()
    helper.reset()
    server = nginx_server.start({
      main = "env HIGHLEVEL_SANDBOX_HTTP;\n",
      limit = 100,
      http = [[
        init_by_lua_block {
          highlevel = require "highlevel"
          room = require "torture.room"
          fields = { firstName = "a" }
          function new()
            return highlevel.new {
              token = "pit-0123456789", base_url = os.getenv "HIGHLEVEL_SANDBOX_HTTP", rate_limit = false,
              retries = 0, timeout = 5,
            }
          end
          function say(res, err)
            ngx.say(res and "ok" or err.kind .. "\t" .. tostring(err.retryable) .. "\t" .. err.message)
          end
          client = new()
        } ]],
      server = [[
        location /one { content_by_lua_block {
          local c = ngx.var.arg_new and new() or client
          say(room.within(tonumber(ngx.var.arg_left), c.update_contact, c, "contact-n", fields))
          if c ~= client then
            c:close()
          end
        } }
        location /many { content_by_lua_block {
          local items = {}
          for i = 1, 20 do
            items[i] = { "contact-n" .. i, fields }
          end
          local c = ngx.var.arg_new and new() or client
          local s = room.within(tonumber(ngx.var.arg_left), c.update_contacts, c, items)
          local failure = s.stopped or s.failures[1] and s.failures[1].err
          say(not failure, failure)
          if c ~= client then
            c:close()
          end
          ngx.say(s.succeeded + s.failed)
        } }
        location /later { content_by_lua_block {
          local ok, err = room.within(tonumber(ngx.var.arg_left), client.update_contact_later, client, "contact-n", fields)
          say(ok, err)
        } }
        location /left { content_by_lua_block {
          collectgarbage()
          collectgarbage()
          ngx.print(room.left())
        } } ]],
    })
  end)

  after_each(function()
    assert.is_true(server:quit(5))
    assert.equal("", server:leftovers())
    server:remove()
  end)

  it("one call is told so, and the next works", function()
    for left = 0, MOST do
      local body = server:get("/one?left=" .. left)
      local line = (body or ""):match("^([^\n]+)\n$")
      assert.is_true(line == "ok" or is_clear(line or ""), tostring(body) .. server:log())
      assert.is_true(left > 0 or line ~= "ok", line)
    end
    assert.equal("ok\n", (server:get("/one?left=100")))
    assert.equal("ok\n", (server:get("/one?left=0"))) -- thread and connection are there
  end)

  it("many calls are told so, and the next work", function()
    for left = 0, MOST + 20 do
      local body = server:get("/many?new=yes&left=" .. left)
      local line, n = (body or ""):match("^([^\n]+)\n(%d+)\n$")
      assert.is_true(line == "ok" or is_clear(line or ""), tostring(body) .. server:log())
      assert.equal("20", n)
    end
    assert.equal("ok\n20\n", (server:get("/many?left=100")))
  end)

  it("one that nobody waits for is refused or logged, and the next works", function()
    assert.is_true(is_clear((server:get("/later?left=0"):gsub("\n$", ""))))
    assert.equal("ok\n", (server:get("/later?left=100")))
    assert.is_true(server:until_true(5, function()
      return helper.requests("contact-n") == 1
    end))
  end)

  it("none is lost by it", function()
    local function left()
      local last
      server:until_true(5, function() -- until nothing is left to wait for
        local now = tonumber((server:get("/left")))
        local same = now == last
        last = now
        return same
      end)
      return last
    end
    local function rounds()
      for i = 0, MOST do
        server:get("/one?new=yes&left=" .. i)
        server:get("/many?new=yes&left=" .. i)
        server:get("/later?left=" .. i)
        server:get("/one?new=yes&left=100")
      end
      socket.sleep(0.5) -- the reader leaves when nothing is left to wait for
      return left()
    end
    local before = rounds()
    assert.equal(before, rounds())
  end)
end)
