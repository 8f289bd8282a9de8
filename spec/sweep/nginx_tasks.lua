--- What the sweep does within an nginx worker: see nginx_sweep.lua.

local core = require "highlevel.core"
local ffi = require "ffi"
local highlevel = require "highlevel"
local semaphore = require "ngx.semaphore"

ffi.cdef [[
  bool failmalloc_arm_for (const char *library, long n, int mode);
  bool failmalloc_disarm (void);
  bool failmalloc_blames (const char *library);
  long failmalloc_live (void);
  void failmalloc_trace (void);
  int fcntl (int fd, int command, ...);
  int getpid (void);
  int kill (int pid, int signal);
]]
local C = ffi.C

local base_url = ...

local ID = "ocQHyuzHvysMo5N5VsXc"
local MODES = { once = 0, on = 1 }
local F_GETFD, SIGQUIT = 1, 3
local FILES = 256 -- descriptors that are looked at
local TIMEOUT = 3 -- seconds, which no call needs
local PATIENCE = 4

local fields = {
  firstName = "rosan",
  lastName = highlevel.null,
  tags = { "nisi sint", "consequat" },
  customFields = { { id = "6dvNaf7VhkQ9snc5vnjJ", field_value = { "test", "test2" } } },
}

local function account()
  return { token = "pit-0123456789", base_url = base_url, timeout = TIMEOUT, retries = 0, rate_limit = false }
end

local function kind_of(res, err)
  return res and "ok" or err.kind
end

-- One that nobody waits for; how it ended.
local function later(client, opt, meanwhile)
  local told, kind, n = semaphore.new(0), nil, 0
  local ok, err = client:update_contact_later(ID, fields, opt, function(...)
    kind, n = kind_of(...), n + 1
    told:post(1)
  end)
  if meanwhile then
    meanwhile()
  end
  if not ok then
    return err.kind
  end
  told:wait(PATIENCE)
  return n == 1 and kind or "told " .. n .. " times"
end

local function bulk(client)
  local kinds = { "never told", "never told", "never told" }
  client:update_contacts({ { ID, fields }, { "rejected", fields }, { "no/id", fields } }, {
    concurrency = 2,
    on_result = function(index, ...)
      kinds[index] = kinds[index] == "never told" and kind_of(...) or "told again"
    end,
  })
  return unpack(kinds)
end

local function with_client(f)
  local client = highlevel.new(account())
  local function close(ok, ...)
    client:close()
    if not ok then
      error((...), 0)
    end
    return ...
  end
  return close(pcall(f, client))
end

-- Of a client that was made before the workers were.
local old = highlevel.new(account())

-- What runs while allocations fail; it returns kinds, and with memory enough
-- those that are `good`: "ok" if nothing else is said. What may be cancelled,
-- as it is closed meanwhile, `ends`.
local tasks = {
  update = { run = function() return kind_of(old:update_contact(ID, fields)) end },
  bulk = { run = function() return bulk(old) end, good = { "ok", "rejected", "invalid" } },
  later = { run = function() return later(old) end },
  asking = {
    run = function()
      return later(old, { token = function() ngx.sleep(0.001) return "pit-9876543210" end })
    end,
  },
  client = {
    run = function()
      return with_client(function(client)
        return kind_of(client:update_contact(ID, fields))
      end)
    end,
  },
  closing = {
    run = function()
      local client = highlevel.new(account())
      return later(client, nil, function()
        client:close()
      end)
    end,
    ends = true,
  },
}

local function fits(task, i, kind)
  if kind == (task.good and task.good[i] or "ok") or kind == "memory" then
    return true
  elseif kind == "network" then
    return C.failmalloc_blames("libcurl")
  end
  -- of a thread that lacks memory for itself, the system says that none is to be had
  return kind == "cancelled" and (task.ends == true or C.failmalloc_blames("ld-linux"))
end

-- What is wrong with how it ended; nil: nothing.
local function wrong(task, ok, ...)
  if not ok then
    return ... ~= "not enough memory" and "raised: " .. tostring((...)) or nil
  end
  for i = 1, select("#", ...) do
    local kind = select(i, ...)
    if not fits(task, i, kind) then
      return "ended as " .. table.concat({ ... }, ", ")
    end
  end
end

local function running()
  local status = highlevel.status()
  return status.running + status.queued + status.waiting
end

-- Are all calls over, those that were given up soon?
local function is_at_rest()
  local deadline = core.now() + 1
  while running() > 0 and core.now() < deadline do
    ngx.sleep(0.002)
  end
  return running() == 0
end

-- Run it with the n-th allocation failing. What is wrong, or nil; did an
-- allocation fail; and how it ended.
local function attempt(task, n, mode)
  assert(C.failmalloc_arm_for("/highlevel/core.so", n, MODES[mode]))
  local began = core.now()
  local results = { pcall(task.run) }
  local hit = C.failmalloc_disarm()
  local seconds = core.now() - began
  local what = wrong(task, unpack(results))
  if not what and seconds > TIMEOUT then
    what = "took " .. seconds .. " s"
  elseif not what and not is_at_rest() then
    what = running() .. " calls never ended"
  end
  return what, hit, results[1] and table.concat(results, " ", 2) or "raised"
end

local function good(task)
  local ok, said = pcall(function() return table.concat({ task.run() }, " ") end)
  if task.ends then
    return ok
  end
  return ok and said == table.concat(task.good or { "ok" }, " ")
end

-- What is to be answered: did an allocation fail, what is wrong, how it ended.
local function told(hit, what, ended)
  if what then
    C.failmalloc_trace() -- into the error log
  end
  return hit and "hit" or "over", what or "fine", ended
end

local used = false

local handlers = {}

--- As above, and then the same with memory enough.
function handlers.sweep(task, n, mode)
  local what, hit, ended = attempt(task, n, mode)
  if not what and not good(task) then
    what = "the next call fails"
  end
  return told(hit, what, ended)
end

--- The first that this worker does, every second time followed by another;
--- then it quits.
function handlers.first(task, n, mode)
  if used then
    ngx.sleep(0.02)
    return "used"
  end
  used = true
  local what, hit, ended = attempt(task, n, mode)
  if not what and n % 2 == 0 and not good(task) then
    what = "the next call fails"
  end
  C.kill(C.getpid(), SIGQUIT)
  return told(hit, what, ended)
end

--- Blocks and descriptors, without a connection to the API.
function handlers.holds()
  local n, deadline = 0, core.now() + 1
  old:close()
  old = highlevel.new(account())
  while highlevel.status().connections > 0 and core.now() < deadline do
    ngx.sleep(0.002)
  end
  collectgarbage()
  collectgarbage()
  for fd = 0, FILES - 1 do
    n = n + (C.fcntl(fd, F_GETFD) >= 0 and 1 or 0)
  end
  return tostring(C.failmalloc_live()):match("%d+"), n
end

--- The process, and what the handler says, a line each.
return function()
  local arg = ngx.req.get_uri_args()
  ngx.print(table.concat({ ngx.worker.pid(), handlers[arg.how](tasks[arg.task], tonumber(arg.n), arg.mode) }, "\n"))
end
