--- Contacts made of texts that are weapons: what is sent, and what must come of
--- it. The same for the same seed, under every Lua.
---
---     local next_contact = hostile.contacts(seed)
---     local item = next_contact()
---
--- `item` has `id`, `fields` and `token`, and either `kept` (what the contact
--- must then be: texts of fields by name, `tags`, `customFields` by id), or
--- `path`: where it must be refused; `start` if that is only how it begins.

local highlevel = require "highlevel"

local hostile = {}

-------------------------------------------------------------------- weapons

local LONG = 65536

-- good UTF-8, whatever it means
local TEXTS = {
  "", " ", "  ends with blanks  ", "null", "NULL", "nil", "undefined", "true", "false", "NaN", "Infinity", "-0",
  "1e999", "-1e999", "9007199254740993", "0x10", "1_000", "012", "[object Object]", "[]", "{}", "[", "{", '"', "'",
  "\\", "\\\\", '\\"', '"\\', "\\u0000", "\\ud800", "\\x00", "\\n", "/", "//", "\\/", "</script>", "<!--", "]]>", "*/",
  "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__index", "__gc", "__jsontype", "length",
  "%s%n", "%s%s%s%s%s%s%s%s%s%s", "%n%n%n%n", "%d%x%p", "%*.*s", "%1$*2$n", "%", "%%", "%00", "%2e%2e%2f", "%0d%0aX: y",
  "' OR '1'='1", "'; DROP TABLE contacts; --", '" OR ""="', "1; SELECT pg_sleep(9)", "admin'--", "\\'; --",
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;&amp;&#x0;", "javascript:alert(1)", "<svg/onload=x>",
  "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{contact.name}}",
  "$(reboot)", "`reboot`", "; rm -rf /", "| cat /etc/passwd", "&& true", "$HOME", "~", "*", "!!", "-rf", "--help", ">x",
  "os.execute('reboot')", "]]..os.exit()..[[", "]=]", "return 1", "\27[2J\27[31m", "\27]0;title\7", "\8\8\8", "\127",
  "${jndi:ldap://127.0.0.1/a}", "${${lower:j}ndi:rmi://x}", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-1+1",
  "a\r\nX-Injected: yes", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "\n", "\r", "\t", "\11", "\12", "a\0b", "\0", "\0\0\0", "\1\2\3\31",
  "../../etc/passwd", "..\\..\\", ".", "..", "con", "file:///etc/passwd", "http://127.0.0.1:1/", "?a=b&c=d#e", "a/b",
  "\194\128", "\194\133", "\194\160", "\194\173", "\226\128\168", "\226\128\169", "\226\128\139", "\226\128\174txt.exe", -- U+2028 and such
  "\226\128\143\216\185\216\177\216\168\217\138", "\215\169\215\156\215\149\215\157", "\239\187\191bom", "\226\129\166x\226\129\169",
  "\240\159\152\128", "\240\159\145\168\226\128\141\240\159\145\169\226\128\141\240\159\145\167", "\240\159\135\169\240\159\135\170",
  "\239\191\190", "\239\191\191", "\239\183\144", "\240\159\191\191", "\244\143\191\191", "\238\128\128", "\239\191\189", -- noncharacters
  "\237\159\191", "\224\160\128", "\240\144\128\128", "\223\191", "Z\204\128\204\129\204\130\204\131\204\132", "\239\188\135", "\196\176\196\177\197\191",
  ("e\204\129"):rep(100), ("a"):rep(255), ("a"):rep(256), ("\\"):rep(1000), ('"'):rep(1000), ("["):rep(2000), ("\0"):rep(500),
}

-- texts that are not UTF-8: overlong, surrogates, beyond U+10FFFF, cut off
local BROKEN = {
  "\192\128", "\192\175", "\193\191", "\224\128\128", "\224\159\191", "\240\128\128\128", "\240\143\191\191",
  "\237\160\128", "\237\173\191", "\237\176\128", "\237\191\191", "\237\160\189\237\184\128", "\244\144\128\128",
  "\245\128\128\128", "\247\191\191\191", "\248\136\128\128\128", "\252\132\128\128\128\128", "\254", "\255", "\254\255",
  "\255\254a\0", "\128", "\191", "\128\128\128", "\194", "\226\128", "\240\159\152", "\194A", "\226\128A", "\240\159\152A",
  "\226\40\161", "\240\40\140\188", "\228\246\252", "a\0\255",
}

local LONG_TEXTS = {
  ("x"):rep(LONG), ("\0"):rep(LONG), ("\240\159\152\128"):rep(LONG / 4), ("\\\""):rep(LONG / 2), ("\226\128\168"):rep(LONG / 4),
}

local TOKENS = { -- that are no header's value
  "pit\r\nX-Injected: yes", "pit\nHost: elsewhere", "pit\rx", "pit\0x", "pit\27[31m", "pit\127x", "pit\tx", "", " ", "\r\n",
}

local IDS = { -- that are no part of a path
  "", ".", "..", "a/b", "/", "../contacts/x", "a\r\nX-Injected: yes", "a\nb", "a\0b", "\0", "a\tb", "a\127", "\27[2J",
  "https://127.0.0.1/contacts/x", " HTTP/1.1\r\n\r\n",
}

----------------------------------------------------------------------- dice

-- Lehmer's, exact in doubles; the Luas' own differ.
local function new_dice(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end
end

local function utf8(code)
  local function tail(shift)
    return string.char(128 + math.floor(code / shift) % 64)
  end
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(192 + math.floor(code / 64)) .. tail(1)
  elseif code < 0x10000 then
    return string.char(224 + math.floor(code / 4096)) .. tail(64) .. tail(1)
  end
  return string.char(240 + math.floor(code / 262144)) .. tail(4096) .. tail(64) .. tail(1)
end

local BEYOND = { 0x20, 0x80, 0x100, 0x800, 0x3000, 0x10000, 0x110000 }

local function random_text(dice)
  local out = {}
  for i = 1, dice(40) do
    local code = dice(BEYOND[dice(#BEYOND)]) - 1
    out[i] = utf8(code >= 0xD800 and code <= 0xDFFF and 0xFFFD or code)
  end
  return table.concat(out)
end

local function good_text(dice)
  local kind = dice(1000)
  if kind <= 2 then
    return LONG_TEXTS[dice(#LONG_TEXTS)]
  elseif kind <= 500 then
    return TEXTS[dice(#TEXTS)]
  elseif kind <= 700 then
    return TEXTS[dice(#TEXTS)] .. TEXTS[dice(#TEXTS)] .. TEXTS[dice(#TEXTS)]
  end
  return random_text(dice)
end

local function broken_text(dice)
  return TEXTS[dice(#TEXTS)] .. BROKEN[dice(#BROKEN)] .. (dice(2) == 1 and TEXTS[dice(#TEXTS)] or "")
end

local function without(text, set)
  return (text:gsub(set, ""))
end

------------------------------------------------------------------- contacts

local NAMES = { "firstName", "lastName", "name", "address1", "city", "state", "postalCode", "website", "source", "assignedTo" }

local function copy_list(list)
  local twin = highlevel.array({})
  for i, value in ipairs(list) do
    twin[i] = value
  end
  return twin
end

local function texts(dice, n)
  local list = highlevel.array({})
  for i = 1, n do
    list[i] = good_text(dice)
  end
  return list
end

local function files(dice)
  local object = {}
  for _ = 1, dice(3) do
    object[without(good_text(dice), "%z") .. "file"] = good_text(dice) -- a NUL in a name is refused
  end
  return object
end

-- An entry of customFields, the id that it is kept under, and its value there.
local function custom(dice, nth)
  local id = good_text(dice) .. nth -- never empty, each once
  local entry = dice(2) == 1 and { id = id } or { key = (dice(2) == 1 and "contact." or "") .. id }
  local kind = dice(5)
  local value = kind == 1 and texts(dice, dice(4)) or kind == 2 and files(dice) or good_text(dice)
  entry[dice(2) == 1 and "field_value" or "fieldValue"] = value
  return entry, entry.id or without(entry.key, "^contact%."), value
end

local function contact(dice, i)
  local item = { id = ("contact-%d-"):format(i), token = "pit-" .. i, fields = {}, kept = { customFields = {} } }
  item.id = item.id .. without(good_text(dice):sub(1, 900), "[%z\1-\31\127/\128-\255]") .. without(random_text(dice), "[%z\1-\31\127/]")
  item.token = item.token .. without(TEXTS[dice(#TEXTS)]:sub(1, 300), "[%z\1-\32\127]")
  local fields, kept = item.fields, item.kept
  for _ = 1, dice(4) do
    local name = NAMES[dice(#NAMES)]
    fields[name] = good_text(dice)
    kept[name] = fields[name]
  end
  fields.tags = texts(dice, dice(5) - 1)
  kept.tags = copy_list(fields.tags)
  for n, tag in ipairs(kept.tags) do
    kept.tags[n] = tag:lower()
  end
  fields.customFields = highlevel.array({})
  for n = 1, dice(4) - 1 do
    local entry, id, value = custom(dice, n)
    fields.customFields[n] = entry
    kept.customFields[id] = value
  end
  if dice(4) == 1 then
    fields.dndSettings = { SMS = { status = "active", message = good_text(dice), code = good_text(dice) } }
    kept.dndSettings = { SMS = fields.dndSettings.SMS }
  end
  return item
end

-------------------------------------------------------------------- refusals

-- Each spoils a good one: where it must then be refused, and true if that is
-- only how the place begins.
local spoilers = {
  function(item, dice)
    local name = NAMES[dice(#NAMES)]
    item.fields[name] = broken_text(dice)
    return name
  end,
  function(item, dice)
    local n = dice(#item.fields.tags + 1)
    table.insert(item.fields.tags, n, broken_text(dice))
    return ("tags[%d]"):format(n)
  end,
  function(item, dice)
    item.fields.customFields[1] = { id = "a", field_value = broken_text(dice) }
    return "customFields[1].field_value"
  end,
  function(item, dice)
    item.fields.customFields[1] = { id = "a", fieldValue = { "good", broken_text(dice) } }
    return "customFields[1].fieldValue[2]"
  end,
  function(item, dice)
    item.fields.customFields[1] = { id = broken_text(dice), field_value = "" }
    return "customFields[1].id"
  end,
  function(item, dice)
    item.fields.customFields[1] = { key = broken_text(dice), field_value = "" }
    return "customFields[1].key"
  end,
  function(item)
    item.fields.customFields[1] = { id = "", field_value = "" }
    return "customFields[1].id"
  end,
  function(item, dice)
    item.fields.customFields[1] = { id = "a", field_value = { [broken_text(dice)] = "x" } }
    return "customFields[1].field_value[", true
  end,
  function(item)
    item.fields.customFields[1] = { id = "a", field_value = { ["a\0b"] = "x" } }
    return "customFields[1].field_value[", true
  end,
  function(item, dice)
    item.fields.customFields[1] = { id = "a", field_value = { u = { meta = broken_text(dice) } } }
    return "customFields[1].field_value.u.meta"
  end,
  function(item, dice)
    local numbers = { 0 / 0, 1 / 0, -1 / 0, tonumber("1e999") }
    item.fields.customFields[1] = { id = "a", field_value = numbers[dice(#numbers)] }
    return "customFields[1].field_value"
  end,
  function(item, dice)
    item.fields.dndSettings = { SMS = { status = "active", message = broken_text(dice) } }
    return "dndSettings.SMS.message"
  end,
  function(item, dice)
    item.fields.dndSettings = { SMS = { status = good_text(dice) } }
    return "dndSettings.SMS.status"
  end,
  function(item, dice)
    item.fields.timezone = good_text(dice) .. "!"
    return "timezone"
  end,
  function(item, dice)
    item.fields.country = good_text(dice) .. "!"
    return "country"
  end,
  function(item, dice)
    item.fields.dateOfBirth = good_text(dice) .. "!"
    return "dateOfBirth"
  end,
  function(item)
    item.fields.email = ""
    return "email"
  end,
  function(item)
    item.fields.__proto__ = "x"
    return "__proto__"
  end,
  function(item)
    item.fields['"; DROP'] = "x"
    return '["', true
  end,
  function(item, dice)
    item.fields[TEXTS[dice(#TEXTS)] .. BROKEN[dice(#BROKEN)]] = "x"
    return '["', true
  end,
  function(item, dice)
    item.id = IDS[dice(#IDS)]
    return "contact_id"
  end,
  function(item, dice)
    item.id = item.id .. BROKEN[dice(#BROKEN)]
    return "contact_id"
  end,
  function(item, dice)
    item.token = TOKENS[dice(#TOKENS)]
    return "token"
  end,
}

--- One after the other, without end: two of three are good.
function hostile.contacts(seed)
  local dice, i = new_dice(seed), 0
  return function()
    i = i + 1
    local item = contact(dice, i)
    if dice(3) == 1 then
      item.kept = nil
      item.path, item.start = spoilers[dice(#spoilers)](item, dice)
    end
    return item
  end
end

return hostile
