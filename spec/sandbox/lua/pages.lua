--- Answers that are whole, and wrong: what gateways, proxies and bugs send.

local gzip = require "gzip"
local json = require "json"
local limits = require "limits"
local reply = require "reply"

local pages = {}

local GATEWAY = "upstream connect error or disconnect/reset before headers. "
  .. "reset reason: connection termination"
local ELSEWHERE = "/contacts/ocQHyuzHvysMo5N5VsXc"
local MAINTENANCE = "<html><head><title>Maintenance</title></head><body>soon</body></html>"
local BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
  .. "<center><h1>502 Bad Gateway</h1></center>\r\n"
  .. "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"

local function too_many(daily_remaining)
  limits.headers(100, 0, 10000, 200000, daily_remaining)
  return reply.refusal(429, "Too Many Requests")
end

--- What usually comes with a status.
function pages.status(code)
  if code == 204 or code == 304 then
    return reply.text(code, "application/json", "")
  elseif code >= 300 and code < 400 then
    ngx.header["Location"] = ngx.var.scheme .. "://" .. ngx.var.http_host .. ELSEWHERE
    return reply.text(code, "text/html", "<html><head><title>Moved</title></head></html>")
  elseif code == 401 then
    return reply.refusal(401, "Invalid JWT")
  elseif code == 429 then
    return too_many(150000)
  elseif code == 500 then
    return reply.refusal(500, "Internal server error")
  elseif code == 503 then
    return reply.text(503, "text/plain", "no healthy upstream")
  elseif code > 500 then
    return reply.text(code, "text/plain", GATEWAY)
  end
  return reply.message(code, "status " .. code .. " as asked for")
end

-- ------------------------------------------------------------ the odd of them

local fixed = {
  empty = { 200, "application/json", "" },
  html = { 200, "text/html; charset=utf-8", MAINTENANCE },
  ["html-502"] = { 502, "text/html", BAD_GATEWAY },
  text = { 200, "text/plain", "OK" },
  badjson = { 200, "application/json", '{"succeded":true,"contact":{"id":"x"' },
  array = { 200, "application/json", "[]" },
  null = { 200, "application/json", "null" },
  nocontact = { 200, "application/json", '{"succeded":true}' },
  nullcontact = { 200, "application/json", '{"succeded":true,"contact":null}' },
  notsucceeded = { 200, "application/json", '{"succeded":false,"contact":{"id":"x"}}' },
  deep = { 200, "application/json", ("["):rep(100000) .. ("]"):rep(100000) },
  badutf8 = { 200, "application/json", '{"succeded":true,"contact":{"id":"x","firstName":"caf\233"}}' },
  bigint = { 200, "application/json",
    '{"succeded":true,"contact":{"id":"x","a":9007199254740993,"b":9223372036854775807,'
      .. '"c":-9223372036854775808,"d":18446744073709551616,"e":0.1,"f":1e300,"g":-0.5,"h":1E2}}' },
  unicode = { 200, "application/json",
    '{"succeded":true,"contact":{"id":"x","pair":"\\ud83d\\ude00","half":"a\\ud83db","nul":"a\\u0000b",'
      .. '"list":[null,1,{"x":null}],"gone":null,"empty":[],"none":{}}}' },
  notfound404 = { 404, "application/json",
    '{"message":"Cannot PUT /contacts/x","error":"Not Found","statusCode":404}' },
  removed = { 400, "application/json",
    '{"message":"API endpoint has been removed","error":"Bad Request","statusCode":400}' },
  messageobject = { 422, "application/json",
    '{"message":[{"property":"email","constraints":{"isEmail":"email must be an email"}}],"statusCode":422}' },
  nomessage = { 400, "application/json", "{}" },
  trace = { 422, "application/json", '{"message":["property x should not exist"],'
    .. '"error":"Unprocessable Entity","statusCode":422,"traceId":"0b1c2d3e-trace"}' },
  version = { 401, "application/json", '{"statusCode":401,"message":"version header is invalid"}' },
}

local made = {}

function made.daily()
  return too_many(0)
end

function made.retry(_, arg)
  local answer = too_many(150000)
  ngx.header["Retry-After"] = arg == "date" and ngx.http_time(ngx.time() + 30) or arg
  return answer
end

-- the token in every place where an answer could hold it
function made.echo(request)
  local authorization = request.headers.authorization or ""
  ngx.header["X-Echo"] = authorization
  return reply.json(400, json.encode({
    statusCode = 400,
    message = { "cannot parse header Authorization: " .. authorization, authorization },
    traceId = authorization,
    meta = { header = authorization },
  }, { "statusCode", "message", "traceId", "meta" }))
end

function made.echo200(request)
  return reply.text(200, "text/plain", "you sent " .. (request.headers.authorization or ""))
end

function made.bom(request)
  local answer = request.normal()
  answer.body = "\239\187\191" .. answer.body
  return answer
end

function made.gzip(request)
  local answer = request.normal()
  ngx.header["Content-Encoding"] = "gzip"
  answer.body = gzip.wrap(answer.body)
  return answer
end

function made.badgzip()
  ngx.header["Content-Encoding"] = "gzip"
  return reply.json(200, "this is not gzip")
end

function made.bomb()
  ngx.header["Content-Encoding"] = "gzip"
  return reply.json(200, gzip.bomb())
end

-- the normal answer on a connection that ends with it, announced
function made.last(request)
  if ngx.req.http_version() < 2 then
    ngx.header["Connection"] = "close"
  end
  return request.normal()
end

--- The answer of that name, or nil.
function pages.get(name, arg, request)
  local row = fixed[arg ~= "" and name .. "-" .. arg or name] or fixed[name]
  if row then
    return reply.text(row[1], row[2], row[3])
  end
  return made[name] and made[name](request, arg)
end

return pages
