--- A server that says what spec/torture/lies.lua tells it to, byte for byte.
---
---     lua spec/torture/liar.lua
---
--- Prints its port. `PUT /contacts/NAME` gets the lie of that name; a name that
--- is none gets a proper answer with the request's own bytes, in hexadecimal,
--- as the contact's `raw`. A request for `/stop` ends it, and so do 300 s.

local socket = require "socket"

local lies = require "torture.lies"

local LIFE = 300
local by_name = {}
for _, lie in ipairs(lies) do
  by_name[lie.name] = lie
end

local listener = assert(socket.bind("127.0.0.1", 0, 64))
local _, port = listener:getsockname()
io.stdout:write(port, "\n")
io.stdout:flush()
listener:settimeout(0)

local peers = {} -- by their sockets

local function hang_up(peer)
  if peer.reset then
    peer.socket:setoption("linger", { on = true, timeout = 0 })
  end
  peer.socket:close()
  peers[peer.socket] = nil
end

local function proper(id, request)
  local raw = request:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end)
  local body = ('{"succeded":true,"contact":{"id":"%s","raw":"%s"}}'):format(id, raw)
  return ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

-- What to do about a whole request.
local function react(peer, request)
  local id = request:match("^PUT /contacts/(%S*) HTTP/1.1\r\n")
  local lie = id and by_name[id:match("^[%w-]+")]
  if request:find("^PUT /stop ") then
    os.exit(0)
  elseif not lie then
    peer.out = proper(id and id:gsub("%%", "=") or "?", request)
    return
  end
  peer.out = lie.bytes
  peer.endless = lie.endless
  peer.later, peer.at = lie.later, socket.gettime() + 0.02
  peer.close, peer.reset = lie.after == "close" or lie.after == "reset", lie.after == "reset"
end

local function hear(peer)
  local text, why, part = peer.socket:receive(65536)
  peer.got = peer.got .. (text or part or "")
  local _, head_end = peer.got:find("\r\n\r\n", 1, true)
  local length = head_end and tonumber(peer.got:sub(1, head_end):match("\r\nContent%-Length: (%d+)\r\n")) or 0
  if head_end and #peer.got >= head_end + length then
    local request = peer.got:sub(1, head_end + length)
    peer.got = peer.got:sub(head_end + length + 1)
    react(peer, request)
  end
  if why == "closed" then
    hang_up(peer)
  end
end

local function speak(peer)
  local last, why, sent = peer.socket:send(peer.out)
  if not last and why ~= "timeout" then
    return hang_up(peer)
  end
  peer.out = peer.out:sub((last or sent) + 1)
  if peer.out == "" and peer.endless then
    peer.out = peer.endless
  end
end

-- What comes a moment after the answer; then the connection's end.
local function go_on(peer)
  if peer.out ~= "" then
    return
  elseif peer.later then
    if socket.gettime() >= peer.at then
      peer.out, peer.later = peer.later, nil
    end
  elseif peer.close then
    hang_up(peer)
  end
end

local ends = socket.gettime() + LIFE
while socket.gettime() < ends do
  local readers, writers = { listener }, {}
  for s, peer in pairs(peers) do
    readers[#readers + 1] = s
    if peer.out ~= "" then
      writers[#writers + 1] = s
    end
  end
  local can_read, can_write = socket.select(readers, writers, 0.01)
  for _, s in ipairs(can_read) do
    if s == listener then
      local new = listener:accept()
      if new then
        new:settimeout(0)
        new:setoption("tcp-nodelay", true)
        peers[new] = { socket = new, got = "", out = "" }
      end
    elseif peers[s] then
      hear(peers[s])
    end
  end
  for _, s in ipairs(can_write) do
    if peers[s] then
      speak(peers[s])
    end
  end
  for _, peer in pairs(peers) do
    go_on(peer)
  end
end
