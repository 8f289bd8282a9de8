--- Many updates at once: `client:update_contacts`.
---
--- Items are read only as fast as calls finish, and started only when the rate
--- limit lets them leave, so memory stays constant and no call's time runs
--- while it stands in line.

local call = require "highlevel.call"
local core = require "highlevel.core"
local errors = require "highlevel.errors"
local wait = require "highlevel.wait"

local CONCURRENCY = 64

local bulk = {}

-- The next item as it was given, and their number if it is known.
local function reader(items)
  if type(items) == "function" then
    return items
  end
  local i = 0
  return function()
    i = i + 1
    return items[i]
  end, #items
end

-- What every update of this account would meet.
local function is_hopeless(err)
  return err.kind == "unauthorized" or (err.kind == "rate_limited" and err.rate_limit.scope == "daily")
end

-- id and fields of an item; or nil, the id if there is one, and what is wrong.
local function unpack_item(item, index)
  local where = ("items[%d]"):format(index)
  if type(item) ~= "table" then
    return nil, nil, errors.invalid(where, "must be { contact_id, fields }, not " .. errors.a_type(item))
  end
  local id, fields = item[1], item[2]
  if type(id) ~= "string" then
    return nil, nil, errors.invalid(where .. "[1]", "the contact id must be a string, not " .. errors.a_type(id))
  elseif type(fields) ~= "table" then
    return nil, id, errors.invalid(where .. "[2]", "fields must be a table, not " .. errors.a_type(fields))
  end
  return id, fields
end

local function count(summary, index, id, res, err)
  summary.total = summary.total + 1
  if res then
    summary.succeeded = summary.succeeded + 1
  else
    summary.failed = summary.failed + 1
    summary.failures[summary.failed] = { index, id, err, index = index, id = id, err = err }
  end
end

-- One item has come to its end: count it, tell of it.
local function finish(run, index, id, res, err, info)
  local opt, summary = run.opt, run.summary
  count(summary, index, id, res, err)
  summary.seconds = core.now() - run.started
  if err and not summary.stopped and (opt.stop_on or is_hopeless)(err) then
    summary.stopped = err
  end
  if opt.on_result then
    opt.on_result(index, res, err, info)
  end
  if opt.on_progress then
    opt.on_progress(summary.total, run.total, summary)
  end
end

-- Read the next item into `run.waiting`; one that is no good ends here.
local function read(run)
  local item = run.next_item()
  if item == nil then
    run.exhausted = true
    return
  end
  run.index = run.index + 1
  local index = run.index
  local id, fields, err = unpack_item(item, index)
  if not id then
    return finish(run, index, fields, nil, err)
  end
  local token
  token, err = call.ask_token(run.state, run.opt)
  if err then
    return finish(run, index, id, nil, err)
  end
  run.waiting = { index = index, id = id, fields = fields, token = token, logged = 0, call = false, tag = 0 }
end

local function forget(run, item)
  wait.forget(item.tag)
  run.running[item.tag] = nil
  run.n_running = run.n_running - 1
end

local function start(run, item)
  local opt, state = run.opt, run.state
  local running, err = call.guarded(pcall(call.prepare, state, item.id, item.fields, item.token,
    opt.timeout or state.timeout, opt))
  if not running then
    return finish(run, item.index, item.id, nil, err)
  elseif core.settled(running) then
    return finish(run, item.index, item.id, call.guarded(pcall(call.result, running)))
  end
  item.fields, item.token = nil, nil
  item.call, item.tag = running, wait.expect(run.inbox)
  run.running[item.tag] = item
  run.n_running = run.n_running + 1
  core.tag(running, item.tag)
  local ok, why = state.way.send(state, run.inbox, running)
  if not ok then
    forget(run, item)
    core.drop(running)
    finish(run, item.index, item.id, nil, errors.refused(why))
  end
end

-- Start what may leave now. Returns the seconds until the next one may, as far
-- as that is known.
local function fill(run)
  while run.n_running < run.concurrency and not core.is_closed(run.state.handle) do
    if not run.waiting and not run.exhausted and not run.summary.stopped then
      read(run)
    end
    local item = run.waiting
    if item then
      local seconds = core.ready(run.state.handle, item.token)
      if seconds > 0 then
        return seconds
      end
      run.waiting = nil
      start(run, item)
    elseif run.exhausted or run.summary.stopped then
      break
    end
  end
  return math.huge
end

-- Something happened to this item's call.
local function hear(run, item)
  item.logged = call.report(run.state, item.call, item.id, item.logged)
  if core.settled(item.call) then
    forget(run, item)
    local ok, attempts, refused = core.tally(item.call)
    local summary = run.summary
    summary.retried = summary.retried + (attempts > 1 and 1 or 0)
    summary.rate_limited = summary.rate_limited + refused
    if ok and not run.opt.on_result then -- nobody will see the answer
      core.drop(item.call)
      return finish(run, item.index, item.id, true)
    end
    finish(run, item.index, item.id, call.guarded(pcall(call.result, item.call)))
  end
end

-- Begin no more: neither items that were not read yet, nor the one that waits.
local function end_early(run, err)
  run.exhausted = true
  run.summary.stopped = run.summary.stopped or err
  local item = run.waiting
  if item then
    run.waiting = nil
    finish(run, item.index, item.id, nil, err)
  end
end

local function drive(run)
  local state, way = run.state, run.state.way
  while true do
    if core.is_closed(state.handle) then -- by one of the run's functions
      end_early(run, errors.closed)
    elseif run.summary.stopped then
      end_early(run, errors.stopped)
    end
    local seconds = fill(run)
    if run.n_running > 0 then
      way.any(state, run.inbox, seconds)
    elseif run.waiting then
      way.idle(state, run.inbox, seconds)
    else
      return
    end
    for _, tag in ipairs(wait.news(run.inbox)) do
      local item = run.running[tag]
      if item then
        hear(run, item)
      end
    end
  end
end

local function new_summary()
  return { total = 0, succeeded = 0, failed = 0, retried = 0, rate_limited = 0, seconds = 0, failures = {} }
end

--- As `client:update_contacts`; the arguments are checked.
function bulk.run(state, items, opt)
  local next_item, total = reader(items)
  local summary = new_summary()
  local inbox, missing = state.way.inbox(state)
  if not inbox then
    summary.stopped = errors.refused(missing)
    return summary
  end
  local run = {
    state = state,
    opt = opt,
    next_item = next_item,
    total = total,
    concurrency = opt.concurrency or CONCURRENCY,
    index = 0,
    inbox = inbox,
    running = {}, -- items by the tags of their calls
    n_running = 0,
    started = core.now(),
    summary = summary,
  }
  local ok, why = pcall(drive, run)
  for tag, item in pairs(run.running) do -- there are some only after an error
    wait.forget(tag)
    core.drop(item.call)
  end
  state.way.close(run.inbox)
  if not ok then
    error(why, 0)
  end
  summary.seconds = core.now() - run.started
  return summary
end

return bulk
