--- What a handler does without the library: nginx's own sockets and lua-cjson,
--- with connections kept. No checks, no retries, and only as much of HTTP as
--- this answer needs.
local cjson = require "cjson.safe"

local cosocket = {}

local HEAD = table.concat({
  "PUT %s HTTP/1.1", "Host: %s", "Authorization: Bearer %s", "Version: 2021-07-28",
  "Content-Type: application/json", "Accept: application/json", "Content-Length: %d", "", "",
}, "\r\n")

-- The status and the body; nil and why there is none.
local function read_answer(socket)
  local line, err = socket:receive("*l")
  local status, headers = line and tonumber(line:match("^HTTP/%S+ (%d+)")), {}
  while line and line ~= "" do
    line, err = socket:receive("*l")
    local name, value = (line or ""):match("^([^:]+):%s*(.*)$")
    if name then
      headers[name:lower()] = value
    end
  end
  local length = tonumber(headers["content-length"])
  if not (line and status and length) then
    return nil, err or "not an answer"
  end
  return status, socket:receive(length)
end

local function connect(to)
  local socket = ngx.socket.tcp()
  socket:settimeouts(5000, 5000, 5000)
  local ok, err = socket:connect(to.host, to.port, { pool_size = 512 })
  if ok and to.tls and socket:getreusedtimes() == 0 then
    ok, err = socket:sslhandshake(nil, "localhost", true)
  end
  return ok and socket, err
end

--- The answer as a table, or nil and why not. `to`: host, port, tls, path, token; the
--- path is that of all contacts.
function cosocket.update(to, id, fields)
  local socket, err = connect(to)
  if not socket then
    return nil, err
  end
  local body = cjson.encode(fields)
  local ok, status, text
  ok, err = socket:send({ HEAD:format(to.path .. id, to.host, to.token, #body), body })
  if ok then
    status, text = read_answer(socket)
  end
  if not status then
    socket:close()
    return nil, err or text
  end
  socket:setkeepalive(60000, 512)
  return status == 200 and cjson.decode(text), "status " .. status
end

return cosocket
