--- What `make demo` runs: one update with every field, shown from both ends,
--- then a mistake. Talks to the sandbox that its variables name.

local highlevel = require "highlevel"

local fields = require "examples.contact"

local CONTACT = "ocQHyuzHvysMo5N5VsXc"
local TOKEN = "pit-11111111-2222-3333-4444-555555555555"
local WIDTH = 98

local terminal = os.execute("test -t 1")
local coloured = (terminal == true or terminal == 0) and not os.getenv("NO_COLOR")

local function paint(code, text)
  return coloured and ("\27[%sm%s\27[0m"):format(code, text) or text
end

local function heading(text)
  print("\n" .. paint("1;36", "== " .. text))
end

local function line(name, value)
  local gap = #name > 27 and "\n" .. (" "):rep(30) or " "
  print(("  %s%s%s"):format(paint("2", ("%-27s"):format(name)), gap, tostring(value)))
end

local function fail(message)
  print("\n" .. paint("1;31", tostring(message)))
  os.exit(1)
end

-- JSON without blanks, from `i` on, laid out: what fits into a line stays in
-- one. The text, and where the value ends.
local function pretty(s, i, indent)
  local c = s:sub(i, i)
  if c == '"' then
    local stop = i
    repeat
      stop = s:find('"', stop + 1, true)
    until #s:sub(i, stop - 1):match("\\*$") % 2 == 0
    if s:sub(stop + 1, stop + 1) ~= ":" then
      return s:sub(i, stop), stop + 1
    end
    local value, after = pretty(s, stop + 2, indent)
    return s:sub(i, stop) .. ": " .. value, after
  elseif c ~= "{" and c ~= "[" then
    local text = s:match("^[^,%]}]+", i)
    return text, i + #text
  end
  local parts = {}
  i = i + 1
  while not s:find("^[%]}]", i) do
    parts[#parts + 1], i = pretty(s, i, indent .. "  ")
    i = s:match("^,()", i) or i
  end
  local flat = c .. " " .. table.concat(parts, ", ") .. " " .. s:sub(i, i)
  if #indent > 2 and #indent + #flat < WIDTH and not flat:find("\n") then
    return flat, i + 1
  end
  local between = "\n" .. indent .. "  "
  return c .. between .. table.concat(parts, "," .. between) .. "\n" .. indent .. s:sub(i, i), i + 1
end

-- Headers (JSON) and body of the last request the sandbox saw; nil if its
-- journal is not at hand.
local function last_request()
  local port = (os.getenv("HIGHLEVEL_SANDBOX_ADMIN") or ""):match("^http://127%.0%.0%.1:(%d+)$")
  local pipe = port and io.popen(([[bash -c 'exec 3<>/dev/tcp/127.0.0.1/%s
    printf "GET /journal HTTP/1.0\r\n\r\n" >&3; cat <&3']]):format(port))
  local journal = pipe and pipe:read("*a") or ""
  local body = journal:match('.*"body":"(.-[^\\])"')
  return journal:match('.*"headers":(%b{})'), body and body:gsub("\\(.)", "%1")
end

-- A part of the answer: a line for each value, or for each table of plain ones.
local function show(name, value)
  if type(value) ~= "table" then return line(name, value) end
  local keys, flat = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do
    if name == "contact" or type(value[key]) == "table" then
      show(name .. "." .. key, value[key])
    else
      flat[#flat + 1] = (type(key) == "string" and key .. " = " or "") .. tostring(value[key])
    end
  end
  if #flat > 0 then line(name, table.concat(flat, ", ")) end
end

local base_url = os.getenv("HIGHLEVEL_SANDBOX_HTTPS") or os.getenv("HIGHLEVEL_SANDBOX_HTTP")
  or fail("no sandbox: run this with make demo")
local client = highlevel.new({
  token = TOKEN, base_url = base_url, ca_file = os.getenv("HIGHLEVEL_SANDBOX_CA"),
})
local res, err, info = client:update_contact(CONTACT, fields)
if not res then fail(err) end

heading("the request")
print("  PUT " .. base_url .. "/contacts/" .. CONTACT)
local body = assert(highlevel.encode(fields))
local headers, arrived = last_request()
for name, value in (headers or ""):gmatch('"([^"]+)":"([^"]*)"') do
  line(name .. ":", name == "authorization" and "Bearer (hidden)" or (value:gsub("\\", "")))
end
if arrived and arrived ~= body then fail("another body arrived than highlevel.encode shows") end
print("  " .. pretty(body, 1, "  "))

heading("the answer")
line("HTTP " .. info.http_version, "status " .. info.status)
line("seconds", ("%.4f"):format(info.seconds))
line("requests left", tostring(info.rate_limit.remaining) .. " in this interval")
show("contact", res.contact)

heading("a mistake: first_name instead of firstName")
local done, mistake = client:update_contact(CONTACT, { first_name = "rosan" })
if done then fail("this should have been refused") end
print("  " .. paint("33", tostring(mistake)))
client:close()
