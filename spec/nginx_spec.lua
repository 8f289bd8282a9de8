--- Within nginx: a handler waits, its worker does not.

local helper = require "helper"
local nginx_server = require "nginx_server"

if not nginx_server.is_possible() then
  return -- Lua 5.4 cannot be within nginx; nor can a module with sanitizers
end

local function http(more)
  return ([[
    init_by_lua_block {
      highlevel = require "highlevel"
      client = highlevel.new {
        token = "pit-0123456789", base_url = "%s", rate_limit = false, max_connections = 256, timeout = 5,
      }
      told = {}
      function tell(name)
        return function(res, err)
          told[name] = res and "ok" or err.kind
        end
      end
      %s
    }
  ]]):format(helper.env("HTTP"), more or "")
end

local UPDATE = [[
  location /update { content_by_lua_block {
    local res, err, info = client:update_contact(ngx.var.arg_id, { firstName = "a" })
    ngx.print(res and "ok " .. info.attempts or err.kind)
  } }
  location /status { content_by_lua_block {
    local status = highlevel.status(client)
    ngx.print(status.running, " ", status.connections, " ", status.finished.ok or 0, " ", status.ready_in)
  } }
  location /trivial { return 200 "hi"; }
]]

describe("within nginx", function()
  local server

  before_each(helper.reset)

  after_each(function()
    if server then
      local gone = server:quit()
      local left, log = server:leftovers(), server:log()
      server:remove()
      server = nil
      assert.is_true(gone, log)
      assert.equal("", left)
    end
  end)

  it("an update waits in its handler, and nothing is logged", function()
    server = nginx_server.start({ http = http(), server = UPDATE })
    assert.equal("ok 1", server:get("/update?id=contact-n1"))
    assert.equal("not_found", server:get("/update?id=fault-status-404"))
    assert.equal("ok 2", server:get("/update?id=fault-seq-503-ok.n"))
    assert.same({}, server:complaints())
    assert.equal(1, helper.requests("contact-n1"))
  end)

  it("many handlers wait at once, and the worker serves others meanwhile", function()
    server = nginx_server.start({ http = http(), server = UPDATE })
    local open = {}
    local seconds = helper.timed(function()
      for i = 1, 128 do
        open[i] = server:begin("/update?id=fault-delay-1000." .. i)
      end
      local before = helper.timed(function()
        assert.equal("hi", server:get("/trivial"))
      end)
      assert.is_true(before < 0.9, before) -- before the first of them
      for i = 1, 128 do
        assert.equal("ok 1", server.finish(open[i]))
      end
    end)
    assert.is_true(seconds < 20, seconds) -- 128, one after another
    assert.is_true(helper.admin("GET", "/stats").peak > 64)
    assert.same({}, server:complaints())
  end)

  it("finds what has ended even when it cannot be told of it", function()
    server = nginx_server.start({ http = http(), server = UPDATE })
    os.execute("rmdir " .. server.folder .. "/tmp")
    assert.equal("ok 1", server:get("/update?id=contact-untold"))
    assert.truthy(server:log():find("no folder for a socket to wait with", 1, true))
    os.execute("mkdir " .. server.folder .. "/tmp")
    assert.truthy(server:until_true(3, function()
      return server:get("/update?id=contact-told") == "ok 1"
    end))
  end)

  it("failures of update_contact_later go to the error log, and say which contact", function()
    server = nginx_server.start({
      http = http(),
      server = [[location /log { content_by_lua_block { ngx.print("x") } log_by_lua_block {
        client:update_contact_later("fault-status-404", { firstName = "a" })
      } }
      location /bad { content_by_lua_block {
        local ok, err = client:update_contact_later("x", { first_name = "a" })
        ngx.print(tostring(ok), " ", err.kind)
      } }]],
    })
    server:get("/log")
    assert.truthy(server:until_true(3, function()
      return server:log():find("contact fault-status-404 was not updated: not_found: ", 1, true)
    end), server:log())
    assert.equal("nil invalid", server:get("/bad"))
    assert.is_nil(server:log():find("pit-0123456789", 1, true))
  end)

  it("many updates at once are one handler's, which waits", function()
    server = nginx_server.start({
      http = http(),
      server = [[location /bulk { content_by_lua_block {
        local items = {}
        for i = 1, 200 do
          items[i] = { i == 7 and "fault-status-404" or "contact-b" .. i, { firstName = "a" } }
        end
        local summary = client:update_contacts(items)
        ngx.print(summary.succeeded, " ", summary.failed)
      } }]],
    })
    assert.equal("199 1", server:get("/bulk"))
    assert.same({}, server:complaints())
  end)

  it("more timers than may run at once all have their answers", function()
    server = nginx_server.start({
      http = "lua_max_running_timers 8; " .. http([[
        n_ok = 0
        function update(premature, name)
          local res = client:update_contact(name, { firstName = "a" })
          n_ok = n_ok + (res and 1 or 0)
        end
      ]]),
      server = UPDATE .. [[
        location /busy { content_by_lua_block {
          for i = 1, 8 do ngx.timer.at(0, update, "fault-delay-300.b" .. i) end
        } }
        location /n { content_by_lua_block { ngx.print(n_ok) } }
      ]],
    })
    server:get("/busy")
    local seconds, said = helper.timed(server.get, server, "/update?id=contact-meanwhile")
    assert.equal("ok 1", said)
    assert.is_true(seconds < 0.3, seconds)
    assert.truthy(server:until_true(3, function()
      return server:get("/n") == "8"
    end), server:get("/n"))
    assert.equal("ok 1", (server:get("/update?id=contact-afterwards")))
  end)

  it("update_contact_later is told of its end when a timer can run again", function()
    server = nginx_server.start({
      http = "lua_max_running_timers 1; " .. http(),
      server = UPDATE .. [[
        location /later { content_by_lua_block {
          ngx.timer.at(0, function() ngx.sleep(0.5) end)
          ngx.sleep(0.01)
          ngx.print(tostring(client:update_contact_later("contact-late", { firstName = "a" }, nil, tell("late"))))
        } }
        location /told { content_by_lua_block { ngx.print(tostring(told.late)) } }
      ]],
    })
    assert.equal("true", (server:get("/later")))
    assert.equal("ok 1", (server:get("/update?id=contact-meanwhile")))
    assert.equal("nil", (server:get("/told"))) -- the one timer sleeps
    assert.truthy(server:until_true(3, function()
      server:get("/update?id=fault-delay-100.m")
      return server:get("/told") == "ok"
    end))
  end)

  it("an update waits in a coroutine of the handler, and items may come from one", function()
    server = nginx_server.start({
      http = http(),
      server = [[location /coroutine { content_by_lua_block {
        local update = coroutine.wrap(function()
          local res = client:update_contact("contact-c", { firstName = "a" })
          coroutine.yield("begun")
          return res and "ok"
        end)
        local items = coroutine.wrap(function()
          for i = 1, 5 do
            ngx.sleep(0.01)
            coroutine.yield({ "contact-c" .. i, { firstName = "a" } })
          end
        end)
        ngx.print(update(), " ", update(), " ", client:update_contacts(items).succeeded)
      } }]],
    })
    assert.equal("begun ok 5", (server:get("/coroutine")))
    assert.same({}, server:complaints())
  end)

  it("with lua_code_cache off each request has a Lua of its own, which leaves nothing", function()
    server = nginx_server.start({
      http = "lua_code_cache off; " .. http(),
      server = UPDATE .. [[ location /later { content_by_lua_block {
        ngx.print(tostring(client:update_contact_later(ngx.var.arg_id, { firstName = "a" })))
      } } ]],
    })
    local function many()
      for i = 1, 30 do
        assert.equal("ok 1", (server:get("/update?id=contact-u" .. i)))
        assert.equal("true", (server:get("/later?id=contact-u" .. i)))
      end
      local has
      assert.truthy(server:until_true(3, function()
        has = nginx_server.holds(server:workers()[1])
        return has.threads == 1
      end))
      return has
    end
    local first, last = many(), many()
    assert.equal(first.files, last.files)
    assert.equal(2, helper.requests("contact-u30") / 2)
  end)
end)
