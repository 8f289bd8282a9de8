--- One update that nobody waits for: `client:update_contact_later`, for nginx.

local call = require "highlevel.call"
local core = require "highlevel.core"
local errors = require "highlevel.errors"

local later = {}

-- Tell what came of it: the callback, or else the error log.
local function conclude(id, callback, res, err, info)
  if callback then
    callback(res, err, info)
  elseif err then
    ngx.log(ngx.ERR, "highlevel: contact ", id, " was not updated: ", tostring(err))
  end
end

-- Step the client to the call's end: nobody is served in these phases.
local function block(state, running)
  core.start(running)
  while not core.wait(state.handle, running, 1) do end
end

local function post(state, id, running, callback)
  local function done()
    call.report(state, running, id, 0)
    conclude(id, callback, call.guarded(pcall(call.result, running)))
  end
  if state.way.is_alone() then
    block(state, running)
    done()
    return true
  end
  local ok, why = state.way.later(running, id, done)
  if not ok then
    core.drop(running)
    return nil, errors.refused(why)
  end
  return true
end

-- true, or nil and why it is not on its way
local function begin(state, id, fields, opt, callback)
  local token, err = call.ask_token(state, opt)
  if err then
    return nil, err
  end
  local running = call.prepare(state, id, fields, token, opt.timeout or state.timeout, opt)
  if core.settled(running) then
    return nil, select(2, call.result(running))
  end
  return post(state, id, running, callback)
end

--- The arguments are checked.
function later.run(state, id, fields, opt, callback)
  if type(opt.token or state.token) ~= "function" or state.way.is_alone() then
    return begin(state, id, fields, opt, callback)
  end
  local unheard, asked = state.way.unheard, { id = id }
  local ok, why = ngx.timer.at(0, function()
    local fine, begun, err = pcall(begin, state, id, fields, opt, callback)
    unheard[asked] = nil
    begun, err = call.guarded(fine, begun, err)
    if not begun then
      conclude(id, callback, nil, err)
    end
  end)
  if not ok then
    return nil, errors.refused("no timer to ask for its token in: " .. tostring(why))
  end
  unheard[asked] = asked
  return true
end

return later
