--- highlevel.encode: from Lua tables to the body, or to every problem.

local helper = require "helper"
local highlevel = require "highlevel"

local null = highlevel.null
local integers = math.type ~= nil -- Lua 5.4 has them

describe("highlevel.encode", function()
  local function body(fields, options)
    return assert(highlevel.encode(fields, options))
  end

  local function value(v)
    local text = body({ customFields = { { id = "x", field_value = v } } })
    return text:match('^{"customFields":%[{"id":"x","field_value":(.*)}%]}$')
  end

  describe("values", function()
    local cyclic_free = { a = { 1, 2 } }
    local cases = {
      { "text", "x", '"x"' },
      { "text with escapes", 'a"b\\c\n\t\1/', '"a\\"b\\\\c\\n\\t\\u0001/"' },
      { "text with a NUL", "a\0b", '"a\\u0000b"' },
      { "UTF-8", "é€😀", '"é€😀"' },
      { "integer", 100, "100" },
      { "whole float", 100.0, "100" },
      { "float", 100.5, "100.5" },
      { "shortest float", 0.1, "0.1" },
      { "float of 17 digits", 0.1 + 0.2, "0.30000000000000004" },
      { "large float", 1e300, "1e300" },
      { "small float", 5e-324, "5e-324" },
      { "a power of two", 2 ^ -44, "5.684341886080802e-14" },
      { "largest float", 1.7976931348623157e308, "1.7976931348623157e308" },
      { "negative", -1.5, "-1.5" },
      { "negative zero", -0.0, "-0" },
      { "2^53", 2 ^ 53, "9007199254740992" },
      { "null", null, "null" },
      { "list of texts", { "a", "b" }, '["a","b"]' },
      { "empty table", {}, "{}" },
      { "empty list", highlevel.array({}), "[]" },
      { "empty object", highlevel.object({}), "{}" },
      { "object sorted by name", { b = 1, a = 2, c = { 3 } }, '{"a":2,"b":1,"c":[3]}' },
      { "a table twice, no cycle", { x = cyclic_free, y = cyclic_free }, '{"x":{"a":[1,2]},"y":{"a":[1,2]}}' },
      { "__jsontype array", setmetatable({}, { __jsontype = "array" }), "[]" },
      { "__jsontype object", setmetatable({}, { __jsontype = "object" }), "{}" },
      { "metamethods are not asked", setmetatable({ "a" }, { __index = error, __len = error, __pairs = error }), '["a"]' },
      { "booleans within", { a = true, b = false }, '{"a":true,"b":false}' },
    }
    if integers then
      cases[#cases + 1] = { "largest integer", math.maxinteger, "9223372036854775807" }
      cases[#cases + 1] = { "smallest integer", math.mininteger, "-9223372036854775808" }
      cases[#cases + 1] = { "2^53 + 1", math.tointeger(2 ^ 53) + 1, "9007199254740993" }
    end
    for _, case in ipairs(cases) do
      it("encodes " .. case[1], function()
        assert.equal(case[3], value(case[2]))
      end)
    end
  end)

  it("takes lua-cjson's marks and null", function()
    local cjson = require "cjson"
    local real = package.loaded.cjson
    local marks = { array_mt = {}, empty_array_mt = {}, empty_array = real.empty_array }
    package.loaded.cjson = marks
    finally(function()
      package.loaded.cjson = real
    end)
    assert.equal("null", value(cjson.null))
    assert.equal("[]", value(setmetatable({}, marks.array_mt)))
    assert.equal("[]", value(setmetatable({}, marks.empty_array_mt)))
    assert.equal('{"a":1}', value(setmetatable({ a = 1 }, marks.empty_array_mt)))
  end)

  describe("shapes", function()
    local cases = {
      { { tags = {} }, '{"tags":[]}' },
      { { customFields = {} }, '{"customFields":[]}' },
      { { dndSettings = {} }, '{"dndSettings":{}}' },
      { { inboundDndSettings = {} }, '{"inboundDndSettings":{}}' },
      { { tags = highlevel.array({}) }, '{"tags":[]}' },
      { { lastName = null }, '{"lastName":null}' },
      { { customFields = { { id = "x", field_value = null } } }, '{"customFields":[{"id":"x","field_value":null}]}' },
      { { customFields = { { key = "contact.a", fieldValue = "" } } }, '{"customFields":[{"key":"contact.a","field_value":""}]}' },
    }
    for _, case in ipairs(cases) do
      it("writes " .. case[2], function()
        assert.equal(case[2], body(case[1]))
      end)
    end
  end)

  it("keeps the API document's order, whatever the table's", function()
    local text = body({
      assignedTo = "u",
      country = "US",
      tags = { "a" },
      firstName = "f",
      dndSettings = { FB = { status = "active" }, Call = { code = "c", status = "inactive" } },
      email = "a@b.c",
    })
    assert.equal(
      '{"firstName":"f","email":"a@b.c","dndSettings":{"Call":{"status":"inactive","code":"c"},'
        .. '"FB":{"status":"active"}},"tags":["a"],"country":"US","assignedTo":"u"}',
      text
    )
  end)

  it("spells for v3 what either spelling gave", function()
    local expected = '{"dndSettings":{"call":{"status":"active"},"sms":{"status":"active"},"whatsApp":{"status":"active"}},'
      .. '"customFields":[{"id":"x","fieldValue":1}]}'
    local on = { status = "active" }
    assert.equal(
      expected,
      body({
        dndSettings = { Call = on, SMS = on, WhatsApp = on },
        customFields = { { id = "x", field_value = 1 } },
      }, { api_version = "v3" })
    )
    assert.equal(
      expected,
      body({
        dndSettings = { call = on, sms = on, whatsApp = on },
        customFields = { { id = "x", fieldValue = 1 } },
      }, { api_version = "v3" })
    )
  end)

  describe("dates of birth", function()
    for _, form in ipairs({
      "1990/09/25", "09/25/1990", "1990-09-25", "09-25-1990",
      "1990.09.25", "09.25.1990", "1990_09_25", "09_25_1990",
    }) do
      it("takes " .. form, function()
        assert.equal('{"dateOfBirth":"1990-09-25"}', body({ dateOfBirth = form }))
      end)
    end
    it("takes the 29th of February in leap years", function()
      assert.equal('{"dateOfBirth":"2000-02-29"}', body({ dateOfBirth = "2000-02-29" }))
      assert.is_nil(highlevel.encode({ dateOfBirth = "1900-02-29" }))
    end)
  end)

  -- path, a part of the message, the fields
  describe("refuses", function()
    local cyclic = {}
    cyclic.meta = cyclic
    local deep = {}
    do
      local t = deep
      for _ = 1, 40 do
        t.a = {}
        t = t.a
      end
    end
    local function custom(v)
      return { customFields = { { id = "a", field_value = "" }, { id = "b", field_value = "" }, { id = "c", field_value = v } } }
    end
    local third = "customFields[3].field_value"
    local cases = {
      -- what JSON cannot say
      { third, "list with holes", custom({ "a", nil, "c" }) },
      { third, "list with holes", custom({ [2] = "a" }) },
      { third, "list elements and named keys", custom({ "a", b = "c" }) },
      { third, "no place in a list", custom({ [0] = "a" }) },
      { third, "no place in a list", custom({ [1.5] = "a" }) },
      { third, "key that is a boolean", custom({ [true] = "a" }) },
      { third, "key that is a table", custom({ [{}] = "a" }) },
      { third .. ".f", "a function cannot be sent", custom({ f = print }) },
      { third .. ".t", "a thread cannot be sent", custom({ t = coroutine.create(print) }) },
      { third .. ".u", "a userdata cannot be sent", custom({ u = io.stdout }) },
      { third .. ".meta", "a table that contains itself", custom(cyclic) },
      { third .. (".a"):rep(29), "deeper than 32 levels", custom(deep) },
      { third, "NaN", custom(0 / 0) },
      { third, "infinity", custom(1 / 0) },
      { third, "infinity", custom(-1 / 0) },
      { third, "not UTF-8 (byte 2 is 0xFF)", custom("a\255") },
      { third .. '["?"]', "not UTF-8", custom({ ["\255"] = 1 }) },
      { third .. '["a.b"]', "NUL byte", custom({ ["a\0b"] = 1 }) },
        { "dateOfBirth", "not a text with a NUL byte", { dateOfBirth = "1990-09-25\0" } },
        { "country", "not a text with a NUL byte", { country = "US\0" } },
        { "timezone", "no time zone", { timezone = "America/Chicago\0" } },
        { "dndSettings.SMS.status", "not a text with a NUL byte", { dndSettings = { SMS = { status = "active\0" } } } },
      { third, "marked as a list", custom(highlevel.array({ a = 1 })) },
      { third, "marked as an object", custom(highlevel.object({ "a" })) },
      { "firstName", "not UTF-8", { firstName = "\xC3" } },
      -- names
      { "first_name", "did you mean firstName?", { first_name = "x" } },
      { "firstname", "did you mean firstName?", { firstname = "x" } },
      { "Email", "did you mean email?", { Email = "x" } },
      { "emial", "did you mean email?", { emial = "x" } },
      { "customfields", "did you mean customFields?", { customfields = {} } },
      { "zip", "did you mean postalCode?", { zip = "1" } },
      { "locationId", "the token says which location", { locationId = "x" } },
      { "id", "goes before the fields", { id = "x" } },
      { "gender", "no gender in an update", { gender = "x" } },
      { "companyName", "leave it out", { companyName = "x" } },
      { "additionalEmails", "one primary email", { additionalEmails = { "x" } } },
      { "dateAdded", "cannot set it", { dateAdded = "x" } },
      { "xyzzy", "one unknown name fails the whole update", { xyzzy = 1 } },
      { '["a b"]', "not a field", { ["a b"] = 1 } },
      -- types and null
      { "firstName", "must be a text, not a number; put it in quotes", { firstName = 1 } },
      { "firstName", "must be a text, not a boolean", { firstName = true } },
      { "firstName", "must be a text, not an empty table", { firstName = {} } },
      { "firstName", "must be a text, not an object", { firstName = { a = "b" } } },
      { "firstName", "must be a text, not a list", { firstName = { "a" } } },
      { "postalCode", "put it in quotes", { postalCode = 35061 } },
      { "dnd", "take the quotes off", { dnd = "true" } },
      { "dnd", "must be true or false, not a number", { dnd = 1 } },
      { "tags", "put it in braces", { tags = "a" } },
      { "tags", "must be a list of texts, not an object", { tags = { a = "b" } } },
      { "tags", "must be a list of texts, not an object", { tags = highlevel.object({}) } },
      { "tags[2]", "must be a text, not a number", { tags = { "a", 2 } } },
      { "tags[1]", "cannot be null", { tags = { null } } },
      { "postalCode", "cannot be null; leave it out", { postalCode = null } },
      { "country", "cannot be null", { country = null } },
      { "dnd", "cannot be null", { dnd = null } },
      { "tags", "cannot be null", { tags = null } },
      { "customFields", "cannot be null", { customFields = null } },
      { "dndSettings", "cannot be null", { dndSettings = null } },
      { "email", "is empty", { email = "" } },
      { "phone", "is empty", { phone = "" } },
      { "timezone", "is no time zone", { timezone = "Central Time" } },
      { "timezone", "is no time zone", { timezone = "" } },
      -- do not disturb
      { "dndSettings", "must be an object of channels, not a list", { dndSettings = { "SMS" } } },
      { "dndSettings.Sms", "did you mean SMS?", { dndSettings = { Sms = { status = "active" } } } },
      { "dndSettings.RCS", "does not accept it", { dndSettings = { RCS = { status = "active" } } } },
      { "dndSettings.SMS", "has no status, and it must", { dndSettings = { SMS = {} } } },
      { "dndSettings.SMS", "must be an object with a status, not a text", { dndSettings = { SMS = "active" } } },
      { "dndSettings.SMS.status", '"active", "inactive" or "permanent", not "on"', { dndSettings = { SMS = { status = "on" } } } },
      { "dndSettings.SMS.status", "not a boolean", { dndSettings = { SMS = { status = true } } } },
      { "dndSettings.SMS.mesage", "did you mean message?", { dndSettings = { SMS = { status = "active", mesage = "" } } } },
      { "dndSettings.sms", "given twice (also as SMS)", { dndSettings = { sms = { status = "active" }, SMS = { status = "active" } } } },
      { "inboundDndSettings.all.status", '"active" or "inactive", not "permanent"', { inboundDndSettings = { all = { status = "permanent" } } } },
      { "inboundDndSettings.SMS", "not a key of inboundDndSettings", { inboundDndSettings = { SMS = { status = "active" } } } },
      { "inboundDndSettings.all.code", "not a part", { inboundDndSettings = { all = { status = "active", code = "1" } } } },
      -- custom fields
      { "customFields", "must be a list of custom fields, not an object", { customFields = { id = "x", field_value = 1 } } },
      { "customFields[1]", "must be an object with id and field_value, not a text", { customFields = { "x" } } },
      { "customFields[1]", "add its id (or its key)", { customFields = { { field_value = 1 } } } },
      { "customFields[1]", "has no field_value", { customFields = { { id = "x" } } } },
      { "customFields[1].id", "is empty", { customFields = { { id = "", field_value = 1 } } } },
      { "customFields[1].id", "must be a text, not a number", { customFields = { { id = 1, field_value = 1 } } } },
      { "customFields[1].id", "cannot be null", { customFields = { { id = null, field_value = 1 } } } },
      { "customFields[1].value", "rename it", { customFields = { { id = "x", value = 1 } } } },
      { "customFields[1].fieldvalue", "did you mean field_value?", { customFields = { { id = "x", fieldvalue = 1 } } } },
      { "customFields[1].field_value", "given twice (also as fieldValue)", { customFields = { { id = "x", field_value = 1, fieldValue = 1 } } } },
      { third, "a checkbox takes a list", custom(true) },
      { third, "bare number", custom({ currency = "USD", value = 1 }) },
      { third .. "[2]", "holds texts, not a number", custom({ "a", 2 }) },
      { third .. "[1]", "under its uuid", custom({ { url = "x" } }) },
      -- dates and countries
      { "dateOfBirth", "the month comes before the day", { dateOfBirth = "25/09/1990" } },
      { "dateOfBirth", "months are 01 to 12", { dateOfBirth = "25/25/1990" } },
      { "dateOfBirth", "no such day", { dateOfBirth = "02/30/1990" } },
      { "dateOfBirth", "no such day", { dateOfBirth = "1990-04-31" } },
      { "dateOfBirth", "no such day", { dateOfBirth = "1990-04-00" } },
      { "dateOfBirth", "write a date as", { dateOfBirth = "1990-9-25" } },
      { "dateOfBirth", "write a date as", { dateOfBirth = "1990-09/25" } },
      { "dateOfBirth", "write a date as", { dateOfBirth = "1990-09-25T00:00:00.000Z" } },
      { "dateOfBirth", "write a date as", { dateOfBirth = "" } },
      { "dateOfBirth", "must be a date", { dateOfBirth = 19900925 } },
      { "country", 'the two-letter code "US"', { country = "us" } },
      { "country", 'the two-letter code "DE"', { country = "Germany" } },
      { "country", '"CD" or "CG"', { country = "Congo" } },
      { "country", "is not a country code", { country = "BL" } },
      { "country", "is not a country code", { country = "" } },
    }
    for _, case in ipairs(cases) do
      local path, part, fields = case[1], case[2], case[3]
      it(path .. " (" .. part .. ")", function()
        local text, err = highlevel.encode(fields)
        assert.is_nil(text)
        assert.equal("invalid", err.kind)
        assert.equal(path, err.path)
        assert.equal(1, #err.messages)
        assert.truthy(err.message:find(part, 1, true), err.message)
        assert.equal(1, err.message:find(path .. ": ", 1, true))
      end)
    end
  end)

  local has_ffi, ffi = pcall(require, "ffi")
  if has_ffi then
    it("refuses LuaJIT's 64-bit cdata, naming tonumber", function()
      local _, err = highlevel.encode({ customFields = { { id = "x", field_value = ffi.new("int64_t", 1) } } })
      assert.equal("customFields[1].field_value", err.path)
      assert.truthy(err.message:find("tonumber", 1, true))
    end)
  end

  it("refuses an update without a field", function()
    local text, err = highlevel.encode({})
    assert.is_nil(text)
    assert.equal("invalid", err.kind)
    assert.truthy(err.message:find("no field in this update", 1, true))
  end)

  it("refuses a list in place of fields", function()
    local _, err = highlevel.encode({ "firstName" })
    assert.truthy(err.message:find("must be an object of fields, not a list", 1, true))
  end)

  it("lists every problem, in order of the paths", function()
    local list = {}
    for i = 1, 11 do
      list[i] = { id = "x" }
    end
    local _, err = highlevel.encode({ zap = 1, first_name = 2, customFields = list, name = print })
    assert.equal(14, #err.messages)
    assert.equal("customFields[1]", err.path)
    assert.truthy(err.messages[2]:find("customFields[2]", 1, true))
    assert.truthy(err.messages[11]:find("customFields[11]", 1, true))
    assert.truthy(err.messages[14]:find("zap", 1, true))
    assert.truthy(tostring(err):find("and 13 more problems", 1, true))
  end)

  it("keeps the first hundred problems of very many", function()
    local tags = {}
    for i = 1, 1000 do
      tags[i] = i
    end
    local _, err = highlevel.encode({ tags = tags })
    assert.equal(100, #err.messages)
    assert.truthy(err.message:find("999 more", 1, true))
  end)

  it("lets unknown names through when not strict, and checks the rest", function()
    assert.equal('{"firstName":"a","brandNew":{"x":[1]}}', body({ brandNew = { x = { 1 } }, firstName = "a" }, { strict = false }))
    local _, err = highlevel.encode({ brandNew = 1, firstName = 2 }, { strict = false })
    assert.equal("firstName", err.path)
  end)

  it("leaves the caller's table as it was", function()
    local fields = { dateOfBirth = "09/25/1990", tags = {}, customFields = { { id = "x", fieldValue = 1 } } }
    body(fields)
    assert.same({ dateOfBirth = "09/25/1990", tags = {}, customFields = { { id = "x", fieldValue = 1 } } }, fields)
  end)

  it("raises for misuse, naming it", function()
    assert.has_error(function()
      highlevel.encode("x")
    end)
    local ok, message = pcall(highlevel.encode, {}, { api_verson = "v3" })
    assert.is_false(ok)
    assert.truthy(message:find("did you mean 'api_version'", 1, true))
  end)
end)

describe("highlevel.array and highlevel.object", function()
  it("give the same table back", function()
    local t = { "a" }
    assert.equal(t, highlevel.array(t))
  end)

  it("refuse what is no table, and tables with a metatable of their own", function()
    assert.has_error(function()
      highlevel.array("x")
    end)
    assert.has_error(function()
      highlevel.object(setmetatable({}, {}))
    end)
  end)

  it("can be called by a finalizer", function()
    local outer = setmetatable({ a = { 1, 2 }, b = { c = "d" } }, {})
    local fields = { customFields = { { id = "x", field_value = outer } }, firstName = "outer" }
    local wanted = highlevel.encode(fields)
    local seen = 0
    local function litter()
      local object
      local mt = {
        __gc = function()
          assert(highlevel.encode({ firstName = "inner", tags = { "t" } }) == '{"firstName":"inner","tags":["t"]}')
          seen = seen + 1
        end,
      }
      if _VERSION == "Lua 5.1" then
        object = newproxy(true) -- luacheck: globals newproxy
        getmetatable(object).__gc = mt.__gc
      else
        object = setmetatable({}, mt)
      end
      return object
    end
    for _ = 1, 3000 do
      litter()
      assert.equal(wanted, highlevel.encode(fields))
    end
    collectgarbage()
    assert.truthy(seen > 1000)
  end)

  -- The collector's steps are spread so that some fall into the reading; it
  -- takes a small heap. LuaJIT's can be told to collect by a finalizer, too.
  it("runs no finalizer while texts are borrowed", function()
    local text = helper.run_script("", [[
      local highlevel = require "highlevel"
      local stray = 0
      if jit then jit.off() end
      for n = 400, 1600 do
        local fields, reading = { customFields = {} }, false
        for _, name in ipairs { "firstName", "lastName", "city", "source" } do
          fields[name] = name:rep(10) .. n
        end
        for i = 1, 20 do
          local value = setmetatable({}, {})
          fields.customFields[i] = setmetatable({ id = "x", field_value = value }, {})
        end
        local function take_away()
          if not reading then return end
          fields.firstName, fields.lastName, fields.city, fields.source = nil, nil, nil, nil
          collectgarbage()
          for i = 1, 200 do reading = ("stray"):rep(20) .. i + 1000 end -- in their places
        end
        collectgarbage()
        collectgarbage()
        collectgarbage("setpause", 100)
        collectgarbage("setstepmul", n)
        if newproxy then
          getmetatable(newproxy(true)).__gc = take_away
        else
          setmetatable({}, { __gc = take_away })
        end
        local debt = ("x"):rep(100000 + n)
        reading = true
        local body = highlevel.encode(fields)
        reading = false
        if body and body:find("stray") then stray = stray + 1 end
      end
      print(stray)
    ]])
    assert.equal("0\n", text)
  end)

  it("does not take much memory for few tables that are in each other", function()
    local text = helper.run_script("", [[
      local highlevel = require "highlevel"
      local t = { "x" }
      for _ = 1, 25 do t = { a = t, b = t } end
      local _, err = highlevel.encode { customFields = { { id = "x", field_value = t } } }
      print(err)
      for line in io.lines("/proc/self/status") do
        local most = line:match("^VmHWM:%s*(%d+) kB")
        if most then print(tonumber(most) < 2e6) end
      end
    ]])
    assert.equal("invalid: this update is larger than 8 MiB\ntrue\n", text)
  end)
end)
