--- How to wait within nginx: a handler yields, its worker goes on.
---
--- The library's thread carries the calls. One light thread of each worker reads
--- the connection by which the thread tells of settled calls, and posts the
--- semaphore of whoever waits for one. It leaves when nothing is left to wait
--- for, so that a worker that is to exit can; and when another takes over, as
--- nginx keeps something of each light thread that it began until it ends. It is a
--- timer's, and nginx drops timers that are too many at once: until it reads, who
--- waits looks by himself.

local core = require "highlevel.core"
local errlog = require "ngx.errlog"
local ffi = require "ffi"
local semaphore = require "ngx.semaphore"
local wait = require "highlevel.wait"

-- longer than any call may take
local FOREVER = 2147483647 -- milliseconds

-- how often to look where nobody can be told
local LOOK = 0.02 -- seconds

-- when a reader that was called and did not come is called again
local PATIENCE = 1 -- seconds

-- light threads after which a reader has another take over
local TERM = 100

-- phases in which a handler may yield; in ssl_client_hello and ssl_session_fetch
-- only with a patched nginx and OpenSSL, and nothing tells which they are
local yields = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  preread = true, ssl_cert = true,
}

-- phases of requests, whose client may hang up
local requests = { rewrite = true, server_rewrite = true, access = true, content = true }

-- phases in which no timer can be made, either
local alone = { init = true, exit_worker = true }

local way = {}

local mailbox
local reading -- whoever reads: a table with the number of light threads it `spawned`
local called -- when the reader was, while it has not begun
local timed -- has there been a reader in this worker?

-- inboxes of settled calls that nobody waits for; the reader concludes them
local overdue = {}

--- Raises where a handler cannot yield, naming what works there.
function way.check(name, level)
  local phase = ngx.get_phase()
  if not yields[phase] then
    local text = "%s: a handler cannot wait in nginx's phase %s; use client:update_contact_later"
    error(text:format(name, phase), level + 1)
  end
end

--- Can nothing but blocking be done here? Then nobody is served either.
function way.is_alone()
  return alone[ngx.get_phase()] == true
end

-- Take what has arrived to those who wait for it. Returns how many there were.
local function sort_mail()
  local n = 0
  for tag in core.take, mailbox do
    n = n + 1
    local inbox = wait.dispatch(tag)
    if inbox and inbox.done then
      overdue[#overdue + 1] = inbox
    elseif inbox then
      inbox.semaphore:post(1)
    end
  end
  return n
end

local read_mail

-- The same, for the reader.
local function deal_with_mail(reader)
  local n = sort_mail()
  while #overdue > 0 do
    reader.spawned = reader.spawned + 1
    ngx.thread.spawn(table.remove(overdue).done)
  end
  if reader.spawned >= TERM and not ngx.worker.exiting() then
    reader.spawned = 0 -- if that one does not come, this one goes on
    ngx.timer.at(0, read_mail, true)
  end
  return n
end

local function connect()
  local socket = ngx.socket.tcp()
  local path, why = core.mailbox_listen(mailbox)
  if not path then
    return nil, why
  end
  socket:settimeouts(1000, 1000, FOREVER)
  local ok
  ok, why = socket:connect("unix:" .. path)
  if ok then
    ok, why = core.mailbox_accept(mailbox)
  end
  return ok and socket, why
end

-- An empty line comes for each time there is news; and one when there has been
-- none for a moment, and no call is left. The connection ends when another takes
-- over.
local function read_until_quiet(reader, socket)
  deal_with_mail(reader)
  repeat
    local line = socket:receive()
    local n = deal_with_mail(reader)
  until not line or n == 0 and core.expected(mailbox) == 0
end

-- Without a connection to be told by: slower, and nobody waits for ever.
local function look_until_quiet(reader, why)
  ngx.log(ngx.ERR, "highlevel: looks for calls that have ended, as it cannot be told of them: ", tostring(why))
  repeat
    ngx.sleep(LOOK)
    deal_with_mail(reader)
  until reading ~= reader or core.expected(mailbox) == 0
end

function read_mail(_, take_over)
  if not take_over then
    called = nil
  end
  if (reading ~= nil) ~= (take_over == true) then -- it was late, or is not needed any more
    return
  end
  local reader = { spawned = 0 }
  reading = reading or reader
  local socket, why = connect()
  if socket then
    reading = reader
    local ok, fault = pcall(read_until_quiet, reader, socket)
    why = not ok and fault
  end
  if reading == reader then
    core.mailbox_hang_up(mailbox) -- nor listen for one that did not come
  end
  if socket then
    socket:close()
  end
  if reading == reader and (why or core.expected(mailbox) > 0) then
    look_until_quiet(reader, why or "the connection ended")
  end
  if reading == reader then
    reading = nil
  end
end

--- See that somebody reads. Returns true, or nil and why not. A worker's first
--- timer of all, made while it exits, makes nginx complain of a socket that is
--- left: then only who has nobody to wait is `worth` one.
function way.read(worth)
  local now = core.now()
  if reading or (called and now < called + PATIENCE) then
    return true
  elseif ngx.worker.exiting() and not (timed or worth) then
    return true
  end
  local ok, why = ngx.timer.at(0, read_mail)
  timed = timed or ok
  called = ok and now or called
  return ok, why
end

-- The worker's mailbox; one made before the fork is the master's.
local function need_mailbox()
  if not mailbox or not core.mailbox_is_ours(mailbox) then
    mailbox, reading, called, timed = core.mailbox(), nil, nil, nil
  end
  return mailbox
end

local spare = {}

function way.inbox()
  local inbox = table.remove(spare)
  if inbox then
    return inbox
  end
  -- fails for want of memory only
  return { semaphore = semaphore.new(0) or error("not enough memory", 0) }
end

function way.send(_, inbox, running)
  need_mailbox()
  local ok, why = way.read(inbox.done)
  if not ok then
    return nil, "no timer to hear of its end with: " .. tostring(why)
  end
  return core.post(running, mailbox)
end

function way.any(_, inbox, seconds)
  if #inbox == 0 and reading then
    inbox.semaphore:wait(math.min(seconds, 86400))
  elseif #inbox == 0 then
    inbox.semaphore:wait(math.min(seconds, LOOK))
    sort_mail()
    if not reading and (core.expected(mailbox) > 0 or #overdue > 0) then
      way.read()
    end
  end
end

function way.idle(_, _, seconds)
  ngx.sleep(seconds)
end

function way.close(inbox)
  if inbox.semaphore:count() == 0 and #inbox == 0 then
    spare[#spare + 1] = inbox
  end
end

-- The calls of the request at hand, by their tags, so that they end with it;
-- nil if nobody looks whether its client hangs up. Who looks does so for one
-- phase.
local function calls_of_request()
  local phase = ngx.get_phase()
  if not requests[phase] then
    return nil
  end
  local ctx = ngx.ctx
  local calls = ctx.highlevel_calls or { phase = false, running = {} }
  if calls.phase == phase then
    return calls.running
  end
  local ok = ngx.on_abort(function()
    for tag, running in pairs(calls.running) do
      wait.forget(tag)
      core.drop(running)
    end
    ngx.exit(499)
  end)
  if not ok then -- lua_check_client_abort is off, or somebody else's to handle
    return nil
  end
  calls.phase, ctx.highlevel_calls = phase, calls
  return calls.running
end

function way.one(state, running, report)
  local inbox = way.inbox()
  local tag = wait.expect(inbox)
  local calls = calls_of_request()
  core.tag(running, tag)
  if calls then
    calls[tag] = running
  end
  local ok, why = way.send(state, inbox, running)
  while ok and #inbox == 0 do
    way.any(state, inbox, math.huge)
  end
  inbox[1] = nil
  wait.forget(tag)
  way.close(inbox)
  if calls then
    calls[tag] = nil
  end
  if ok then
    report()
  end
  return ok, why
end

--- Of updates that nobody waits for, and that were not concluded: tables with
--- the contact's `id`. Inboxes are by their tags, and nobody else holds them.
way.unheard = {}

--- Send it on its way; `done` is called, where it may yield, once it is settled.
function way.later(running, id, done)
  local inbox = { id = id }
  local tag = wait.expect(inbox)
  function inbox.done()
    wait.forget(tag)
    way.unheard[tag] = nil
    done()
  end
  core.tag(running, tag)
  local ok, why = way.send(nil, inbox, running)
  way.unheard[tag] = ok and inbox or nil
  return ok, why
end

-- To the error log; ngx.log would look for a request, and there is none left.
local function log_at_end(text)
  if errlog.raw_log then -- which has told ffi of this function
    ffi.C["ngx_" .. ngx.config.subsystem .. "_lua_ffi_raw_log"](nil, ngx.ERR, text, #text)
  end
end

-- When the worker ends before they do.
way.at_end = ffi.gc(ffi.new("char[1]"), function()
  for _, update in pairs(way.unheard) do
    log_at_end("highlevel: contact " .. update.id .. " may not have been updated: cancelled: the worker ended first")
  end
end)

return way
