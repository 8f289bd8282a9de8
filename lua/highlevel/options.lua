--- Options: their names, their types, and what to say of a wrong one.

local core = require "highlevel.core"

local options = {}

-- Each check returns nil for a good value, or what it must be.

local function text(value)
  if type(value) ~= "string" or value:find("\0", 1, true) then
    return "a string without NUL bytes"
  end
end

local function flag(value)
  return type(value) ~= "boolean" and "true or false" or nil
end

local function seconds(value)
  if type(value) ~= "number" or not (value > 0 and value < math.huge) then
    return "a number of seconds above 0"
  end
end

local function count_from(least)
  return function(value)
    if type(value) ~= "number" or value < least or value % 1 ~= 0 then
      return "a whole number, " .. least .. " or more"
    end
  end
end

local function callback(value)
  return type(value) ~= "function" and "a function" or nil
end

local function token(value)
  if type(value) ~= "function" and text(value) then
    return "a string, or a function that returns one, without NUL bytes"
  end
end

local function api_version(value)
  return value ~= "2021-07-28" and value ~= "v3" and '"2021-07-28" or "v3"' or nil
end

local function rate_limit(value)
  local wanted = "false, or a table like { requests = 100, interval = 10 }"
  if value == false then
    return nil
  end
  if type(value) ~= "table" then
    return wanted
  end
  for name in pairs(value) do
    if name ~= "requests" and name ~= "interval" then
      return wanted
    end
  end
  if count_from(1)(value.requests) or seconds(value.interval) then
    return wanted
  end
end

local of_call = {
  timeout = seconds,
  retries = count_from(0),
  strict = flag,
  token = token,
}

local of_client = {
  token = token,
  base_url = text,
  api_version = api_version,
  timeout = seconds,
  connect_timeout = seconds,
  retries = count_from(0),
  rate_limit = rate_limit,
  log = callback,
  wait = callback,
  max_connections = count_from(1),
  http2 = flag,
  ca_file = text,
  proxy = text,
  user_agent = text,
  strict = flag,
  max_response_bytes = count_from(1),
}

local of_bulk = {
  concurrency = count_from(1),
  on_result = callback,
  on_progress = callback,
  stop_on = callback,
}
for name, rule in pairs(of_call) do
  of_bulk[name] = rule
end

local of_encode = { api_version = api_version, strict = flag }

local function names(known)
  local list = {}
  for name in pairs(known) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, ", ")
end

local function unknown(known, name)
  name = tostring(name)
  local nearest, least = nil, math.min(3, math.floor(#name / 2)) + 1
  for other in pairs(known) do
    local distance = core.distance(name, other)
    if distance < least or (distance == least and nearest and other < nearest) then
      nearest, least = other, distance
    end
  end
  if nearest then
    return ("there is no option '%s'; did you mean '%s'?"):format(name, nearest)
  end
  return ("there is no option '%s'; there are: %s"):format(name, names(known))
end

local function check(known, given, where, level)
  if given == nil then
    return
  end
  if type(given) ~= "table" then
    error(where .. ": options must be a table, not a " .. type(given), level + 1)
  end
  for name, value in pairs(given) do
    local rule = known[name]
    local wanted
    if rule then
      wanted = rule(value)
    end
    if not rule then
      error(where .. ": " .. unknown(known, name), level + 1)
    elseif wanted then
      -- the value itself stays out of it: it may be a secret
      local what = type(value) == "number" and tostring(value) or "a " .. type(value)
      error(("%s: option '%s' must be %s, not %s"):format(where, name, wanted, what), level + 1)
    end
  end
end

--- Each raises at `level` on a misspelt or mistyped option, naming it.
---@param given table?
---@param where string the function that was called
---@param level integer as for `error`, counted from the caller
function options.check_client(given, where, level)
  check(of_client, given, where, level + 1)
end

function options.check_call(given, where, level)
  check(of_call, given, where, level + 1)
end

function options.check_bulk(given, where, level)
  check(of_bulk, given, where, level + 1)
end

function options.check_encode(given, where, level)
  check(of_encode, given, where, level + 1)
end

return options
