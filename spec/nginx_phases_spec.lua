--- Within nginx: what works in which phase, and where a client may be made.

local helper = require "helper"
local nginx_server = require "nginx_server"

if not nginx_server.is_possible() then
  return
end

-- What each phase runs, once: all three ways to update, and a note of what came
-- of each, in a file, as not every phase can be asked.
local CODE = [[
  if not tried then
    tried = true
    local ok, res, err = pcall(client.update_contact, client, "contact-now", { firstName = "a" })
    note("now", ok and (res and "ok" or err.kind) or res)
    local fine, summary = pcall(client.update_contacts, client, { { "contact-many", { firstName = "a" } } })
    note("many", fine and "ok " .. summary.succeeded or summary)
    local sent, why = client:update_contact_later("contact-later", { firstName = "a" }, nil, function(answer, fault)
      note("later", answer and "ok" or fault.kind)
    end)
    note("sent", sent and "true" or tostring(why))
  end
]]

local INIT = [[
  init_by_lua_block {
    client = require("highlevel").new { token = "pit-0123456789", base_url = "%s", rate_limit = false, timeout = 5 }
    tried, port = false, %d
    function note(name, text)
      local file = assert(io.open("%s", "a"))
      file:write(name, "=", text, "\n")
      file:close()
    end
    %s
  }
]]

-- Another server of the same nginx, over TLS. What is to be known of a session
-- is asked when it comes again, which is what TLS 1.2 does without tickets.
local TLS = [[
  server {
    listen 127.0.0.1:%d ssl;
    ssl_certificate %s/good.pem;
    ssl_certificate_key %s/leaf.key;
    ssl_protocols TLSv1.2;
    ssl_session_tickets off;
    location / { return 200 "hi"; }
    %s
  }
]]

local PLAIN = 'server { listen 127.0.0.1:%d; location / { return 200 "x"; } }'

local HI = 'location /x { content_by_lua_block { ngx.print("x") } %s }'

-- phase; directives with the code in them, of init_by_lua (`init`), the http
-- block (`http`), the server block (`server`), or a server over TLS (`tls`);
-- `waits` where a handler may; `by`: what makes it happen, `get` if it is nil.
-- Newer Lua modules than Debian's have precontent_by_lua and proxy_ssl_*_by_lua.
local phases = {
  { "init", init = "%s", by = "start" },
  { "init_worker", http = "init_worker_by_lua_block { %s }", by = "start" },
  { "exit_worker", http = "exit_worker_by_lua_block { %s }", by = "quit" },
  { "set", server = "location /x { set_by_lua_block $x { %s return 'x' } return 200 $x; }" },
  { "server_rewrite", server = "server_rewrite_by_lua_block { %s } " .. HI:format(""), waits = true },
  { "rewrite", server = HI:format("rewrite_by_lua_block { %s }"), waits = true },
  { "access", server = HI:format("access_by_lua_block { %s }"), waits = true },
  { "content", server = "location /x { content_by_lua_block { %s ngx.print('x') } }", waits = true },
  {
    "balancer",
    http = 'upstream x { server 0.0.0.1; balancer_by_lua_block { %s require("ngx.balancer").set_current_peer("127.0.0.1", port) } }',
    server = "location /x { proxy_pass http://x; }",
  },
  { "header_filter", server = HI:format("header_filter_by_lua_block { %s }") },
  { "body_filter", server = HI:format("body_filter_by_lua_block { %s }") },
  { "log", server = HI:format("log_by_lua_block { %s }") },
  {
    "timer",
    server = "location /x { content_by_lua_block { ngx.timer.at(0, function() %s end) ngx.print('x') } }",
    waits = true,
  },
  { "ssl_client_hello", tls = "ssl_client_hello_by_lua_block { %s }", by = "tls" },
  { "ssl_cert", tls = "ssl_certificate_by_lua_block { %s }", by = "tls", waits = true },
  { "ssl_session_store", http = "ssl_session_store_by_lua_block { %s }", tls = "", by = "tls" },
  { "ssl_session_fetch", http = "ssl_session_fetch_by_lua_block { %s }", tls = "", by = "tls again" },
}

describe("in nginx's phases", function()
  local server, notes

  before_each(function()
    helper.reset()
    notes = os.tmpname()
  end)

  after_each(function()
    if server then
      local gone, left, log = server:quit(), server:leftovers(), server:log()
      server:remove()
      server = nil
      assert.is_true(gone, log)
      assert.equal("", left)
    end
    os.remove(notes)
  end)

  local function noted(name)
    local file = assert(io.open(notes))
    local text = file:read("*a")
    file:close()
    return text:match("%f[%w]" .. name .. "=([^\n]*)\n")
  end

  local function start(phase)
    local keys = helper.env("CA"):match("^(.*)/")
    local port = nginx_server.free_port()
    local function filled(directives)
      return directives and directives:gsub("%%s", function() return CODE end) or ""
    end
    server = nginx_server.start({
      http = INIT:format(helper.env("HTTP"), port, notes, filled(phase.init)) .. filled(phase.http)
        .. (phase.tls and TLS:format(port, keys, keys, filled(phase.tls)) or PLAIN:format(port)),
      server = filled(phase.server),
    })
    return port
  end

  -- A request over TLS; one that came before may come again.
  local function connect(port, again)
    os.execute(([[printf 'GET / HTTP/1.0\r\n\r\n' |
      timeout 5 openssl s_client -ign_eof -tls1_2 -connect 127.0.0.1:%d %s %s/session >%s/tls.log 2>&1]]):format(
      port, again and "-sess_in" or "-sess_out", server.folder, server.folder))
  end

  local function happen(phase, port)
    if not phase.by then
      assert.equal("x", (server:get("/x")))
    elseif phase.by == "quit" then
      server:signal("HUP")
    elseif phase.tls then
      connect(port)
      if phase.by == "tls again" then
        connect(port, true)
      end
    end
  end

  for _, phase in ipairs(phases) do
    local name = phase[1]
    it(name .. (phase.waits and ": all three work" or ": update_contact_later works, the others name it"), function()
      happen(phase, start(phase))
      assert.truthy(server:until_true(5, function()
        return noted("later")
      end), server:log())
      if phase.waits then
        assert.equal("ok", noted("now"))
        assert.equal("ok 1", noted("many"))
      else
        local text = "%s: a handler cannot wait in nginx's phase %s; use client:update_contact_later"
        assert.truthy(noted("now"):find(text:format("update_contact", name), 1, true), noted("now"))
        assert.truthy(noted("many"):find(text:format("update_contacts", name), 1, true), noted("many"))
      end
      assert.equal("true", noted("sent"))
      assert.equal("ok", noted("later"))
      local wait = phase.waits and 1 or 0
      assert.equal(wait, helper.requests("contact-now"))
      assert.equal(wait, helper.requests("contact-many"))
      assert.equal(1, helper.requests("contact-later"))
      assert.same({}, server:complaints())
    end)
  end
end)

-- A module of the program's own, with a client at its top.
local MODULE = [[
  package.preload.contacts = function()
    return { client = highlevel.new(options) }
  end
]]

describe("in nginx, a client", function()
  local server

  before_each(helper.reset)

  after_each(function()
    if server then
      local gone, left, log = server:quit(), server:leftovers(), server:log()
      server:remove()
      server = nil
      assert.is_true(gone, log)
      assert.equal("", left)
    end
  end)

  local function start(made, init, main)
    server = nginx_server.start({
      main = main,
      http = ([[init_by_lua_block {
        highlevel = require "highlevel"
        options = { token = "pit-0123456789", base_url = "%s", rate_limit = false, timeout = 5 }
        told = { 0, 0 }
        %s
      }]]):format(helper.env("HTTP"), init or ""),
      server = ([[
        location /now { content_by_lua_block {
          local client = %s
          local res, err = client:update_contact(ngx.var.arg_id, { firstName = "a" })
          ngx.print(res and "ok" or tostring(err))
        } }
        location /later { content_by_lua_block {
          local client = %s
          ngx.print(tostring(client:update_contact_later(ngx.var.arg_id, { firstName = "a" }, nil, function(res)
            told[res and 1 or 2] = told[res and 1 or 2] + 1
          end)))
        } }
        location /closed { content_by_lua_block {
          local client = highlevel.new(options)
          local res, err = client:update_contact(ngx.var.arg_id, { firstName = "a" })
          client:close()
          ngx.print(res and "ok" or tostring(err))
        } }
        location /default { content_by_lua_block {
          local res, err = highlevel.update_contact(ngx.var.arg_id, { firstName = "a" })
          ngx.print(res and "ok" or tostring(err))
        } }
        location /told { content_by_lua_block { ngx.print(told[1], " ", told[2]) } }
        location /status { content_by_lua_block {
          collectgarbage() collectgarbage()
          local status = highlevel.status()
          ngx.print(status.running + status.queued + status.waiting, " ", status.connections)
        } }
      ]]):format(made, made),
    })
  end

  -- where it is made, how a handler comes by it, what init_by_lua does
  for _, row in ipairs({
    { "in init_by_lua", "client", "client = highlevel.new(options)" },
    { "at the top of a module that init_by_lua requires", 'require("contacts").client', MODULE .. 'require "contacts"' },
    { "at the top of a module that a handler requires", 'require("contacts").client', MODULE },
    { "for each request", "highlevel.new(options)", "" },
  }) do
    it("made " .. row[1] .. " works", function()
      start(row[2], row[3])
      for i = 1, 20 do
        assert.equal("ok", (server:get("/now?id=contact-o" .. i)))
        assert.equal("true", (server:get("/later?id=contact-o" .. i)))
      end
      assert.truthy(server:until_true(3, function()
        return server:get("/told") == "20 0"
      end))
      assert.equal(2, helper.requests("contact-o20"))
      assert.same({}, server:complaints())
    end)
  end

  it("is made of the environment where none is made", function()
    start("highlevel", "", ("env HIGHLEVEL_TOKEN=pit-0123456789; env HIGHLEVEL_BASE_URL=%s;"):format(helper.env("HTTP")))
    assert.equal("ok", (server:get("/default?id=contact-e")))
    assert.same({}, server:complaints())
  end)

  it("of each request leaves nothing behind, whether it is closed or not", function()
    start("highlevel.new(options)")
    local function many(n)
      for i = 1, n do
        assert.equal("ok", (server:get("/now?id=contact-m" .. i % 100)))
        assert.equal("true", (server:get("/later?id=contact-m" .. i % 100)))
        assert.equal("ok", (server:get("/closed?id=contact-m" .. i % 100)))
      end
      assert.equal("0 0", server:until_true(3, function()
        local text = server:get("/status")
        return text == "0 0" and text
      end), server:get("/status"))
      return nginx_server.holds_at_rest(server:workers()[1])
    end
    local first = many(100)
    local last = many(500)
    assert.equal(first.threads, last.threads)
    assert.equal(first.files, last.files)
    assert.is_true(last.rss < first.rss + 2048, first.rss .. " KiB, then " .. last.rss)
    assert.equal("", server:leftovers())
    assert.equal("600 0", (server:get("/told")))
    assert.same({}, server:complaints())
  end)

  it("of each request is collected soon, even if there is much else to collect", function()
    start("highlevel.new(options)", [[
      ballast = {}
      for i = 1, 300000 do
        ballast[i] = { i }
      end
    ]])
    local most, pid = 0, server:workers()[1]
    for i = 1, 1000 do
      assert.equal("ok", (server:get("/now?id=contact-b" .. i % 100)))
      if i % 50 == 0 then
        most = math.max(most, nginx_server.holds(pid).files)
      end
    end
    assert.is_true(most < 500, most) -- some for each client
  end)
end)
