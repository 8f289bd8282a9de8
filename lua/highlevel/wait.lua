--- How to wait: the one place that knows where this runs.
---
--- A way of waiting is a table of functions. Each party that waits has an inbox
--- of its own, to which tags of calls with news come:
---
---   way.check(name)                raises where nothing can be waited for
---   way.inbox(state)               a new inbox, or nil and why there is none
---   way.send(state, inbox, call)   true, or nil and why it is not on its way
---   way.any(state, inbox, seconds) until there is news, or that long; may be
---                                  over before
---   way.close(inbox)               what is left there is of no interest
---
--- Script: the client is stepped. Loop: the library's thread carries the calls,
--- and the user's own function waits for a pipe. nginx: see wait_nginx.lua.

local core = require "highlevel.core"

-- how long one wait may keep a script from noticing Ctrl-C
local STRETCH = 0.2

local wait = {}

-- inboxes by the tags that are expected there, while somebody holds them
local inboxes = setmetatable({}, { __mode = "v" })

local last_tag = 0

--- Announce a call to an inbox. Returns its tag: a number above 0.
function wait.expect(inbox)
  last_tag = last_tag + 1
  inboxes[last_tag] = inbox
  return last_tag
end

--- No more news of that call.
function wait.forget(tag)
  inboxes[tag] = nil
end

--- A tag with news, to its inbox, if that still cares. Returns the inbox.
function wait.dispatch(tag)
  local inbox = inboxes[tag]
  if inbox then
    inbox[#inbox + 1] = tag
  end
  return inbox
end

--- What came to an inbox: a list of tags, which is the caller's.
function wait.news(inbox)
  local tags = {}
  for i = 1, #inbox do
    tags[i], inbox[i] = inbox[i], nil
  end
  return tags
end

local function nothing() end

local script = { check = nothing, close = nothing }

function script.inbox()
  return {}
end

function script.send(_, _, running)
  core.start(running)
  return true
end

function script.any(state, inbox, seconds)
  if core.is_closed(state.handle) then -- that has settled its calls
    for tag, owner in pairs(inboxes) do
      if owner == inbox then
        inbox[#inbox + 1] = tag
      end
    end
  elseif #inbox == 0 then
    core.step(state.handle, math.min(seconds, STRETCH))
    for tag in core.next, state.handle do
      wait.dispatch(tag)
    end
  end
end

function script.idle(_, _, seconds)
  core.sleep(math.min(seconds, STRETCH))
end

--- One call, from its start to its end; `report` after each step. True, or nil
--- and why it was not begun.
function script.one(state, running, report)
  core.start(running)
  repeat
    local settled = core.wait(state.handle, running, STRETCH)
    report()
  until settled
  return true
end

local loop = { check = nothing }

-- mailboxes whose party has left: a pipe each
local spare = {}

function loop.inbox()
  local inbox = {}
  local box = table.remove(spare)
  while box and not core.mailbox_is_ours(box) do
    box = table.remove(spare)
  end
  inbox.mailbox = box or core.mailbox()
  local why
  inbox.fd, why = core.mailbox_pipe(inbox.mailbox)
  if not inbox.fd then
    spare[#spare + 1] = inbox.mailbox
    return nil, why
  end
  return inbox
end

function loop.send(_, inbox, running)
  return core.post(running, inbox.mailbox)
end

function loop.any(state, inbox, seconds)
  local until_then = core.now() + seconds
  if seconds < math.huge then
    assert(core.alarm(inbox.mailbox, seconds)) -- there is a thread: see inbox
  end
  local function step()
    core.mailbox_drain(inbox.mailbox)
    for tag in core.take, inbox.mailbox do
      wait.dispatch(tag)
    end
    return #inbox > 0 or core.now() >= until_then
  end
  if not step() then
    state.wait(inbox.fd, step)
  end
end

loop.idle = loop.any

function loop.close(inbox)
  if core.expected(inbox.mailbox) == 0 then
    spare[#spare + 1] = inbox.mailbox
  end
end

function loop.one(state, running, report)
  local inbox, why = loop.inbox()
  if not inbox then
    return nil, why
  end
  local tag = wait.expect(inbox)
  core.tag(running, tag)
  assert(loop.send(state, inbox, running)) -- as above
  repeat
    loop.any(state, inbox, math.huge)
  until #inbox > 0
  wait.forget(tag)
  loop.close(inbox)
  report()
  return true
end

--- The way for a client of these options.
function wait.way(opt)
  if opt.wait then
    return loop
  elseif type(ngx) == "table" and ngx.get_phase then
    return require "highlevel.wait_nginx"
  end
  return script
end

return wait
