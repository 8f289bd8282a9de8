--- Misbehaviour on request: `fault-NAME` as the contact id, or NAME in the
--- header X-Sandbox-Fault. README.md has the list.

local json = require "json"
local reply = require "reply"

local faults = {}

local seen = {} -- how often each seq-... was asked for

function faults.reset()
  seen = {}
end

local GATEWAY = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
local ELSEWHERE = "/contacts/ocQHyuzHvysMo5N5VsXc"

-- The bytes of an HTTP/1.1 connection, past nginx. HTTP/2 has no such thing:
-- there the stream is reset.
local function raw()
  if ngx.req.http_version() >= 2 then
    ngx.exit(444)
  end
  ngx.flush(true)
  local sock = assert(ngx.req.socket(true))
  sock:settimeout(120000)
  return sock
end

local function head(...)
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" .. table.concat({ ... }, "\r\n") .. "\r\n\r\n"
end

local function hold()
  ngx.sleep(120)
end

local function status_answer(code)
  if code == 204 then
    return reply.text(204, "application/json", "")
  elseif code >= 300 and code < 400 then
    ngx.header["Location"] = ngx.var.scheme .. "://" .. ngx.var.http_host .. ELSEWHERE
    return reply.text(code, "text/html", "<html><head><title>Moved</title></head></html>")
  elseif code >= 502 then
    return reply.text(code, "text/plain", GATEWAY)
  elseif code == 429 then
    ngx.header["X-RateLimit-Max"] = 100
    ngx.header["X-RateLimit-Remaining"] = 0
    ngx.header["X-RateLimit-Interval-Milliseconds"] = 10000
    ngx.header["X-RateLimit-Limit-Daily"] = 200000
    ngx.header["X-RateLimit-Daily-Remaining"] = 150000
    return reply.json(429, '{"statusCode":429,"message":"Too Many Requests"}')
  end
  return reply.message(code, "status " .. code .. " as asked for")
end

local DEEP = ("["):rep(100000) .. ("]"):rep(100000)
local BIG = '{"succeded":true,"contact":{"id":"x","a":9007199254740993,"b":9223372036854775807,'
  .. '"c":-9223372036854775808,"d":18446744073709551616,"e":0.1,"f":1e300,"g":-0.5,"h":1E2}}'
local ODD = '{"succeded":true,"contact":{"id":"x","pair":"\\ud83d\\ude00","half":"a\\ud83db","nul":"a\\u0000b",'
  .. '"list":[null,1,{"x":null}],"gone":null,"empty":[],"none":{}}}'

local acts = {}

-- whole answers, but wrong ones
local bodies = {
  empty = { 200, "application/json", "" },
  html = { 200, "text/html; charset=utf-8", "<html><head><title>Maintenance</title></head><body>soon</body></html>" },
  text = { 200, "text/plain", "OK" },
  badjson = { 200, "application/json", '{"succeded":true,"contact":{"id":"x"' },
  array = { 200, "application/json", "[]" },
  nocontact = { 200, "application/json", '{"succeded":true}' },
  notsucceeded = { 200, "application/json", '{"succeded":false,"contact":{"id":"x"}}' },
  deep = { 200, "application/json", DEEP },
  bigint = { 200, "application/json", BIG },
  unicode = { 200, "application/json", ODD },
  notfound404 = { 404, "application/json", '{"message":"Cannot PUT /contacts/x","error":"Not Found","statusCode":404}' },
  messageobject = { 422, "application/json", '{"message":[{"property":"email","constraints":{"isEmail":"email must be an email"}}],"statusCode":422}' },
  nomessage = { 400, "application/json", "{}" },
  trace = { 422, "application/json", '{"message":["property x should not exist"],"statusCode":422,"traceId":"0b1c2d3e-trace"}' },
}
for name, row in pairs(bodies) do
  acts[name] = function(_, _, send)
    send(reply.text(row[1], row[2], row[3]))
  end
end

function acts.status(arg, _, send)
  send(status_answer(tonumber(arg) or 500))
end

function acts.daily(_, _, send)
  local answer = status_answer(429)
  ngx.header["X-RateLimit-Daily-Remaining"] = 0
  send(answer)
end

function acts.retry(arg, _, send)
  local answer = status_answer(429)
  ngx.header["Retry-After"] = arg == "date" and ngx.http_time(ngx.time() + 30) or arg
  send(answer)
end

function acts.seq(arg, normal, send)
  local key = arg .. " " .. (ngx.req.get_headers().authorization or "")
  local codes = {}
  for code in arg:gmatch("%d+") do
    codes[#codes + 1] = tonumber(code)
  end
  seen[key] = (seen[key] or 0) + 1
  local code = codes[seen[key]]
  send(code and code ~= 200 and status_answer(code) or normal())
end

function acts.delay(arg, normal, send)
  ngx.sleep((tonumber(arg) or 100) / 1000)
  send(normal())
end

acts.hang = hold
acts.reset = function()
  ngx.exec("/_reset")
end

function acts.close()
  if ngx.req.http_version() >= 2 then
    ngx.exit(444)
  end
  raw() -- taken over and not answered: nginx closes it with a FIN
end

function acts.garbage()
  assert(raw():send("\0\1\2 this is no HTTP at all\r\n\r\n" .. ("x"):rep(200)))
end

-- the normal answer, sent by hand
local function by_hand(normal)
  local answer = normal()
  return raw(), answer.body
end

function acts.cut(_, normal)
  local sock, body = by_hand(normal)
  sock:send(head("Content-Length: " .. #body) .. body:sub(1, math.floor(#body / 2)))
end

function acts.cutchunk(_, normal)
  local sock, body = by_hand(normal)
  sock:send(head("Transfer-Encoding: chunked") .. ("%x\r\n"):format(#body) .. body:sub(1, 20))
end

function acts.short(_, normal)
  local sock, body = by_hand(normal)
  sock:send(head("Content-Length: " .. math.floor(#body / 2), "Connection: close") .. body)
end

function acts.long(_, normal)
  local sock, body = by_hand(normal)
  sock:send(head("Content-Length: " .. #body + 100) .. body)
  hold()
end

local function drip(sock, text, ms)
  for i = 1, #text do
    if not sock:send(text:sub(i, i)) then
      return
    end
    ngx.sleep((tonumber(ms) or 50) / 1000)
  end
end

function acts.drip(arg, normal)
  if ngx.req.http_version() >= 2 then
    local body = normal().body
    for i = 1, #body do
      ngx.print(body:sub(i, i))
      ngx.flush(true)
      ngx.sleep((tonumber(arg) or 50) / 1000)
    end
    return
  end
  local sock, body = by_hand(normal)
  sock:send(head("Content-Length: " .. #body))
  drip(sock, body, arg)
end

function acts.dripheaders(arg, normal)
  local sock, body = by_hand(normal)
  drip(sock, head("Content-Length: " .. #body), arg)
end

function acts.stale(_, normal)
  local sock, body = by_hand(normal)
  sock:send(head("Content-Length: " .. #body, "Connection: keep-alive") .. body)
  ngx.sleep(0.05)
end

function acts.huge(arg)
  local left = tonumber(arg) or 50000000
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"succeded":true,"contact":{"id":"')
  local block = ("x"):rep(65536)
  while left > 0 and ngx.print(block) and ngx.flush(true) do
    left = left - #block
  end
  ngx.print('"}}')
end

function acts.bomb()
  ngx.req.set_method(ngx.HTTP_GET)
  ngx.exec("/_bomb")
end

function acts.badgzip(_, _, send)
  ngx.header["Content-Encoding"] = "gzip"
  send(reply.json(200, "this is not gzip"))
end

function acts.echo(_, _, send)
  local authorization = ngx.req.get_headers().authorization
  ngx.header["X-Echo"] = authorization
  send(reply.json(400, json.encode_any({
    statusCode = 400,
    message = { "cannot parse header Authorization: " .. authorization, authorization },
    traceId = authorization,
    meta = { header = authorization },
  })))
end

function acts.echo200(_, _, send)
  send(reply.text(200, "text/plain", "you sent " .. ngx.req.get_headers().authorization))
end

function faults.act(name, normal, send)
  local first, arg = name:match("^(%w+)%-?(.*)$")
  local act = acts[first]
  if not act then
    return send(reply.message(404, "the sandbox knows no fault " .. name))
  end
  act(arg, normal, send)
end

return faults
