--- Many requests at once to a server, each on a connection of its own, so that
--- whoever accepts one has to answer it. Every one is counted.

local socket = require "socket"

local nginx_load = {}

local methods = {}
methods.__index = methods

--- So many at once. `choose(i)` names the i-th request's path, and the seconds
--- after which its client hangs up, if it shall. `ended(path, body, status,
--- seconds)` hears of each that did not; no status: not a whole answer came.
function nginx_load.new(server, concurrency, choose, ended)
  return setmetatable({
    server = server, concurrency = concurrency, choose = choose, ended = ended,
    open = {}, n_open = 0,
    sent = 0, answered = 0, unanswered = 0, aborted = 0,
  }, methods)
end

function methods:begin()
  self.sent = self.sent + 1
  local path, patience = self.choose(self.sent)
  local now = socket.gettime()
  local connection = self.server:begin(path)
  connection:settimeout(0)
  self.open[connection] = { path = path, began = now, hang_up = patience and now + patience, text = "" }
  self.n_open = self.n_open + 1
end

function methods:forget(connection)
  connection:close()
  self.open[connection] = nil
  self.n_open = self.n_open - 1
end

-- A whole answer, or half of one.
local function parse(text)
  local head, body = text:match("^(HTTP/.-\r\n)\r\n(.*)$")
  if head and #body == (tonumber(head:match("\r\nContent%-Length: (%d+)\r\n")) or #body) then
    return body, tonumber(head:match("^HTTP/%S+ (%d+)"))
  end
end

function methods:read(connection)
  local request = self.open[connection]
  local text, why, part = connection:receive("*a")
  request.text = request.text .. (text or part or "")
  if why == "timeout" then
    return
  end
  self:forget(connection)
  local body, status = parse(request.text)
  local count = status and "answered" or "unanswered"
  self[count] = self[count] + 1
  self.ended(request.path, body, status, socket.gettime() - request.began)
end

function methods:hang_up(now)
  for connection, request in pairs(self.open) do
    if request.hang_up and request.hang_up <= now then
      self:forget(connection)
      self.aborted = self.aborted + 1
    end
  end
end

-- What comes within a moment.
function methods:listen()
  local list = {}
  for connection in pairs(self.open) do
    list[#list + 1] = connection
  end
  local ready = socket.select(list, nil, 0.01)
  for i = 1, #ready do
    self:read(ready[i])
  end
  self:hang_up(socket.gettime())
end

--- Keep it up for so many seconds.
function methods:run(seconds)
  local deadline = socket.gettime() + seconds
  repeat
    while self.n_open < self.concurrency do
      self:begin()
    end
    self:listen()
  until socket.gettime() >= deadline
end

--- Begin no more; until all have ended, or so many seconds. True if they have.
function methods:drain(seconds)
  local deadline = socket.gettime() + seconds
  while self.n_open > 0 and socket.gettime() < deadline do
    self:listen()
  end
  return self.n_open == 0
end

return nginx_load
