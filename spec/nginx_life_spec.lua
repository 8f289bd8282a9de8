--- Within nginx: reloads, shutdowns, crashes, and clients that hang up.

local socket = require "socket"

local helper = require "helper"
local nginx_load = require "nginx_load"
local nginx_server = require "nginx_server"

if not nginx_server.is_possible() then
  return
end

local RELOADS = 50

local INIT = [[
  init_by_lua_block {
    highlevel = require "highlevel"
    function slow_token()
      ngx.sleep(0.3)
      return "pit-0123456789"
    end
    client = highlevel.new {
      token = "pit-0123456789", base_url = "%s", ca_file = "%s",
      rate_limit = false, max_connections = 128, timeout = 5,
    }
  }
]]

local SERVER = [[
  location /update { content_by_lua_block {
    local res, err = client:update_contact(ngx.var.arg_id, { firstName = "a" },
      { timeout = tonumber(ngx.var.arg_timeout), retries = 0 })
    ngx.print(res and "ok" or err.kind)
  } }
  location /later { content_by_lua_block {
    for i = 1, tonumber(ngx.var.arg_n) do
      client:update_contact_later(ngx.var.arg_id .. i, { firstName = "a" }, { timeout = tonumber(ngx.var.arg_timeout), retries = 0 })
    end
    ngx.print("sent")
  } }
  location /running { content_by_lua_block {
    local status = highlevel.status()
    ngx.print(status.running + status.queued + status.waiting)
  } }
  location /status { content_by_lua_block {
    collectgarbage() collectgarbage()
    local status = highlevel.status()
    ngx.print(ngx.worker.pid(), " ", status.running + status.queued + status.waiting, " ", status.connections)
  } }
  location /slow { content_by_lua_block {
    ngx.sleep(0.3)
    local res, err = client:update_contact(ngx.var.arg_id, { firstName = "a" })
    ngx.print(res and "ok" or err.kind)
  } }
  location /ask { content_by_lua_block {
    client:update_contact_later(ngx.var.arg_id, { firstName = "a" }, { token = slow_token })
    ngx.print("sent")
  } }
  location /memory { content_by_lua_block {
    collectgarbage() collectgarbage()
    ngx.print(math.floor(collectgarbage("count")))
  } }
  location /work { content_by_lua_block {
    client:update_contact(ngx.var.arg_id, { firstName = "a" })
    ngx.print(ngx.worker.pid(), " done")
  } }
]]

describe("within nginx", function()
  local server

  before_each(helper.reset)

  local function init(port)
    return INIT:format(helper.env(port or "HTTP"), helper.env("CA"))
  end

  local function start(workers, main, port)
    server = nginx_server.start({
      main = main, http = init(port), server = SERVER, workers = workers,
    })
  end

  local function stop()
    local gone, left, log = server:quit(), server:leftovers(), server:log()
    server:remove()
    server = nil
    assert.is_true(gone, log)
    assert.equal("", left)
  end

  after_each(function()
    if server then
      stop()
    end
  end)

  local function until_equal(value, seconds, f)
    assert.equal(value, server:until_true(seconds, function()
      return f() == value and value
    end) or f())
  end

  local function until_workers(n, seconds)
    until_equal(n, seconds, function()
      return #server:workers()
    end)
  end

  -- What each worker says at this path, by its process.
  local function ask_workers(path)
    local said, open = {}, {}
    for i = 1, 64 do
      open[i] = server:begin(path)
    end
    for i = 1, 64 do
      local pid, text = server.finish(open[i]):match("^(%d+) (.*)$")
      said[pid] = text
    end
    return said
  end

  -- What all workers have together once each has done an update and is idle
  -- again: `threads`, `files` without those to the API.
  local function idle_workers()
    local sum
    assert.truthy(server:until_true(10, function()
      ask_workers("/work?id=fault-delay-20.w")
      sum = { threads = 0, files = 0, rss = 0 }
      local workers, has = server:workers(), {}
      for i, pid in ipairs(workers) do
        has[i] = nginx_server.holds_at_rest(pid)
      end
      local said = ask_workers("/status")
      for i, pid in ipairs(workers) do
        local running, connections = (said[tostring(pid)] or ""):match("^(%d+) (%d+)$")
        if running ~= "0" or has[i].threads < 2 then
          return false
        end
        sum.threads, sum.rss = sum.threads + has[i].threads, sum.rss + has[i].rss
        sum.files = sum.files + has[i].files - connections
      end
      return true
    end), server:log())
    return sum
  end

  -- Fifty reloads while such requests come in: the load, and what the master
  -- has after ten and after all.
  local function reload_under_load(load, pause)
    local workers, early = #server:workers()
    local master = server:pid()
    for i = 1, RELOADS do
      load:run(pause)
      server:signal("HUP")
      if i == 10 then
        until_workers(workers, 10)
        early = nginx_server.holds(master)
      end
    end
    load:run(pause)
    assert.is_true(load:drain(20))
    until_workers(workers, 10)
    local late = nginx_server.holds(master)
    assert.is_true(late.rss < early.rss + 1024, early.rss .. " KiB, then " .. late.rss)
    assert.equal(early.files, late.files)
    assert.equal(early.threads, late.threads)
    assert.equal(early.shared, late.shared)
  end

  -- As many threads and descriptors as a server that has just begun.
  local function is_as_new(workers, port)
    local old = idle_workers()
    stop()
    start(workers, "", port)
    local new = idle_workers()
    assert.equal(new.threads, old.threads)
    assert.equal(new.files, old.files)
  end

  for workers, port in ipairs({ "HTTP", "HTTPS" }) do
    it(("%d reloads under load lose no request and leave nothing behind: %d workers, %s"):format(RELOADS, workers, port), function()
      local wrong = {}
      start(workers, "", port)
      local load = nginx_load.new(server, 16, function(i)
        return "/update?id=" .. (i % 3 == 0 and "fault-delay-50.l" or "contact-l") .. i % 500
      end, function(_, body)
        if body ~= "ok" then
          wrong[#wrong + 1] = tostring(body)
        end
      end)
      reload_under_load(load, 0.1)
      assert.same({}, wrong)
      assert.equal(load.sent, load.answered)
      assert.is_true(load.sent > 1000, load.sent)
      assert.same({}, server:complaints())
      is_as_new(workers, port)
    end)
  end

  it(RELOADS .. " reloads while nothing answers: each call ends at its deadline, and each worker soon after", function()
    local wrong, slowest = {}, 0
    start(1)
    local load = nginx_load.new(server, 32, function(i)
      return "/update?timeout=1&id=fault-hang.h" .. i
    end, function(_, body, _, seconds)
      slowest = math.max(slowest, seconds)
      if body ~= "timeout" or seconds < 0.99 then
        wrong[#wrong + 1] = tostring(body) .. " after " .. seconds .. " s"
      end
    end)
    reload_under_load(load, 0.1)
    assert.same({}, wrong)
    assert.equal(load.sent, load.answered)
    assert.is_true(slowest < 1.5, slowest)
    assert.same({}, server:complaints())
    is_as_new(1)
  end)

  it("a thousand clients that hang up leave no call, no descriptor and no memory", function()
    start(1)
    -- one that hangs up before its handler runs is not noticed by nginx
    local function running(n)
      return server:until_true(n == 0 and 1 or 5, function()
        return server:get("/running") == tostring(n)
      end)
    end
    local function abort(n)
      for round = 1, n / 50 do
        local open = {}
        for i = 1, 50 do
          open[i] = server:begin(("/update?id=fault-hang.a%d-%d"):format(round, i))
        end
        assert.truthy(running(50), server:get("/running"))
        for i = 1, 50 do
          open[i]:close()
        end
      end
      assert.truthy(running(0), server:get("/running"))
      server:get("/memory") -- which collects garbage
      return idle_workers()
    end
    local first = abort(1000)
    local sizes, grown = { first.rss }
    repeat -- memory that is used again settles; what each call loses is lost again each time
      local now = abort(1000)
      assert.equal(first.threads, now.threads)
      assert.equal(first.files, now.files)
      grown = now.rss - sizes[#sizes]
      sizes[#sizes + 1] = now.rss
    until grown < 100 or #sizes == 8
    assert.is_true(grown < 100, "KiB after each thousand: " .. table.concat(sizes, " "))
    assert.same({}, server:complaints())
  end)

  it("updates that nobody waits for leave no memory, however long there are some", function()
    start(1)
    local function many(n)
      for i = 1, n / 100 do
        assert.equal("sent", (server:get("/later?n=100&id=contact-l" .. i .. "-")))
        assert.truthy(server:until_true(5, function()
          return server:get("/running") == "1"
        end), server:get("/running"))
      end
      return tonumber((server:get("/memory")))
    end
    assert.equal("sent", (server:get("/later?n=1&timeout=20&id=fault-hang.l"))) -- there is always one
    local first = many(3000)
    local last = many(5000)
    assert.is_true(last < first + 300, first .. " KiB of Lua, then " .. last)
    assert.equal(2, helper.requests("contact-l1-1"))
    assert.equal(1, helper.requests("contact-l50-100"))
    assert.same({}, server:complaints())
    server:quit(5, "TERM") -- that one hangs
    server:remove()
    server = nil
  end)

  for name, directives in pairs({
    server_rewrite = "server_rewrite_by_lua_block { hang() }",
    rewrite = "location /hang { rewrite_by_lua_block { hang() } }",
    access = "location /hang { access_by_lua_block { hang() } }",
    content = "location /hang { content_by_lua_block { hang() } }",
    ["content, after one in access"] = "location /hang { access_by_lua_block { work() } content_by_lua_block { hang() } }",
    ["access, after one in rewrite"] = "location /hang { rewrite_by_lua_block { work() } access_by_lua_block { hang() } }",
    ["content, after one in server_rewrite"] = [[
      server_rewrite_by_lua_block { if ngx.var.uri == "/hang" then work() end }
      location /hang { content_by_lua_block { hang() } }]],
    ["content, after an internal redirect"] = [[
      location /hang { rewrite_by_lua_block { work() ngx.exec("/elsewhere") } }
      location /elsewhere { content_by_lua_block { hang() } }]],
    ["a light thread"] = "location /hang { content_by_lua_block { ngx.thread.wait(ngx.thread.spawn(hang)) } }",
    ["a light thread that outlives its handler"] = "location /hang { content_by_lua_block { ngx.thread.spawn(hang) } }",
  }) do
    it("a client that hangs up ends its call: " .. name, function()
      server = nginx_server.start({
        http = init() .. [[ init_worker_by_lua_block {
          function work()
            client:update_contact("contact-w", { firstName = "a" })
          end
          function hang()
            if ngx.var.uri == "/hang" or ngx.var.uri == "/elsewhere" then
              client:update_contact("fault-hang.h", { firstName = "a" })
            end
          end
        } ]],
        server = SERVER .. directives,
      })
      local open = server:begin("/hang")
      assert.truthy(server:until_true(3, function()
        return server:get("/running") == "1"
      end), server:log())
      open:close()
      assert.truthy(server:until_true(1, function()
        return server:get("/running") == "0"
      end), server:get("/running"))
    end)
  end

  it("a client that hangs up during a subrequest ends its call, once garbage is collected", function()
    server = nginx_server.start({
      http = init(),
      server = SERVER .. [[
        location /hang { content_by_lua_block { ngx.location.capture("/inner") } }
        location /inner { content_by_lua_block { client:update_contact("fault-hang.h", { firstName = "a" }) } }
      ]],
    })
    local open = server:begin("/hang")
    assert.truthy(server:until_true(3, function()
      return server:get("/running") == "1"
    end), server:log())
    open:close()
    assert.truthy(server:until_true(1, function()
      return server:get("/status"):find(" 0 %d+$")
    end), server:get("/status"))
  end)

  -- Lines of the log that have this text.
  local function logged(text)
    return select(2, server:log():gsub("[^\n]*" .. text .. "[^\n]*", ""))
  end

  it("quitting lets calls end, also those that nobody waits for", function()
    start(1)
    local slow, dead = server:begin("/update?id=fault-delay-500.q"), server:begin("/update?timeout=1&id=fault-hang.q")
    assert.equal("sent", (server:get("/later?n=20&timeout=5&id=fault-delay-700.q")))
    assert.equal("sent", (server:get("/later?n=20&timeout=1&id=fault-hang.l")))
    local seconds, gone = helper.timed(server.quit, server, 5)
    assert.is_true(gone)
    assert.is_true(seconds < 1.5, seconds)
    assert.equal("ok", (server.finish(slow)))
    assert.equal("timeout", (server.finish(dead)))
    assert.equal(20, logged("contact fault%-hang.l%d+ was not updated: timeout: "))
    assert.equal(0, logged("fault%-delay"))
    assert.equal("", server:leftovers())
    server:remove()
    server = nil
  end)

  it("a worker whose first call comes while it quits waits for it, and nginx has nothing to complain of", function()
    start(1)
    local slow = server:begin("/slow?id=contact-q")
    socket.sleep(0.1)
    assert.is_true(server:quit(3))
    assert.equal("ok", (server.finish(slow)))
    assert.same({}, server:complaints())
    server:remove()
    server = nil
  end)

  it("a worker that was busy when its last call had ended quits, too", function()
    server = nginx_server.start({
      http = init(),
      server = SERVER .. [[ location /busy { content_by_lua_block {
        client:update_contact_later("fault-delay-100.b", { firstName = "a" })
        ngx.sleep(0.05)
        require("highlevel.core").sleep(0.5) -- nobody is served meanwhile
        ngx.print("done")
      } } ]],
    })
    assert.equal("done", (server:get("/busy")))
    assert.equal(1, helper.requests("fault-delay-100.b"))
    assert.is_true(server:quit(3), server:log())
    assert.same({}, server:complaints())
    server:remove()
    server = nil
  end)

  it("a fast shutdown ends calls at once, and names those that nobody waits for", function()
    start(1)
    local open = server:begin("/update?id=fault-hang.t")
    assert.equal("sent", (server:get("/later?n=20&timeout=5&id=fault-hang.l")))
    local seconds, gone = helper.timed(server.quit, server, 5, "TERM")
    assert.is_true(gone)
    assert.is_true(seconds < 1, seconds)
    assert.is_nil((server.finish(open)))
    assert.equal(20, logged("contact fault%-hang.l%d+ may not have been updated: cancelled: "), server:log())
    assert.equal(1, logged("exited with code 0"))
    assert.equal("", server:leftovers())
    server:remove()
    server = nil
  end)

  it("a worker that is killed has a successor that works", function()
    start(1)
    assert.equal("ok", (server:get("/update?id=contact-k")))
    local open = server:begin("/update?id=fault-hang.k")
    until_equal("1", 3, function()
      return server:get("/status"):match("^%d+ (%d+)")
    end)
    local old = server:workers()[1]
    os.execute("kill -9 " .. tostring(old))
    server.finish(open)
    assert.truthy(server:until_true(5, function()
      local now = server:workers()[1]
      return now and now ~= old
    end))
    assert.equal("ok", (server:get("/update?id=contact-k")))
    assert.equal("", server:leftovers())
  end)

  it("worker_shutdown_timeout closes connections, and calls end at their deadlines", function()
    start(1, "worker_shutdown_timeout 1s; ")
    local open = server:begin("/update?timeout=2&id=fault-hang.s")
    assert.equal("sent", (server:get("/later?n=20&timeout=2&id=fault-hang.l")))
    local seconds, gone = helper.timed(server.quit, server, 5)
    assert.is_true(gone, server:log())
    assert.is_true(seconds > 1.9 and seconds < 2.5, seconds)
    assert.is_nil((server.finish(open))) -- its connection is what nginx closed
    assert.equal(20, logged("contact fault%-hang.l%d+ was not updated: timeout: "), server:log())
    assert.equal("", server:leftovers())
    server:remove()
    server = nil
  end)

  it("a token that is still asked for when the worker ends is named, too", function()
    start(1)
    assert.equal("sent", (server:get("/ask?id=contact-a1")))
    assert.is_true(server:quit(5, "TERM"))
    assert.equal(1, logged("contact contact%-a1 may not have been updated: cancelled: "), server:log())
    server:remove()
    start(1)
    assert.equal("sent", (server:get("/ask?id=contact-a2")))
    assert.is_true(server:quit(5))
    assert.equal(0, logged("contact%-a2"), server:log())
    assert.equal(1, helper.requests("contact-a2"))
    server:remove()
    server = nil
  end)
end)
