--- What a handler does without the library: lua-cjson and nginx's own sockets,
--- as lua-resty-http uses them, with connections kept. No checks, no retries.
local cjson = require "cjson.safe"

local cosocket = {}

local HEAD = "PUT %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer pit-0123456789\r\nVersion: 2021-07-28\r\n"
  .. "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n"

local function read_answer(socket)
  local line, err = socket:receive("*l")
  if not line then
    return nil, err
  end
  local status, length, headers = tonumber(line:match("^HTTP/%S+ (%d+)")), nil, {}
  repeat
    line, err = socket:receive("*l")
    if not line then
      return nil, err
    end
    local name, value = line:match("^([^:]+):%s*(.*)$")
    if name then
      headers[name:lower()] = value
    end
  until line == ""
  length = tonumber(headers["content-length"])
  if not length then
    return nil, "no length"
  end
  return status, socket:receive(length)
end

--- The answer as a table, or nil and why not. `tls` is true for https.
function cosocket.update(host, port, tls, path, fields)
  local socket = ngx.socket.tcp()
  socket:settimeouts(5000, 5000, 5000)
  local ok, err = socket:connect(host, port, { pool_size = 512 })
  if ok and tls and socket:getreusedtimes() == 0 then
    ok, err = socket:sslhandshake(nil, "localhost", true)
  end
  if not ok then
    return nil, err
  end
  local body = cjson.encode(fields)
  ok, err = socket:send({ HEAD:format(path, host, #body), body })
  local status, text
  if ok then
    status, text = read_answer(socket)
    err = text
  end
  if not status then
    socket:close()
    return nil, err
  end
  socket:setkeepalive(60000, 512)
  return status == 200 and cjson.decode(text), "status " .. status
end

return cosocket
