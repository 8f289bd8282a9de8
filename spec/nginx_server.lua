--- A real nginx with our module in it, in a folder of its own, for the specs.

local socket = require "socket"

local nginx_server = {}

local methods = {}
methods.__index = methods

-- What a shell command prints, without its last line end.
local function output(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>/dev/null"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

local nginx = output("command -v nginx || ls /usr/sbin/nginx")

local HEAD = [[
load_module %s/ndk_http_module.so;
load_module %s/ngx_http_lua_module.so;
worker_processes %d;
pid nginx.pid;
error_log error.log info;
worker_rlimit_nofile %d;
events { worker_connections %d; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000;
  lua_package_path "%s";
  lua_package_cpath "%s";
  lua_check_client_abort on;
]]

-- Absolute, as nginx has its own idea of where it is.
local function absolute(paths)
  local here = output("pwd")
  return (paths:gsub("[^;]+", function(path)
    return path:sub(1, 1) == "/" and path or here .. "/" .. path
  end))
end

--- A port that nobody listens at.
function nginx_server.free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Can it be started here? Only a LuaJIT's module fits into it.
function nginx_server.is_possible()
  return nginx ~= "" and type(rawget(_G, "jit")) == "table" and not package.cpath:find("/san/", 1, true)
end

--- Start one. `options`: `http` (lines of the http block), `server` (of the
--- server block), `main` (of neither), `workers`, `limit` (on descriptors of each worker).
function nginx_server.start(options)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir -p " .. folder .. "/tmp"))
  local self = setmetatable({ folder = folder, port = nginx_server.free_port() }, methods)
  local modules = output(nginx .. " -V 2>&1 | tr ' ' '\\n' | sed -n 's/^--modules-path=//p'")
  local limit = options.limit or 8192
  local conf = HEAD:format(modules, modules, options.workers or 1, limit, limit / 2, absolute(package.path), absolute(package.cpath))
  if output("id -u") == "0" then
    conf = "user root;\n" .. conf
  end
  write(folder .. "/nginx.conf", "env TMPDIR;\n" .. (options.main or "") .. conf .. (options.http or "")
    .. "\nserver { listen 127.0.0.1:" .. self.port .. " backlog=4096;\n" .. options.server .. "\n}\n}\n")
  self.command = ("TMPDIR=%s/tmp %s -p %s -c %s/nginx.conf -e %s/error.log"):format(folder, nginx, folder, folder, folder)
  if output(self.command .. " >" .. folder .. "/start.log; echo $?") ~= "0" then
    error("nginx does not start: " .. self:log(), 2)
  end
  -- Its command returns before it has a pid file, or workers.
  local running = self:until_true(10, function()
    return #self:workers() == (options.workers or 1)
  end)
  return running and self or error("nginx has no workers: " .. self:log(), 2)
end

function methods:log()
  local file = io.open(self.folder .. "/error.log", "rb")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

function methods:pid()
  return output("cat " .. self.folder .. "/nginx.pid")
end

--- Processes of its workers, those that are on their way out included.
function methods:workers()
  local list = {}
  for pid in output("ps -o pid= --ppid $(cat " .. self.folder .. "/nginx.pid)"):gmatch("%d+") do
    list[#list + 1] = tonumber(pid)
  end
  return list
end

local function count(folder)
  return tonumber((output("ls " .. folder .. " | wc -l")))
end

--- What a process has: `threads`, `files` (open descriptors), `rss` (KiB),
--- `shared` (pieces of memory that it shares).
function nginx_server.holds(pid)
  local proc = "/proc/" .. pid
  return {
    threads = count(proc .. "/task"),
    files = count(proc .. "/fd"),
    shared = tonumber((output("grep -c '^[^ ]* ...s' " .. proc .. "/maps"))),
    rss = tonumber((output("sed -n 's/^VmRSS:[^0-9]*//p' " .. proc .. "/status"):match("%d+"))) or 0,
  }
end

--- The same once that does not change any more, as a worker's does some time
--- after its last call.
function nginx_server.holds_at_rest(pid)
  local now = nginx_server.holds(pid)
  for _ = 1, 25 do
    local before = now
    socket.sleep(0.2) -- twice as long as a mailbox is quiet before its reader leaves
    now = nginx_server.holds(pid)
    if now.files == before.files and now.threads == before.threads then
      break
    end
  end
  return now
end

-- What nginx says of itself, of its life and of clients that went away.
local EXPECTED = {
  "%[notice%] %d+#%d+: signal %d+ %(SIG%a+%) received from %d+",
  "%[notice%] %d+#%d+: signal %d+ %(SIG%a+%) received$", -- of a child
  "%[notice%] %d+#%d+: signal %d+ %(SIG%a+%) received, %a[%a ]+$",
  "%[notice%] %d+#%d+: using the \"epoll\" event method$",
  "%[notice%] %d+#%d+: nginx/[%d.]+$",
  "%[notice%] %d+#%d+: built by ",
  "%[notice%] %d+#%d+: OS: ",
  "%[notice%] %d+#%d+: getrlimit%(RLIMIT_NOFILE%): ",
  "%[notice%] %d+#%d+: start worker process",
  "%[notice%] %d+#%d+: start cache ",
  "%[notice%] %d+#%d+: reconfiguring$",
  "%[notice%] %d+#%d+: gracefully shutting down$",
  "%[notice%] %d+#%d+: exiting$",
  "%[notice%] %d+#%d+: exit$",
  "%[notice%] %d+#%d+: worker process %d+ exited with code 0$",
  "%[info%] %d+#%d+: %*%d+ client [%d.]+ closed keepalive connection$",
  "%[info%] %d+#%d+: %*%d+ client prematurely closed connection, client: ",
  "%[info%] %d+#%d+: %*%d+ shutdown%(%) failed %(107: Transport endpoint is not connected%), client: ",
}

local function is_expected(line)
  for _, pattern in ipairs(EXPECTED) do
    if line:find("^[%d/]+ [%d:]+ " .. pattern) then
      return true
    end
  end
  return false
end

--- Lines of the error log, from `info` on, but those that say how nginx itself
--- comes and goes: the first ten.
function methods:complaints()
  local list = {}
  for line in self:log():gmatch("[^\n]+") do
    if #list < 10 and not is_expected(line) then
      list[#list + 1] = line
    end
  end
  return list
end

function methods:signal(name)
  os.execute(("kill -%s %s"):format(name, self:pid()))
end

--- What is left of unix sockets and their folders.
function methods:leftovers()
  return output("ls " .. self.folder .. "/tmp")
end

--- Until `holds()` is true, for so many seconds at most. What it returned last.
function methods.until_true(_, seconds, holds)
  local deadline = socket.gettime() + seconds
  local value = holds()
  while not value and socket.gettime() < deadline do
    socket.sleep(0.02)
    value = holds()
  end
  return value
end

-- One that has ended may stay in the table until it is reaped.
local function is_there(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local text = file and file:read("*a") or ") Z"
  if file then
    file:close()
  end
  return not text:find(") Z", 1, true)
end

--- End it as `nginx -s quit` does, or by another signal. True if it went within
--- so many seconds.
function methods:quit(seconds, signal)
  local pid = self:pid()
  self:signal(signal or "QUIT")
  local gone = self:until_true(seconds or 5, function()
    return not is_there(pid)
  end)
  if not gone then
    os.execute("kill -9 " .. table.concat(self:workers(), " ") .. " " .. pid .. " 2>/dev/null")
  end
  return gone
end

function methods:remove()
  os.execute("rm -rf " .. self.folder)
end

--- Begin a request, on a connection of its own; `finish` is what it answers.
function methods:begin(path, extra)
  local connection = assert(socket.connect("127.0.0.1", self.port))
  connection:settimeout(20)
  connection:send(("GET %s HTTP/1.0\r\nHost: x\r\n%s\r\n"):format(path, extra or ""))
  return connection
end

--- Body and status.
function methods.finish(connection)
  local text = connection:receive("*a") or ""
  connection:close()
  return text:match("\r\n\r\n(.*)$"), tonumber(text:match("^HTTP/%S+ (%d+)"))
end

function methods:get(path)
  return methods.finish(self:begin(path))
end

return nginx_server
