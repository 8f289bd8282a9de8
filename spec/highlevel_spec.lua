--- The front: clients, updates that arrive, errors, and misuse.

local cjson = require "cjson"
local helper = require "helper"
local highlevel = require "highlevel"

local ID = helper.CONTACT

local function last_request()
  local journal = helper.journal()
  return journal[#journal]
end

describe("client:update_contact", function()
  local client

  before_each(function()
    helper.reset()
    client = helper.client()
  end)

  after_each(function()
    client:close()
  end)

  it("sends one PUT with the headers of the API document", function()
    local res, err, info = client:update_contact(ID, { firstName = "rosan" })
    assert.is_nil(err)
    assert.equal("rosan", res.contact.firstName)
    assert.is_true(res.succeeded)
    assert.is_true(res.succeded)
    assert.equal(200, info.status)
    assert.equal(1, info.attempts)
    assert.equal("1.1", info.http_version)
    assert.is_true(info.seconds > 0)
    assert.equal(999999, info.rate_limit.remaining)
    assert.equal(10, info.rate_limit.interval)
    local seen = last_request()
    assert.equal("PUT", seen.method)
    assert.equal("/contacts/" .. ID, seen.uri)
    assert.equal('{"firstName":"rosan"}', seen.body)
    assert.equal("Bearer " .. helper.TOKEN, seen.headers.authorization)
    assert.equal("2021-07-28", seen.headers.version)
    assert.equal("application/json", seen.headers["content-type"])
    assert.equal("application/json", seen.headers.accept)
    assert.is_nil(seen.headers.expect)
    assert.equal("lua-highlevel/" .. highlevel._VERSION:match("%S+$"), seen.headers["user-agent"])
  end)

  it("sends what encode shows", function()
    local fields = require("examples.contact")
    assert(client:update_contact(ID, fields))
    assert.equal(highlevel.encode(fields), last_request().body)
  end)

  it("delivers the complete example body, deep-equal to the API document's", function()
    local file = io.open("../shared/api/example-request.json")
    local fields = require("examples.contact")
    local document = file and cjson.decode(file:read("*a")) or fields
    if file then
      file:close()
    end
    for _, transport in ipairs({ client, helper.tls_client("HTTPS") }) do
      local res = assert(transport:update_contact(ID, fields))
      assert.same(document, cjson.decode(last_request().body))
      assert.equal("+18888888888", res.contact.phone)
      assert.same({ "nisi sint commodo amet", "consequat" }, setmetatable(res.contact.tags, nil))
    end
  end)

  it("goes over HTTP/2 where there is TLS, unless told not to", function()
    local tls = helper.tls_client("HTTPS")
    local _, _, info = assert(tls:update_contact(ID, { firstName = "a" }))
    assert.equal("2", info.http_version)
    tls:close()
    tls = helper.tls_client("HTTPS", { http2 = false })
    _, _, info = assert(tls:update_contact(ID, { firstName = "a" }))
    assert.equal("1.1", info.http_version)
    tls:close()
  end)

  it("uses one connection for one call after another", function()
    for _ = 1, 5 do
      assert(client:update_contact(ID, { firstName = "a" }))
    end
    local connections = {}
    for _, seen in ipairs(helper.journal()) do
      connections[seen.connection] = true
    end
    assert.is_nil(next(connections, (next(connections))))
  end)

  it("speaks v3", function()
    local v3 = helper.client({ api_version = "v3" })
    local res = assert(v3:update_contact(ID, {
      dndSettings = { SMS = { status = "active" } },
      customFields = { { id = "x", field_value = "y" } },
    }))
    assert.is_true(res.succeeded)
    assert.same({ id = "x", value = "y" }, res.contact.customFields[1])
    local seen = last_request()
    assert.equal("v3", seen.headers.version)
    assert.equal('{"dndSettings":{"sms":{"status":"active"}},"customFields":[{"id":"x","fieldValue":"y"}]}', seen.body)
  end)

  it("empties a field with null and leaves absent ones alone", function()
    assert(client:update_contact(ID, { firstName = "a", lastName = "b" }))
    local res = assert(client:update_contact(ID, { lastName = highlevel.null }))
    assert.equal("a", res.contact.firstName)
    assert.is_nil(res.contact.lastName)
  end)

  describe("encodes ids", function()
    for id, uri in pairs({
      ["contact-a b"] = "/contacts/contact-a%20b",
      ["contact-é"] = "/contacts/contact-%C3%A9",
      ["contact-?#%"] = "/contacts/contact-%3F%23%25",
      ["contact-..;x=1"] = "/contacts/contact-..%3Bx%3D1",
    }) do
      it(id, function()
        assert(client:update_contact(id, { firstName = "a" }))
        assert.equal(uri, last_request().uri)
      end)
    end
  end)

  it("refuses bad ids, and sends nothing", function()
    for _, id in ipairs({ "", "a/b", "a\n", "a\0b", ".", ".." }) do
      local res, err = client:update_contact(id, { firstName = "a" })
      assert.is_nil(res)
      assert.equal("invalid", err.kind)
      assert.equal("contact_id", err.path)
    end
    assert.equal(0, #helper.journal())
  end)

  it("sends nothing when the fields are wrong", function()
    local res, err = client:update_contact(ID, { first_name = "a", dnd = 1 })
    assert.is_nil(res)
    assert.equal("invalid", err.kind)
    assert.equal(2, #err.messages)
    assert.equal(0, err.attempts)
    assert.equal(0, #helper.journal())
  end)

  it("obeys strict, of the client and of the call", function()
    local lax = helper.client({ strict = false })
    local _, err = lax:update_contact(ID, { brandNew = 1 })
    assert.equal("rejected", err.kind)
    assert.same({ "property brandNew should not exist" }, err.messages)
    _, err = lax:update_contact(ID, { brandNew = 1 }, { strict = true })
    assert.equal("invalid", err.kind)
    _, err = client:update_contact(ID, { brandNew = 1 }, { strict = false })
    assert.equal("rejected", err.kind)
  end)

  it("lists every complaint of a 422", function()
    local _, err = client:update_contact(ID, { gender = "x", locationId = "y" }, { strict = false })
    assert.equal("rejected", err.kind)
    assert.equal(422, err.status)
    table.sort(err.messages)
    assert.same({ "property gender should not exist", "property locationId should not exist" }, err.messages)
    assert.truthy(tostring(err):find("HTTP 422", 1, true))
  end)

  it("tells a missing contact and a duplicate apart from other 400s", function()
    local _, err = client:update_contact("nobody", { firstName = "a" })
    assert.equal("not_found", err.kind)
    assert.equal(400, err.status)
    _, err = client:update_contact(ID, { email = "taken@example.com" })
    assert.equal("duplicate", err.kind)
    assert.same({ contactId = "AnotherContactsIdHere", matchingField = "email" }, err.meta)
  end)

  describe("tells refusals of the token apart", function()
    for token, kind in pairs({
      ["expired-token"] = "unauthorized",
      ["revoked-token"] = "unauthorized",
      ["noscope-token"] = "forbidden",
      ["usertype-token"] = "forbidden",
      ["authclass-token"] = "forbidden",
      ["notaccessible-token"] = "forbidden",
      ["otherlocation-token"] = "forbidden",
      ["cloudflare-token"] = "forbidden",
      ["limited-0-token"] = "rate_limited",
      ["daily-0-token"] = "rate_limited",
    }) do
      it(token .. " is " .. kind, function()
        local _, err = client:update_contact(ID, { firstName = "a" }, { token = token })
        assert.equal(kind, err.kind, tostring(err))
      end)
    end
  end)

  it("reads numbers exactly, and odd texts", function()
    local res = assert(client:update_contact("fault-bigint", { firstName = "a" }))
    local c = res.contact
    assert.equal(0.1, c.e)
    assert.equal(1e300, c.f)
    assert.equal(-0.5, c.g)
    assert.equal(100, c.h)
    assert.equal(18446744073709551616.0, c.d)
    if math.type then
      assert.equal("9007199254740993", tostring(c.a))
      assert.equal(math.maxinteger, c.b)
      assert.equal(math.mininteger, c.c)
      assert.equal("integer", math.type(c.h))
    end
    c = assert(client:update_contact("fault-unicode", { firstName = "a" })).contact
    assert.equal("😀", c.pair)
    assert.equal("a\239\191\189b", c.half)
    assert.equal("a\0b", c.nul)
    assert.is_nil(c.gone)
    assert.equal(highlevel.null, c.list[1])
    assert.equal(3, #c.list)
    assert.same({}, c.list[3])
  end)

  it("gives back what can be sent again: empty lists stay lists", function()
    local res = assert(client:update_contact("fault-unicode", { firstName = "a" }))
    assert.equal(
      '{"customFields":[{"id":"x","field_value":{"a":[],"b":{}}}]}',
      highlevel.encode({ customFields = { { id = "x", field_value = { a = res.contact.empty, b = res.contact.none } } } })
    )
  end)

  it("gives back whatever was sent, of any shape", function()
    local seed = 1
    local function dice(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    local parts = { "a", "\0", '"', "\\", "\n", "\31", "é", "😀", "0123456789", " ", "/", "\127", "€" }
    local function text(start)
      for _ = 1, dice(10) - 1 do
        start = start .. parts[dice(#parts)]
      end
      return start
    end
    local value
    local function children(depth)
      local t, object = {}, dice(2) == 1
      for i = 1, dice(6) do
        t[object and "k" .. i .. text(""):gsub("%z", "") or i] = value(depth + 1)
      end
      return t
    end
    function value(depth)
      local kind = dice(depth < 5 and 8 or 4)
      if kind == 1 then
        return dice(2) == 1
      elseif kind == 2 then
        return dice(2000000000) - 1000000000
      elseif kind == 3 then
        return (dice(2000000) - 1000000) / 8
      elseif kind == 4 then
        return text("")
      end
      return children(depth)
    end
    for _ = 1, 40 do
      local sent = { a = value(1), b = value(1) }
      local res = assert(client:update_contact(ID, { customFields = { { id = "files", field_value = sent } } }))
      local got
      for _, field in ipairs(res.contact.customFields) do
        got = field.id == "files" and field.value or got
      end
      assert.same(sent, got)
    end
  end)

  it("takes a token function, asked once for each call", function()
    local asked = 0
    local own = helper.client({
      token = function()
        asked = asked + 1
        return "  pit-number-" .. asked .. "\r\n"
      end,
    })
    assert(own:update_contact(ID, { firstName = "a" }))
    assert(own:update_contact(ID, { firstName = "a" }))
    assert.equal(2, asked)
    assert.equal("Bearer pit-number-2", last_request().headers.authorization)
  end)

  it("says what a token function said that had none", function()
    local own = helper.client({
      token = function()
        return nil, "the vault is sealed"
      end,
    })
    local res, err = own:update_contact(ID, { firstName = "a" })
    assert.is_nil(res)
    assert.equal("invalid", err.kind)
    assert.equal("token", err.path)
    assert.truthy(err.message:find("the vault is sealed", 1, true))
    assert.equal(0, #helper.journal())
  end)

  it("counts a slow token function against the timeout", function()
    local core = require "highlevel.core"
    local slow = helper.client({
      timeout = 0.2,
      token = function()
        local started = core.now()
        repeat until core.now() - started > 0.3
        return helper.TOKEN
      end,
    })
    local _, err = slow:update_contact("fault-delay-2000", { firstName = "a" })
    assert.equal("timeout", err.kind)
  end)

  it("refuses tokens with a NUL byte, which C would cut there", function()
    for _, token in ipairs({ "otherlocation\0x", "\0" }) do
      assert.has_error(function()
        highlevel.new({ token = token })
      end)
      assert.has_error(function()
        client:update_contact(ID, { firstName = "a" }, { token = token })
      end)
      local _, err = client:update_contact(ID, { firstName = "a" }, {
        token = function()
          return token
        end,
      })
      assert.equal("token", err.path)
    end
    assert.has_error(function()
      highlevel.new({ ca_file = "a\0b" })
    end)
    assert.equal(0, #helper.journal())
  end)

  it("refuses tokens with control characters, and empty ones", function()
    for _, token in ipairs({ "pit-\nX: y", "", "   ", "a\127b" }) do
      local _, err = client:update_contact(ID, { firstName = "a" }, { token = token })
      assert.equal("invalid", err.kind)
      assert.equal("token", err.path)
    end
    assert.equal(0, #helper.journal())
  end)

  it("never mixes the tokens of two clients", function()
    local other = helper.client({ token = "pit-the-other-one" })
    for i = 1, 20 do
      local mine = i % 2 == 0
      assert((mine and client or other):update_contact(ID, { firstName = "a" }))
      assert.equal("Bearer " .. (mine and helper.TOKEN or "pit-the-other-one"), last_request().headers.authorization)
    end
    other:close()
  end)

  it("raises for misuse, naming the argument, at the caller's line", function()
    local function message(f, ...)
      local ok, text = pcall(f, ...)
      assert.is_false(ok)
      assert.truthy(text:find("highlevel_spec.lua:", 1, true), text)
      return text
    end
    local cases = {
      { "must be a string, not a number", 12, { firstName = "a" } },
      { "must be a table, not a string", ID, "firstName" },
      { "must be a table, not nil", ID },
      { "did you mean 'timeout'", ID, { firstName = "a" }, { timout = 1 } },
      { "'timeout' must be a number of seconds above 0", ID, { firstName = "a" }, { timeout = "1" } },
      { "'timeout' must be", ID, { firstName = "a" }, { timeout = 0 } },
      { "options must be a table", ID, { firstName = "a" }, 3 },
    }
    for _, case in ipairs(cases) do
      local text = message(function()
        client:update_contact(case[2], case[3], case[4])
      end)
      assert.truthy(text:find(case[1], 1, true), text)
    end
    local text = message(function()
      client.update_contact(ID, { firstName = "a" })
    end)
    assert.truthy(text:find("with a colon", 1, true))
  end)
end)

describe("client:close", function()
  it("is safe twice, and a closed client says so", function()
    local client = helper.client()
    assert(client:update_contact(ID, { firstName = "a" }))
    client:close()
    client:close()
    local ok, message = pcall(client.update_contact, client, ID, { firstName = "a" })
    assert.is_false(ok)
    assert.truthy(message:find("the client is closed", 1, true))
  end)

  it("happens by itself to clients that nobody holds", function()
    for _ = 1, 50 do
      assert(helper.client():update_contact(ID, { firstName = "a" }))
    end
    collectgarbage()
    collectgarbage()
    local _, _, info = assert(helper.client():update_contact(ID, { firstName = "a" }))
    assert.equal(200, info.status)
  end)
end)

describe("highlevel.new", function()
  local function message(options)
    local ok, text = pcall(highlevel.new, options)
    assert.is_false(ok)
    return text
  end

  local cases = {
    { "'tokn'; did you mean 'token'", { tokn = "x" } },
    { "'Timeout'; did you mean 'timeout'", { Timeout = 1 } },
    { "'baseurl'; did you mean 'base_url'", { baseurl = "x" } },
    { "there are: api_version", { xyzzy = 1 } },
    { "'token' must be a string, or a function", { token = 1 } },
    { "'timeout' must be a number", { timeout = -1 } },
    { "'timeout' must be a number", { timeout = 0 / 0 } },
    { "'retries' must be a whole number", { retries = 1.5 } },
    { "'rate_limit' must be false, or a table", { rate_limit = true } },
    { "'rate_limit' must be false, or a table", { rate_limit = { requests = 1 } } },
    { "'http2' must be true or false", { http2 = 1 } },
    { "'strict' must be true or false", { strict = "no" } },
    { "'max_connections' must be a whole number", { max_connections = 0 } },
    { "'api_version' must be \"2021-07-28\" or \"v3\"", { api_version = "v2" } },
    { "base_url: must begin with https://", { base_url = "http://example.com" } },
    { "base_url: must begin with https://", { base_url = "http://127.0.0.1.example.com" } },
    { "base_url: must begin with https://", { base_url = "http://localhost.example.com:80" } },
    { "base_url: must begin with https://", { base_url = "ftp://example.com" } },
    { "base_url: holds more than", { base_url = "https://user:secret@example.com" } },
    { "base_url: holds more than", { base_url = "https://example.com/?a=b" } },
    { "base_url: is no address", { base_url = "https://" } },
    { "base_url: is no address", { base_url = "not an address" } },
    { "token: holds a control character", { token = "pit-1\r\nX: y" } },
    { "token: is empty", { token = " \n" } },
    { "user_agent: is empty or holds control", { user_agent = "a\nb" } },
    { "proxy: cannot go with an http://", { base_url = "http://127.0.0.1:1", proxy = "http://127.0.0.1:2" } },
    { "options must be a table", "x" },
  }
  for i, case in ipairs(cases) do
    it("refuses (" .. i .. ") " .. case[1], function()
      local text = message(case[2])
      assert.truthy(text:find(case[1], 1, true), text)
      assert.is_nil(text:find("secret", 1, true))
    end)
  end

  it("takes every option of the manual", function()
    highlevel.new({
      token = "t", base_url = "https://example.com/base/", api_version = "v3", timeout = 0.5,
      connect_timeout = 1, retries = 0, rate_limit = false, max_connections = 2, http2 = false,
      ca_file = "x.pem", proxy = "http://proxy:1", user_agent = "mine/1", strict = false,
      max_response_bytes = 1000,
    }):close()
    highlevel.new({ rate_limit = { requests = 25, interval = 10 } }):close()
    highlevel.new():close()
  end)

  it("accepts http:// on loopback alone", function()
    for _, host in ipairs({ "127.0.0.1", "127.9.9.9:80", "localhost:8080", "LOCALHOST", "[::1]:80" }) do
      highlevel.new({ base_url = "http://" .. host }):close()
    end
  end)

  it("appends to the User-Agent", function()
    helper.reset()
    assert(helper.client({ user_agent = "shop/2" }):update_contact(ID, { firstName = "a" }))
    assert.truthy(last_request().headers["user-agent"]:find("^lua%-highlevel/[%d.]+ shop/2$"))
  end)

  it("does not write to the caller's table", function()
    local options = { token = "t", timeout = 3 }
    highlevel.new(options)
    assert.same({ token = "t", timeout = 3 }, options)
  end)
end)

describe("highlevel.update_contact", function()
  local run = helper.run_script -- a process of its own: the environment is read once

  local code = [[
    local highlevel = require "highlevel"
    local res, err = highlevel.update_contact("ocQHyuzHvysMo5N5VsXc", { firstName = "env" })
    print(res and res.contact.firstName, err and err.kind, err and err.path, err)
  ]]

  it("takes its account from the environment", function()
    helper.reset()
    local text = run("HIGHLEVEL_TOKEN=pit-from-env HIGHLEVEL_API_VERSION=v3 HIGHLEVEL_BASE_URL=" .. helper.env("HTTP"), code)
    assert.equal("env\tnil\tnil\tnil\n", text)
    local seen = last_request()
    assert.equal("Bearer pit-from-env", seen.headers.authorization)
    assert.equal("v3", seen.headers.version)
  end)

  it("says which variable is missing or wrong", function()
    assert.truthy(run("", code):find("nil\tinvalid\ttoken\t.*set HIGHLEVEL_TOKEN"))
    assert.truthy(run("HIGHLEVEL_TOKEN=x HIGHLEVEL_BASE_URL=http://example.com", code)
      :find("nil\tinvalid\tHIGHLEVEL_BASE_URL\tinvalid: HIGHLEVEL_BASE_URL: must begin with https://", 1, true))
  end)
end)

describe("an error", function()
  it("prints as one line, and concatenates", function()
    local _, err = highlevel.encode({ first_name = 1 })
    assert.equal("invalid: first_name: is not a field of a contact; did you mean firstName?", tostring(err))
    assert.equal("x " .. tostring(err), "x " .. err)
    assert.equal(tostring(err) .. " x", err .. " x")
  end)
end)
