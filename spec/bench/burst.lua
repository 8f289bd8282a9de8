-- burst.lua PORT PATH COUNT: COUNT requests at once, each on a connection of its
-- own that is open already. Prints the seconds until all were answered, and
-- how many with 200.
local socket = require "socket"

local port, path, count = tonumber(arg[1]), arg[2], tonumber(arg[3])
local open, good = {}, 0
for i = 1, count do
  open[i] = assert(socket.connect("127.0.0.1", port))
  open[i]:settimeout(10)
end
local started = socket.gettime()
for i = 1, count do
  open[i]:send("GET " .. path .. " HTTP/1.0\r\n\r\n")
end
for i = 1, count do
  local line = open[i]:receive("*l")
  good = good + (line and line:find(" 200 ", 1, true) and 1 or 0)
end
print(("%.4f %d"):format(socket.gettime() - started, good))
