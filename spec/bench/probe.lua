-- probe.lua PORT PATH SECONDS: a request every two milliseconds, on one connection:
-- few enough to leave the processors to others. Prints the 99th percentile of how
-- long their answers took, in microseconds.
local socket = require "socket"

local EVERY = 0.002 -- seconds

local port, path, seconds = tonumber(arg[1]), arg[2], tonumber(arg[3])
local connection = assert(socket.connect("127.0.0.1", port))
connection:setoption("tcp-nodelay", true)
connection:settimeout(10)

local function ask()
  assert(connection:send("GET " .. path .. " HTTP/1.1\r\nHost: x\r\n\r\n"))
  local length, line
  repeat
    line = assert(connection:receive("*l"))
    length = line:match("^Content%-Length: (%d+)") or length
  until line == ""
  assert(connection:receive(tonumber(length)))
end

local took = {}
local start = socket.gettime()
for i = 1, seconds / EVERY do
  socket.sleep(start + i * EVERY - socket.gettime())
  local began = socket.gettime()
  ask()
  took[i] = socket.gettime() - began
end
table.sort(took)
print(("%.0f"):format(took[math.ceil(#took * 0.99)] * 1e6))
