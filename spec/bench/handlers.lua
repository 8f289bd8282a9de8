--- The handlers that are measured within nginx. Each updates a contact with the
--- whole of examples/contact.lua, and answers with a field of what came back.
local cjson = require "cjson.safe"
local cosocket = require "cosocket"
local fields = require "examples.contact"
local highlevel = require "highlevel"

local handlers = {}

local TOKEN = "pit-0123456789"
local ID = "ocQHyuzHvysMo5N5VsXc"

-- nil if lua-resty-http is not to be had
local has_resty, http = pcall(require, "resty.http")

local asked = 0

-- Of the sandbox, contacts that answer after 200 ms on average: from 100 to 300, or
-- the load would go in step, and whoever comes meanwhile would wait for all of it.
local function next_slow()
  asked = asked + 1
  return ("fault-delay-%d.%d"):format(100 + asked * 79 % 201, asked % 1024)
end

-- client:update_contact
local function ours(base_url, ca_file, http2, slow)
  local client = highlevel.new({
    token = TOKEN, base_url = base_url, ca_file = ca_file, http2 = http2, rate_limit = false, max_connections = 256,
  })
  return function()
    local res, err = client:update_contact(slow and next_slow() or ID, fields)
    return res, tostring(err)
  end
end

local HEADERS = {
  Authorization = "Bearer " .. TOKEN, Version = "2021-07-28",
  ["Content-Type"] = "application/json", Accept = "application/json",
}

local function resty(to, slow)
  local target = { scheme = to.tls and "https" or "http", host = to.host, port = to.port, ssl_server_name = "localhost",
    pool_size = 512 }
  return function()
    local connection = http.new()
    connection:set_timeouts(5000, 5000, 5000)
    local ok, err = connection:connect(target)
    local res, body
    if ok then
      res, err = connection:request({ method = "PUT", path = to.path .. (slow and next_slow() or ID), headers = HEADERS, body = cjson.encode(fields) })
    end
    if res then
      body, err = res:read_body()
    end
    if not body then
      return nil, err
    end
    connection:set_keepalive(60000, 512)
    return res.status == 200 and cjson.decode(body), "status " .. res.status
  end
end

local function by_hand(to, slow)
  return function()
    return cosocket.update(to, slow and next_slow() or ID, fields)
  end
end

-- as `host`, `port` and so on, for those who want them apart
local function target(base_url)
  local scheme, host, port, path = base_url:match("^(%a+)://([^:/]+):(%d+)(.*)$")
  return { host = host, port = tonumber(port), tls = scheme == "https", path = path .. "/contacts/", token = TOKEN }
end

--- Everybody, by the path of its handler. `plain` and `tls` are the sandbox's.
function handlers.new(plain, tls, ca_file)
  local bench, bench_tls = plain .. "/bench", tls .. "/bench"
  local all = {
    ["highlevel/plain"] = ours(bench),
    ["highlevel/tls"] = ours(bench_tls, ca_file),
    ["http1/tls"] = ours(bench_tls, ca_file, false),
    ["cosocket/plain"] = by_hand(target(bench)),
    ["cosocket/tls"] = by_hand(target(bench_tls)),
    ["slow/plain"] = ours(plain, nil, nil, true),
    ["slow/tls"] = ours(tls, ca_file, nil, true),
    ["slow/http1"] = ours(tls, ca_file, false, true),
    ["slow-cosocket/plain"] = by_hand(target(plain), true),
    ["sleep/"] = function()
      ngx.sleep(0.1 + math.random() * 0.2)
      return { contact = { firstName = "rosan" } }
    end,
  }
  if has_resty then
    all["resty/plain"], all["resty/tls"] = resty(target(bench)), resty(target(bench_tls))
    all["slow-resty/plain"] = resty(target(plain), true)
  end
  local function serve(name)
    local res, err = "404", nil
    if all[name] then
      res, err = all[name]()
    end
    if type(res) ~= "table" then
      ngx.status = 500
      ngx.say(err or res)
    else
      ngx.say(res.contact.firstName)
    end
  end
  return { serve = serve }
end

return handlers
