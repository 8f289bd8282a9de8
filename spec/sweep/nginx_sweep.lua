--- Fail the 1st, 2nd, 3rd ... allocation of calls made within an nginx worker.
---
---     nginx_sweep.lua ROOT LIBSERVER
---
--- Run by LuaJIT with libfailmalloc.so before libc; so is the nginx it starts.
--- What fails are allocations by our module, and by what that calls (libcurl,
--- cJSON, libc), in the worker's thread and in the library's own. nginx's are left
--- alone, as they may end a worker; so are LuaJIT's, whose memory comes from the
--- kernel, not from malloc. It is plain HTTP: OpenSSL 3.0 does not survive all
--- failures of its own.
---
--- The tasks are in nginx_tasks.lua. Each ends as it would have otherwise, or as
--- `memory`, in time and once; nothing runs on; the next call succeeds. One
--- worker does all that first: it is the same process to the end, and holds no
--- more descriptors and blocks than before. Then workers that do it first of
--- all, and quit right then: each goes, whether another call came or not.

local ffi = require "ffi"
local nginx_load = require "nginx_load"
local nginx_server = require "nginx_server"
local socket = require "socket"

local root, libserver = arg[1], arg[2]

local N_MAX = 5000
local COMPLAINTS_MAX = 4 -- shown for each sweep
local WARM_UP = 5
local WORKERS = 16 -- which wait most of the time, to be told that all is quiet
local PATIENCE = 8 -- seconds for an answer, and to quit
local BLOCKS = 4 -- more of these is a leak, not a cache that grew

local NO_ANSWER = "no answer"

local MODES = { { "once", "one fails" }, { "on", "all from one on fail" } }

if not nginx_server.is_possible() then
  print("0 passed, 0 failed")
  return
end

ffi.cdef "int server_start (int *port);"

local passed, failed = 0, 0

local function expect(ok, what)
  if not ok then
    io.stderr:write("  FAILED: ", what, "\n")
  end
  passed, failed = passed + (ok and 1 or 0), failed + (ok and 0 or 1)
end

local function start(url, workers)
  return nginx_server.start({
    workers = workers,
    http = ([[ init_by_lua_block { serve = assert(loadfile("%s/spec/sweep/nginx_tasks.lua"))("%s") } ]]):format(root, url),
    server = [[ location / { content_by_lua_block { serve() } } ]],
  })
end

local function path_of(how, name, n, mode)
  return ("/?how=%s&task=%s&n=%d&mode=%s"):format(how, name, n, mode)
end

-- What a request was answered, line by line: the process, what came of it ...
local function parse(body, status)
  local lines = {}
  for line in (status == 200 and body or "-\nover\n" .. NO_ANSWER):gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  return lines
end

-- Of one sweep: how often it went wrong, and how the calls ended.
local function new_tally(name, mode)
  return { name = name, mode = mode, n = 0, wrong = 0, ends = {}, order = {} }
end

local function complain(tally, n, what)
  tally.wrong = tally.wrong + 1
  if tally.wrong <= COMPLAINTS_MAX then
    io.stderr:write(("  allocation %d: %s\n"):format(n, what))
  end
end

local function count(tally, n, what, ended)
  if what ~= "fine" then
    complain(tally, n, what)
  end
  ended = ended or what
  if not tally.ends[ended] then
    tally.order[#tally.order + 1] = ended
  end
  tally.n = tally.n + 1
  tally.ends[ended] = (tally.ends[ended] or 0) + 1
end

local function conclude(tally)
  local text = {}
  for _, ended in ipairs(tally.order) do
    text[#text + 1] = tally.ends[ended] .. " " .. ended
  end
  print(("  %s, %s: %d allocations; %s"):format(tally.name, tally.mode[2], tally.n, table.concat(text, ", ")))
  expect(tally.wrong == 0, tally.name)
  return tally.wrong == 0
end

-- One worker, one allocation after another. False: it went wrong.
local function sweep(server, pid, name, mode)
  local tally = new_tally(name, mode)
  for n = 1, N_MAX do
    local lines = parse(server:get(path_of("sweep", name, n, mode[1])))
    if lines[1] ~= pid then
      complain(tally, n, "another process answers: " .. lines[1])
      pid = lines[1]
    end
    if lines[2] == "over" and lines[3] == "fine" then
      return conclude(tally)
    end
    count(tally, n, lines[3], lines[4])
    if lines[3] == NO_ANSWER then
      return conclude(tally)
    end
  end
  complain(tally, N_MAX, "it has no end")
  return conclude(tally)
end

local function holds(server)
  local lines = parse(server:get("/?how=holds"))
  return { blocks = tonumber(lines[2]), files = tonumber(lines[3]) }
end

-- Once all is quiet, and the reader of the mailbox has left.
local function holds_at_rest(server)
  socket.sleep(0.5)
  return holds(server)
end

-- What it holds more than it did, unless that goes in a while.
local function keeps(server, usual)
  local now
  local gone = server:until_true(PATIENCE, function()
    now = holds(server)
    return now.files <= usual.files and now.blocks <= usual.blocks + BLOCKS
  end)
  return not gone and ("%d descriptors, %d blocks more"):format(now.files - usual.files, now.blocks - usual.blocks)
end

local function sweep_one_worker(url)
  local server = start(url, 1)
  local pid = parse(server:get("/?how=holds"))[1]
  for _, name in ipairs({ "update", "bulk", "later", "asking", "client", "closing" }) do
    for _ = 1, WARM_UP do
      server:get(path_of("sweep", name, N_MAX, "once"))
    end
    local usual = holds_at_rest(server)
    for _, mode in ipairs(MODES) do
      if not sweep(server, pid, name, mode) then
        return server
      end
    end
    local more = keeps(server, usual)
    expect(not more, ("%s keeps %s"):format(name, more))
  end
  return server
end

-- A process among these that is still there in a while; nil: none.
local function left_over(server, pids)
  local late
  server:until_true(PATIENCE, function()
    late = nil
    for _, pid in ipairs(server:workers()) do
      late = late or pids[pid] and pid
    end
    return not late
  end)
  return late
end

-- Workers that do nothing else, one allocation each. False: they do not go on.
local function sweep_first(server, name, mode)
  local tally, again, pids, last, is_over = new_tally(name .. ", first of all", mode), {}, {}, 0, false
  local function choose()
    local n = table.remove(again)
    if not n then
      last = last + 1
      n = last
    end
    return path_of("first", name, n, mode[1]), PATIENCE
  end
  local function hear(path, body, status)
    local n, lines = tonumber(path:match("&n=(%d+)")), parse(body, status)
    if lines[2] == "used" then -- the worker that it came to
      again[#again + 1] = n
      return
    end
    pids[tonumber(lines[1]) or 0] = true
    if lines[2] == "over" and lines[3] == "fine" then
      is_over = true
    else
      count(tally, n, lines[3], lines[4])
    end
  end
  local load = nginx_load.new(server, WORKERS, choose, hear)
  repeat
    load:run(0)
  until is_over or load.aborted > 0 or last > N_MAX
  load:drain(PATIENCE)
  local late = left_over(server, pids)
  if late then
    complain(tally, tally.n, "worker " .. late .. " does not quit")
  elseif not is_over or load.n_open > 0 then
    complain(tally, last, NO_ANSWER)
  end
  return conclude(tally)
end

local function sweep_first_calls(url)
  local server = start(url, WORKERS)
  for _, name in ipairs({ "update", "bulk", "later", "client" }) do
    for _, mode in ipairs(MODES) do
      if not sweep_first(server, name, mode) then
        return server
      end
    end
  end
  return server
end

local function stop(server)
  local gone, left, complaints = server:quit(5), server:leftovers(), table.concat(server:complaints(), "\n")
  expect(gone, "it quits")
  expect(left == "", "nothing is left: " .. left)
  expect(complaints == "", "nginx has nothing to complain of: " .. complaints)
  server:remove()
end

local port = ffi.new("int[1]")
assert(ffi.load(libserver).server_start(port) > 0)
local url = "http://127.0.0.1:" .. port[0]
stop(sweep_one_worker(url))
stop(sweep_first_calls(url))
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed > 0 and 1 or 0)
