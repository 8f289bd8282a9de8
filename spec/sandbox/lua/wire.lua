--- Misbehaviour below the answer: on the connection, and in how HTTP is spoken.
---
--- An HTTP/1.1 connection is taken from nginx and written to by hand. HTTP/2
--- cannot be: there the nearest is done, mostly a reset of the stream.

local wire = {}

local CLOSE = 444 -- nginx's own: no answer, RST (with reset_timedout_connection)
local HANG = 120

local function is_h2()
  return ngx.req.http_version() >= 2
end

local function reset()
  return ngx.exit(CLOSE)
end

-- The bytes of the connection; nginx closes it when the request is over.
local function raw()
  local sock = assert(ngx.req.socket(true))
  sock:settimeout(HANG * 1000)
  return sock
end

local function head(...)
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    .. table.concat({ ... }, "\r\n") .. "\r\n\r\n"
end

-- Begin an answer within nginx, of a length that need not be true.
local function begin(length)
  ngx.header.content_type = "application/json"
  ngx.header.content_length = length
  ngx.send_headers()
end

local function half(text)
  return text:sub(1, math.floor(#text / 2))
end

local acts = {}

-- -------------------------------------------------------- no answer whatsoever

function acts.hang()
  ngx.sleep(HANG)
  return reset()
end

acts.reset = reset

-- the update is done; its answer gets lost
function acts.lost(request)
  request.normal()
  return reset()
end

function acts.close()
  if is_h2() then
    return reset()
  end
  raw() -- and not a word
end

-- ---------------------------------------------------------- half of an answer

function acts.cut(request)
  local body = request.normal().body
  if is_h2() then
    begin(#body)
    ngx.print(half(body))
    ngx.flush(true)
    return reset()
  end
  raw():send(head("Content-Length: " .. #body) .. half(body))
end

function acts.cutreset(request)
  local body = request.normal().body
  begin(#body)
  ngx.print(half(body))
  ngx.flush(true)
  return reset()
end

function acts.cutchunk(request)
  local body = request.normal().body
  if is_h2() then
    begin(nil)
    ngx.print(half(body))
    ngx.flush(true)
    return reset()
  end
  raw():send(head("Transfer-Encoding: chunked") .. ("%x\r\n"):format(#body) .. half(body))
end

-- ------------------------------------------------------------ of false lengths

function acts.short(request)
  local body = request.normal().body
  if is_h2() then
    begin(#half(body))
    ngx.print(body)
    return
  end
  raw():send(head("Content-Length: " .. #half(body), "Connection: close") .. body)
end

function acts.long(request)
  local body = request.normal().body
  begin(#body + 100)
  ngx.print(body)
  ngx.flush(true)
  ngx.sleep(HANG)
  return reset()
end

-- ----------------------------------------------------------------- no HTTP, or odd

local function bytes(text)
  return function()
    if is_h2() then
      return reset()
    end
    raw():send(text)
  end
end

acts.garbage = bytes("\0\1\2 this is no HTTP at all\r\n\r\n" .. ("x"):rep(200))
acts.badstatus = bytes("HTTP/1.1 OK fine\r\nContent-Length: 0\r\n\r\n")
acts.badheader = bytes("HTTP/1.1 200 OK\r\nno colon in here\r\n: no name\r\n\0\1: x\r\n"
  .. "Content-Length: 0\r\n\r\n")
acts.badlength = bytes(head("Content-Length: many") .. "{}")
acts.badchunk = bytes(head("Transfer-Encoding: chunked") .. "zz\r\n{}\r\n0\r\n\r\n")

-- Odd, yet allowed: the normal answer after a head of another kind.
local function after(odd_head)
  return function(request)
    local answer = request.normal()
    if is_h2() then
      return request.send(answer)
    end
    raw():send(odd_head .. answer.body)
  end
end

acts.http10 = after("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
acts.interim = after("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
  .. head("Connection: close"))

function acts.longheader(request, arg)
  ngx.header["X-Long"] = ("x"):rep(tonumber(arg) or 300000)
  return request.send(request.normal())
end

-- the normal answer, then a connection that dies while it is idle
function acts.stale(request)
  local answer = request.normal()
  if is_h2() then
    return request.send(answer)
  end
  raw():send(head("Content-Length: " .. #answer.body, "Connection: keep-alive") .. answer.body)
  ngx.sleep(0.05)
end

-- ------------------------------------------------------------------------ slow

local function pause(arg)
  ngx.sleep((tonumber(arg) or 50) / 1000)
end

-- done at once, answered late
function acts.delay(request, arg)
  local answer = request.normal()
  pause(arg)
  return request.send(answer)
end

function acts.drip(request, arg)
  local body = request.normal().body
  begin(#body)
  for i = 1, #body do
    if not (ngx.print(body:sub(i, i)) and ngx.flush(true)) then
      return
    end
    pause(arg)
  end
end

function acts.dripheaders(request, arg)
  local body = request.normal().body
  if is_h2() then
    pause(arg)
    begin(#body)
    return ngx.print(body)
  end
  local sock = raw()
  local text = head("Content-Length: " .. #body)
  for i = 1, #text do
    if not sock:send(text:sub(i, i)) then
      return
    end
    pause(arg)
  end
  sock:send(body)
end

-- ------------------------------------------------------------------------ huge

local BLOCK = ("x"):rep(65536)
local HUGE_START, HUGE_END = '{"succeded":true,"contact":{"id":"', '"}}'

-- valid JSON of exactly so many bytes, without a length
function acts.huge(_, arg)
  local left = (tonumber(arg) or 50000000) - #HUGE_START - #HUGE_END
  begin(nil)
  ngx.print(HUGE_START)
  while left > 0 do
    if not (ngx.print(left < #BLOCK and BLOCK:sub(1, left) or BLOCK) and ngx.flush(true)) then
      return
    end
    left = left - #BLOCK
  end
  ngx.print(HUGE_END)
end

--- The act of that name, or nil.
function wire.get(name)
  return acts[name]
end

return wire
