--- Two servers under mixed load for minutes; `soak` says what for.

local cjson = require "cjson"
local socket = require "socket"

local helper = require "helper"
local nginx_load = require "nginx_load"
local nginx_server = require "nginx_server"

local EVERY = 10 -- seconds from one record to the next

-- How much more the end may have than what had settled: KiB.
local GROWTH = { worker = 1024, master = 1024 }

local HTTP = [[
  init_by_lua_block {
    highlevel = require "highlevel"
    options = { token = "pit-0123456789", base_url = "%s", rate_limit = false, timeout = 10 }
    client = highlevel.new(options)
  }
]]

local SERVER = [[
  location /update { content_by_lua_block {
    local res, err = client:update_contact(ngx.var.arg_id, { firstName = "a", tags = { "soaked" } },
      { timeout = tonumber(ngx.var.arg_timeout), retries = tonumber(ngx.var.arg_retries) })
    ngx.print(res and "ok" or err.kind)
  } }
  location /later { content_by_lua_block {
    local ok, err = client:update_contact_later(ngx.var.arg_id, { firstName = "a" })
    ngx.print(ok and "ok" or err.kind)
  } }
  location /many { content_by_lua_block {
    local items = {}
    for i = 1, 20 do
      items[i] = { ngx.var.arg_id .. i, { firstName = "a" } }
    end
    local summary = client:update_contacts(items, { concurrency = 5 })
    ngx.print(summary.succeeded == 20 and "ok" or tostring(summary.failures[1].err))
  } }
  location /own { content_by_lua_block {
    local own = highlevel.new(options)
    local res, err = own:update_contact(ngx.var.arg_id, { firstName = "a" })
    ngx.print(res and "ok" or err.kind)
  } }
  location /status { content_by_lua_block {
    if ngx.var.arg_collect then
      collectgarbage() collectgarbage() -- clients of one request
    end
    local status = highlevel.status()
    status.pid = ngx.worker.pid()
    ngx.print(require("cjson").encode(status))
  } }
]]

local seed = tonumber(os.getenv("SEED"))
local dice = math.random

-- What follows depends on the seed and this alone, not on what else was thrown.
local function throw(number)
  math.randomseed(seed * 1e6 + number)
end

-- How many of a hundred; the path, from the request's number; what it is
-- answered; how long its client waits at most.
local MIX = {
  { 60, "/update?id=contact-%d", "ok" },
  { 8, "/update?id=fault-delay-100.%d", "ok" },
  { 4, "/update?id=fault-seq-retry_1-ok.%d", "ok" },
  { 3, "/update?retries=0&id=fault-status-429.%d", "rate_limited" },
  { 4, "/update?id=fault-seq-reset-ok.%d", "ok" },
  { 3, "/update?retries=0&id=fault-reset.%d", "network" },
  { 4, "/update?retries=0&timeout=0.5&id=fault-hang.%d", "timeout" },
  { 6, "/update?id=fault-hang.%d", nil, 0.3 },
  { 2, "/update?id=fault-delay-200.%d", nil, 0.1 },
  { 2, "/later?id=contact-%d", "ok" },
  { 2, "/many?id=contact-%d.", "ok" },
  { 2, "/own?id=contact-%d", "ok" },
}

local function pick()
  local n = dice(100)
  for _, kind in ipairs(MIX) do
    n = n - kind[1]
    if n <= 0 then
      return kind
    end
  end
end

local faults = {}

local function complain(...)
  faults[#faults + 1] = string.format(...)
end

-- A server and its load.
local function new_party(name, number)
  local server = nginx_server.start({ http = HTTP:format(helper.env("HTTP")), server = SERVER })
  local expected = {}
  local party = { name = name, server = server, records = {}, reloads = 0 }
  party.load = nginx_load.new(server, tonumber(os.getenv("CONCURRENCY")), function(i)
    throw(2 * i + number)
    local kind = pick()
    local path = kind[2]:format(kind[2]:find("contact", 1, true) and i % 5000 or i)
    expected[path] = kind[3]
    return path, kind[4] and dice() * kind[4]
  end, function(path, body, status, seconds)
    if not status then
      complain("%s: %s was not answered", name, path)
    elseif expected[path] and body ~= expected[path] then
      complain("%s: %s was answered %q after %.2f s", name, path, body, seconds)
    end
  end)
  return party
end

local function status_of(server, at_rest)
  return cjson.decode((server:get(at_rest and "/status?collect=1" or "/status")))
end

-- What the oldest worker and the master have now.
local function record(party)
  local status, pid = status_of(party.server), party.server:workers()[1]
  local now = nginx_server.holds(pid)
  now.connections = status.pid == pid and status.connections or nil
  now.master = nginx_server.holds(party.server:pid()).rss
  now.workers = #party.server:workers()
  table.insert(party.records, now)
  return now
end

local function show(party, seconds)
  local now, load = record(party), party.load
  print(("%5.0f s  %-8s %7d answered %5d aborted %3d reloads  worker %6d KiB %3d descriptors %d threads, master %5d KiB")
    :format(seconds, party.name, load.answered, load.aborted, party.reloads, now.rss, now.files, now.threads, now.master))
end

-- No call is left, and nothing else moves.
local function come_to_rest(party)
  if not party.load:drain(15) then
    complain("%s: %d requests were not answered", party.name, party.load.n_open)
  end
  local at_rest = party.server:until_true(10, function()
    local status = status_of(party.server, true)
    return status.running + status.queued + status.waiting == 0 and #party.server:workers() == 1
  end)
  if not at_rest then
    complain("%s: calls or workers are left: %s", party.name, (party.server:get("/status")))
  end
  socket.sleep(0.5)
end

-- Descriptors and threads of a worker that has done one thing, but for those to
-- the API.
local function when_new(party)
  for _ = 1, 3 do
    party.server:get("/update?id=contact-first")
  end
  come_to_rest(party)
  local now = record(party)
  party.records = {}
  party.new = { files = now.files - now.connections, threads = now.threads, rss = now.rss, master = now.master }
end

local function soak(parties, seconds)
  local started = socket.gettime()
  local next_record, next_reload = started + EVERY, started + 5
  while socket.gettime() < started + seconds do
    for _, party in ipairs(parties) do
      party.load:run(0.02)
    end
    local now = socket.gettime()
    if now >= next_reload then
      throw(-1 - parties[1].reloads)
      next_reload = now + 1 + dice() * 30
      parties[1].server:signal("HUP")
      parties[1].reloads = parties[1].reloads + 1
    end
    if now >= next_record then
      next_record = next_record + EVERY
      for _, party in ipairs(parties) do
        show(party, now - started)
      end
    end
  end
end

local function middle(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

-- What had settled in the second fifth of the time, the highest, and at rest.
local function summary(party, what)
  local all, settled, highest = party.records, {}, 0
  for i, now in ipairs(all) do
    local value = now[what] or 0
    if i >= #all / 5 and i <= math.max(#all * 2 / 5, 1) then
      settled[#settled + 1] = value
    end
    highest = math.max(highest, value)
  end
  return middle(settled) or highest, highest, party.last[what]
end

local function judge(party)
  print(("%-10s%-24s%10s%10s%10s%10s"):format(party.name, "", "new", "settled", "highest", "at rest"))
  for _, what in ipairs({ "rss", "files", "threads", "connections", "master" }) do
    local settled, highest, last = summary(party, what)
    local names = {
      rss = "worker, KiB", files = "worker, descriptors", threads = "worker, threads",
      connections = "worker, connections", master = "master, KiB",
    }
    print(("%-10s%-24s%10s%10d%10d%10d"):format("", names[what], party.new[what] or "", settled, highest, last))
    local growth = what == "rss" and GROWTH.worker or what == "master" and GROWTH.master
    if growth and last > settled + growth then
      complain("%s: %s grew from %d to %d", party.name, names[what], settled, last)
    end
  end
  local last = party.last
  if last.files - last.connections ~= party.new.files or last.threads ~= party.new.threads then
    complain("%s: %d descriptors without the API's, %d threads at rest; %d and %d when it was new", party.name,
      last.files - last.connections, last.threads, party.new.files, party.new.threads)
  end
end

local function finish(party)
  local load, server = party.load, party.server
  print(("%-10s%d sent, %d answered, %d aborted, %d not answered, %d reloads"):format(
    party.name, load.sent, load.answered, load.aborted, load.unanswered, party.reloads))
  if load.sent ~= load.answered + load.aborted then
    complain("%s: the sum is wrong", party.name)
  end
  for _, line in ipairs(server:complaints()) do
    complain("%s: in the error log: %s", party.name, line)
  end
  if not server:quit() then
    complain("%s: does not end", party.name)
  elseif server:leftovers() ~= "" then
    complain("%s: left in TMPDIR: %s", party.name, server:leftovers())
  end
  server:remove()
end

local minutes = tonumber(os.getenv("MINUTES"))
print(("soak: %g minutes, seed %d"):format(minutes, seed))
io.stdout:setvbuf("line")
helper.admin("POST", "/journal", { enabled = false })

local parties = { new_party("reloaded", 0), new_party("steady", 1) }
for _, party in ipairs(parties) do
  when_new(party)
end
soak(parties, minutes * 60)
for _, party in ipairs(parties) do
  come_to_rest(party)
  party.last = record(party)
  table.remove(party.records)
end
for _, party in ipairs(parties) do
  judge(party)
end
print("finished by the steady one: " .. cjson.encode(status_of(parties[2].server).finished))
for _, party in ipairs(parties) do
  finish(party)
end
for i = 1, math.min(#faults, 20) do
  print("soak: " .. faults[i])
end
print(#faults == 0 and "soak: all is well" or ("soak: %d faults"):format(#faults))
os.exit(#faults == 0 and 0 or 1)
