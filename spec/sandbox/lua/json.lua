--- JSON, strictly: what RFC 8259 allows and nothing else, so that a body which
--- only a lenient parser would take is found out. Lists carry a mark, so that
--- an empty one stays a list.

local json = { null = ngx.null }

local find, sub, byte, char = string.find, string.sub, string.byte, string.char
local null = json.null

local MAX_DEPTH = 1000
local list_mt = { __jsontype = "array" }

function json.list(t)
  return setmetatable(t, list_mt)
end

function json.is_list(value)
  return type(value) == "table" and getmetatable(value) == list_mt
end

function json.is_object(value)
  return type(value) == "table" and getmetatable(value) ~= list_mt
end

--- Any value, with its own tables.
function json.copy(value)
  if type(value) ~= "table" then
    return value
  end
  local twin = setmetatable({}, getmetatable(value))
  for k, v in pairs(value) do
    twin[k] = json.copy(v)
  end
  return twin
end

-- ------------------------------------------------------------------- decoding

-- in the words of the JavaScript engine behind the real API
local function fail(text, at)
  if at > #text then
    error({ "Unexpected end of JSON input" })
  end
  error({ ("Unexpected token %s in JSON at position %d"):format(sub(text, at, at), at - 1) })
end

local function skip(text, at)
  return find(text, "[^ \t\r\n]", at) or #text + 1
end

local short = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8(code)
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
  elseif code < 0x10000 then
    return char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

-- `at` is the backslash; what it stands for, and where it ends
local function escape(text, at)
  local kind = sub(text, at + 1, at + 1)
  if short[kind] then
    return short[kind], at + 2
  end
  local hex = text:match("^u(%x%x%x%x)", at + 1)
  if not hex then
    fail(text, at + 1)
  end
  local code = tonumber(hex, 16)
  if code < 0xD800 or code > 0xDFFF then
    return utf8(code), at + 6
  end
  local low = code < 0xDC00 and tonumber(text:match("^\\u([dD][c-fC-F]%x%x)", at + 6) or "", 16)
  if not low then
    return utf8(0xFFFD), at + 6 -- half a pair
  end
  return utf8(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), at + 12
end

-- `at` is the first character after the quote
local function string_at(text, at)
  local stop = find(text, '[%z\1-\31"\\]', at)
  if stop and byte(text, stop) == 34 then
    return sub(text, at, stop - 1), stop + 1
  end
  local parts = {}
  while true do
    stop = stop or fail(text, #text + 1)
    parts[#parts + 1] = sub(text, at, stop - 1)
    local c = byte(text, stop)
    if c == 34 then
      return table.concat(parts), stop + 1
    elseif c ~= 92 then
      fail(text, stop)
    end
    parts[#parts + 1], at = escape(text, stop)
    stop = find(text, '[%z\1-\31"\\]', at)
  end
end

local function number_at(text, at)
  local _, stop = find(text, "^-?[1-9]%d*", at)
  if not stop then
    _, stop = find(text, "^-?0", at)
  end
  if not stop then
    fail(text, at)
  end
  local _, fraction = find(text, "^%.%d+", stop + 1)
  stop = fraction or stop
  local _, exponent = find(text, "^[eE][+-]?%d+", stop + 1)
  stop = exponent or stop
  return tonumber(sub(text, at, stop)), stop + 1
end

local value_at

local function list_at(text, at, depth)
  local list = json.list({})
  at = skip(text, at)
  if byte(text, at) == 93 then
    return list, at + 1
  end
  while true do
    list[#list + 1], at = value_at(text, at, depth)
    at = skip(text, at)
    local c = byte(text, at)
    if c == 93 then
      return list, at + 1
    elseif c ~= 44 then
      fail(text, at)
    end
    at = skip(text, at + 1)
  end
end

local function object_at(text, at, depth)
  local object = {}
  at = skip(text, at)
  if byte(text, at) == 125 then
    return object, at + 1
  end
  while true do
    if byte(text, at) ~= 34 then
      fail(text, at)
    end
    local key, stop = string_at(text, at + 1)
    at = skip(text, stop)
    if byte(text, at) ~= 58 then
      fail(text, at)
    end
    object[key], at = value_at(text, skip(text, at + 1), depth)
    at = skip(text, at)
    local c = byte(text, at)
    if c == 125 then
      return object, at + 1
    elseif c ~= 44 then
      fail(text, at)
    end
    at = skip(text, at + 1)
  end
end

local words = { t = { "true", true }, f = { "false", false }, n = { "null", null } }

function value_at(text, at, depth)
  local c = sub(text, at, at)
  if depth > MAX_DEPTH then
    fail(text, at)
  elseif c == '"' then
    return string_at(text, at + 1)
  elseif c == "{" then
    return object_at(text, at + 1, depth + 1)
  elseif c == "[" then
    return list_at(text, at + 1, depth + 1)
  end
  local word = words[c]
  if word then
    if sub(text, at, at + #word[1] - 1) ~= word[1] then
      fail(text, at)
    end
    return word[2], at + #word[1]
  end
  return number_at(text, at)
end

local function document(text)
  local value, at = value_at(text, skip(text, 1), 0)
  at = skip(text, at)
  if at <= #text then
    fail(text, at)
  end
  return value
end

--- The value, or nil and what is wrong with the text.
function json.decode(text)
  if find(text, "[\128-\255]") then
    local _, _, err = ngx.re.find(text, "", "u") -- looks through all of it first
    if err then
      return nil, "Invalid UTF-8 in JSON"
    end
  end
  local ok, value = pcall(document, text)
  if ok then
    return value
  end
  return nil, type(value) == "table" and value[1] or error(value)
end

-- ------------------------------------------------------------------- encoding

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  return '"' .. text:gsub('[%z\1-\31"\\]', function(c)
    return escapes[c] or ("\\u%04x"):format(byte(c))
  end) .. '"'
end

local function number_text(n)
  if n % 1 == 0 and n > -1e15 and n < 1e15 then
    return ("%d"):format(n)
  end
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(n)
    if tonumber(text) == n then
      return text
    end
  end
  return "null" -- NaN and infinities, as JavaScript does
end

local encode

-- sorted, so that an answer is reproducible; those of `first` before the rest
local function keys_of(object, first)
  local keys, done = {}, {}
  for _, key in ipairs(first or {}) do
    if object[key] ~= nil then
      keys[#keys + 1] = key
      done[key] = true
    end
  end
  local rest = {}
  for key in pairs(object) do
    if not done[key] then
      rest[#rest + 1] = key
    end
  end
  table.sort(rest, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(rest) do
    keys[#keys + 1] = key
  end
  return keys
end

local function object_text(object, first)
  local parts = keys_of(object, first)
  for i, key in ipairs(parts) do
    parts[i] = quoted(tostring(key)) .. ":" .. encode(object[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function list_text(list)
  local parts = {}
  for i, value in ipairs(list) do
    parts[i] = encode(value)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- The value's text; of an object's keys those in `first` come first.
function encode(value, first)
  local kind = type(value)
  if kind == "string" then
    return quoted(value)
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "table" then
    local is_list = getmetatable(value) == list_mt or value[1] ~= nil
    return is_list and list_text(value) or object_text(value, first)
  end
  return value == null and "null" or tostring(value)
end

json.encode = encode

return json
