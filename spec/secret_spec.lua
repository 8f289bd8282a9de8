--- A token goes into the Authorization header and nowhere else.

local helper = require "helper"
local highlevel = require "highlevel"

local TOKEN = helper.TOKEN
local ID = helper.CONTACT

describe("the token", function()
  local function assert_hidden(value, what)
    local text = helper.dump(value) .. "\n" .. tostring(value)
    assert.is_nil(text:find(TOKEN, 1, true), what)
    assert.is_nil(text:find(TOKEN:sub(5), 1, true), what)
  end

  before_each(helper.reset)

  it("is not in a client, its text or its metatable", function()
    assert_hidden(helper.client(), "client")
    assert_hidden(highlevel, "module")
  end)

  it("is in no error, whatever the server does", function()
    local client = helper.client({ timeout = 0.5 })
    for _, fault in ipairs({
      "echo", "echo200", "status-400", "status-401", "status-500", "html", "badjson",
      "reset", "hang", "garbage", "daily", "huge-9000000",
    }) do
      local res, err = client:update_contact("fault-" .. fault, { firstName = "a" })
      assert.is_nil(res)
      assert_hidden(err, fault)
    end
  end)

  it("is blotted out of an answer that repeats it", function()
    local _, err = helper.client():update_contact("fault-echo", { firstName = "a" })
    assert.equal("rejected", err.kind)
    assert.truthy(err.message:find("Bearer ****", 1, true))
    assert.truthy(err.body:find("Bearer ****", 1, true))
    assert.truthy(err.meta.header:find("Bearer ****", 1, true))
    assert.truthy(err.trace_id:find("Bearer ****", 1, true))
  end)

  it("is in no error of connections that fail", function()
    for _, options in ipairs({
      { base_url = helper.env("REFUSED") },
      { base_url = helper.env("SELF_SIGNED") },
      { base_url = helper.env("HTTPS"), ca_file = "no/such/file" },
      { base_url = helper.env("NOT_TLS"), ca_file = helper.env("CA") },
    }) do
      local _, err = helper.client(options):update_contact(ID, { firstName = "a" })
      assert_hidden(err, options.base_url)
    end
  end)

  it("is in no message about a bad option or argument", function()
    local _, message = pcall(highlevel.new, { token = TOKEN .. "\n\nX: y", base_url = "http://example.com" })
    assert_hidden(message)
    _, message = pcall(highlevel.new, { [TOKEN:sub(1, 3)] = TOKEN })
    assert_hidden(message)
    local _, err = helper.client():update_contact(ID, { firstName = "a" }, { token = TOKEN .. "\1" })
    assert_hidden(err)
  end)

  it("reaches the sandbox in one header only", function()
    assert(helper.client():update_contact(ID, { firstName = "a" }))
    local seen = helper.journal()[1]
    assert.equal("Bearer " .. TOKEN, seen.headers.authorization)
    seen.headers.authorization = nil
    assert_hidden(seen)
  end)

  it("does not follow a redirect", function()
    local _, err = helper.client():update_contact("fault-status-307", { firstName = "a" })
    assert.equal("protocol", err.kind)
    assert.equal(1, #helper.journal())
  end)

  it("does not go to a proxy that the environment names for plain http", function()
    local text = helper.run_script("http_proxy=" .. helper.env("REFUSED"), ([[
      local highlevel = require "highlevel"
      local client = highlevel.new { token = "%s", base_url = "%s" }
      print(client:update_contact("%s", { firstName = "a" }) ~= nil)
    ]]):format(TOKEN, helper.env("HTTP"), ID))
    assert.equal("true\n", text)
  end)
end)
