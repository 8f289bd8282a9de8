--- What answers may hold: RFC 8259, case by case, and what this library decides
--- where the RFC leaves it open. Numbers and texts, both ways.

local core = require "highlevel.core"
local highlevel = require "highlevel"

local null = highlevel.null

-- Are they the same, down to the sign of zero and the kind of number?
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and type(a) == type(b) and (a ~= 0 or 1 / a == 1 / b)
      and (type(a) ~= "number" or math.type == nil or math.type(a) == math.type(b))
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

-- Lists of section, cases: { text, value }, or a text that must be refused.
local sections = {
  { "2, structure", {
    { "[]", {} }, { "{}", {} }, { " [ 1 , 2 ] ", { 1, 2 } }, { "\t\n\r {} \r\n\t", {} },
    { '{"a":[{"b":{}}]}', { a = { { b = {} } } } }, { "1", 1 }, { '"a"', "a" }, { "true", true }, { "false", false },
    { "null", null }, { "[null]", { null } }, { "[[],[[]]]", { {}, { {} } } }, { '[1,"a",true,null,{}]', { 1, "a", true, null, {} } },
    "", " ", "[", "]", "{", "}", "[}", "{]", "[1", "[1,", "[,", "[,1]", "[1,,2]", "[1,]", "[1 2]", "[1]]", "[1]1", "{}{}",
    "1 2", "[1],", ":", ",", "\f[]", "\v[]", "[]\0", "\0[]", "[\0]", "[\f1]", "[]\226\128\168", "\194\160[]",
  } },
  { "3, names of values", {
    "True", "FALSE", "Null", "nul", "nulll", "tru", "truefalse", "undefined", "NaN", "Infinity", "-Infinity", "nil", "[nan]",
  } },
  { "4, objects", {
    { '{"":1}', { [""] = 1 } }, { '{"a":1,"b":2}', { a = 1, b = 2 } }, { '{ "a" : 1 }', { a = 1 } },
    { '{"a\\u0062":1}', { ab = 1 } }, { '{"a":null}', {} }, -- an absent key
    { '{"a":1,"a":2}', { a = 2 } }, -- open in the RFC: the last one
    '{"a"}', '{"a":}', '{:1}', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{a:1}', "{'a':1}", '{1:1}', '{"a" 1}', '{"a"=1}',
    '{"a":1 "b":2}', '{"a"::1}', '{null:1}', '{"a":1', '{"a":', '{"a', '{[]:1}', '{"a":1;"b":2}',
  } },
  { "6, numbers", {
    { "0", 0 }, { "-0", -0.0 }, { "-1", -1 }, { "10", 10 }, { "0.5", 0.5 }, { "-0.5", -0.5 }, { "1e2", 100 }, { "1E2", 100 },
    { "1e+2", 100 }, { "1e-2", 0.01 }, { "1.50", 1.5 }, { "0e0", 0 }, { "0e99", 0 }, { "0.0", 0 }, { "123456789.125", 123456789.125 },
    { "9007199254740992", 9007199254740992 }, { "1e00002", 100 }, { "5e-324", 5e-324 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
    { "1e400", math.huge }, { "-1e400", -math.huge }, { "1e-400", 0 }, -- open in the RFC: as strtod
    { "0.1", 0.1 }, { "2.2250738585072011e-308", 2.2250738585072011e-308 }, { "1e23", 1e23 },
    "01", "-01", "00", "1.", ".5", "-.5", "+1", "-", "--1", "1e", "1e+", "1E-", "1.e2", "1e2.5", "0x10", "1_000", "1,5", "1f",
    "1..2", "1ee2", "- 1", "[1.]", "[-]", "[+1]", "\239\188\145", "1e1e1", "0b1", "1a", "[01]", "-a",
  } },
  { "7, strings", {
    { '""', "" }, { '"a b"', "a b" }, { '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t' }, { '"\\u0041"', "A" }, { '"\\u00e9"', "\195\169" },
    { '"\\u00E9"', "\195\169" }, { '"\\u20ac"', "\226\130\172" }, { '"\\uD83D\\uDE00"', "\240\159\152\128" }, { '"\\u0000"', "\0" },
    { '"/"', "/" }, { '"\127"', "\127" }, { '"\226\128\168"', "\226\128\168" }, { '"\\udbff\\udfff"', "\244\143\191\191" },
    { '"\\ud800\\udc00"', "\240\144\128\128" }, { '"\\uffff"', "\239\191\191" }, { '"\\u0080"', "\194\128" }, { '"\\u07ff\\u0800"', "\223\191\224\160\128" },
    -- open in the RFC: half a pair becomes U+FFFD
    { '"\\ud800"', "\239\191\189" }, { '"\\udc00"', "\239\191\189" }, { '"\\ud800x"', "\239\191\189x" }, { '"\\ud800\\ud800"', "\239\191\189\239\191\189" },
    { '"\\ud800\\n"', "\239\191\189\n" }, { '"\\udc00\\ud800"', "\239\191\189\239\191\189" },
    '"', '"a', '"\\', '"\\"', '"\\a"', '"\\x41"', '"\\\'"', "'a'", '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\U0041"', '"\\u 041"',
    '"\n"', '"\t"', '"\r"', '"\1"', '"\31"', '"\0"', '"a\0b"', '"\\\n"', '"\\0"', '"\\u+041"', '"\\ud800\\u"', '"a" "b"', '"\\',
  } },
  { "8, encoding", {
    { "\239\187\191[]", {} }, -- open in the RFC: a byte order mark is passed over
    { '"\194\128"', "\194\128" }, { '"\223\191"', "\223\191" }, { '"\224\160\128"', "\224\160\128" }, { '"\237\159\191"', "\237\159\191" },
    { '"\238\128\128"', "\238\128\128" }, { '"\239\191\191"', "\239\191\191" }, { '"\240\144\128\128"', "\240\144\128\128" },
    { '"\244\143\191\191"', "\244\143\191\191" },
    '"\128"', '"\191"', '"\192\128"', '"\193\191"', '"\194"', '"\194a"', '"\195\40"', '"\224\128\128"', '"\224\159\191"', '"\226\130"', '"\226\40\161"',
    '"\237\160\128"', '"\237\191\191"', '"\240\128\128\128"', '"\240\143\191\191"', '"\240\144\128"', '"\244\144\128\128"', '"\245\128\128\128"',
    '"\248\136\128\128\128"', '"\254"', '"\255"', "\255\254[\0]\0", "\254\255\0[\0]", "\239\187[]", "\239\187\191", "[]\239\187\191",
  } },
  { "9, what parsers extend", {
    "// a\n[]", "/* a */[]", "[1]// a", "# a\n[]", "[1,/**/2]", '{"a":1,/**/}', "<a/>", "[`a`]", '{"a":(1)}', "[1;2]", "a", "[a]", "@",
  } },
}

describe("an answer's JSON, RFC 8259", function()
  for _, section in ipairs(sections) do
    it("section " .. section[1] .. ", " .. #section[2] .. " cases", function()
      for _, case in ipairs(section[2]) do
        local text = type(case) == "table" and case[1] or case
        local value, what, offset = core.decode(text)
        if type(case) == "table" then
          assert.is_nil(what, ("%q: %s"):format(text, tostring(what)))
          assert.is_true(same(case[2], value), ("%q"):format(text))
        else
          assert.truthy(what, ("%q was accepted"):format(text))
          assert.is_true(offset >= 0 and offset <= #text, ("%q: %d"):format(text, offset))
        end
      end
    end)
  end

  it("cut anywhere is refused", function()
    local text = '{"a":[1.5e-3,"x\\u00e9\195\169",true,{"b":null}],"c":false}'
    assert.truthy(core.decode(text))
    for n = 0, #text - 1 do
      assert.is_nil((core.decode(text:sub(1, n))), text:sub(1, n))
    end
  end)

  it("is nested 128 levels at the most, and what is deeper is refused at once", function()
    for _, pair in ipairs({ { "[", "]" }, { '{"a":', "}", "1" } }) do
      local inner = pair[3] or ""
      assert.truthy(core.decode(pair[1]:rep(128) .. inner .. pair[2]:rep(128)))
      local value, what = core.decode(pair[1]:rep(129) .. inner .. pair[2]:rep(129))
      assert.is_nil(value)
      assert.truthy(what:find("deep", 1, true), what)
      assert.is_nil((core.decode(pair[1]:rep(1000000))))
    end
  end)
end)

-- Lua's largest exact integers
local WIDE = math.maxinteger ~= nil

describe("values that go out and come back", function()
  local seed = tonumber(os.getenv("SEED")) or os.time()

  -- One of each kind in turn: any bits of a double, few decimal places, integers.
  local function number(n)
    local kind = n % 4
    if kind == 0 then
      return math.random(-1e9, 1e9) / 10 ^ math.random(0, 9)
    elseif kind == 1 and WIDE then
      return math.random(0) -- 64 bits
    elseif kind == 1 then
      return math.random(-2 ^ 30, 2 ^ 30) * 2 ^ 23 + math.random(0, 2 ^ 23 - 1)
    end
    local fraction = 2 ^ 52 + math.random(0, 2 ^ 26 - 1) * 2 ^ 26 + math.random(0, 2 ^ 26 - 1)
    return (n % 8 < 4 and 1 or -1) * fraction * 2.0 ^ math.random(-1074, 971)
  end

  it("a million numbers are the same to the last bit", function()
    math.randomseed(seed)
    for batch = 1, 1000 do
      local fields, count = {}, 1000
      for i = 1, count do
        fields[i] = { id = "x", field_value = number(i) }
      end
      local back = core.decode((assert(highlevel.encode({ customFields = fields })))).customFields
      for i = 1, count do
        local sent, got = fields[i].field_value, back[i].field_value
        -- a double that is a whole number comes back as an integer, of the same value
        if not (sent == got and (sent ~= 0 or 1 / sent == 1 / got)) then
          error(("seed %d, batch %d: %.17g came back as %.17g"):format(seed, batch, sent, got))
        end
      end
    end
  end)

  it("so are the outermost ones", function()
    local list = { 0, -0.0, 1, -1, 0.1, 1 / 3, 1e21, 1e-7, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2 ^ 53, 2 ^ 53 - 1,
      -2 ^ 53, 2 ^ 63, -2 ^ 63, 2 ^ 64, 123456.789, 100.5 }
    if WIDE then
      for _, i in ipairs({ math.maxinteger, math.mininteger, math.maxinteger - 1, 9007199254740992, 9007199254740993 }) do
        list[#list + 1] = i
      end
    end
    for _, n in ipairs(list) do
      local back = core.decode((assert(highlevel.encode({ customFields = { { id = "x", field_value = n } } }))))
      local got = back.customFields[1].field_value
      assert.is_true(n == got and (n ~= 0 or 1 / n == 1 / got), tostring(n) .. " " .. tostring(got))
    end
  end)

  it("the first and last code points of each length are sent as they are, and come back", function()
    for _, text in ipairs({ "\1", "\127", "\194\128", "\223\191", "\224\160\128", "\237\159\191", "\238\128\128", "\239\191\189",
      "\239\191\191", "\240\144\128\128", "\244\143\191\191", "\0", "a\0b", '"\\/', "\226\128\168" }) do
      local body = assert(highlevel.encode({ firstName = text }))
      assert.equal(text, core.decode(body).firstName)
    end
  end)

  it("what is not UTF-8 is refused, with the place", function()
    for _, case in ipairs(sections[6][2]) do
      local text = type(case) == "string" and case:match('^"(.*)"$')
      if text then
        local body, err = highlevel.encode({ firstName = text })
        assert.is_nil(body, ("%q"):format(text))
        assert.equal("invalid", err.kind)
        assert.truthy(err.message:find("UTF-8", 1, true), err.message)
      end
    end
  end)

  it("fields are nested 32 levels at the most, and no deeper", function()
    local function nested(levels)
      local value = "x"
      for _ = 1, levels do
        value = { a = value }
      end
      return { customFields = { { id = "x", field_value = value } } }
    end
    assert.truthy(highlevel.encode(nested(29)))
    local body, err = highlevel.encode(nested(30))
    assert.is_nil(body)
    assert.truthy(err.message:find("deeper than 32", 1, true), err.message)
    assert.is_nil((highlevel.encode(nested(100000))))
  end)
end)
