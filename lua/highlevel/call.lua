--- One call, from its arguments to its result.
---
--- A client's state, as highlevel.lua keeps it, is a table: `handle`, `token`
--- (a function, or nil for the handle's own), `timeout`, `log`, `way` (of
--- waiting, see wait.lua) and `wait` (the user's own function for that).

local core = require "highlevel.core"
local errors = require "highlevel.errors"

local call = {}

--- What `pcall` returned, with Lua's own want of memory made an error value;
--- whatever else was raised goes on.
function call.guarded(ok, ...)
  if ok then
    return ...
  end
  if (...) == "not enough memory" then
    return nil, errors.memory
  end
  error((...), 0)
end

--- The token of a call, asked for once: text, or nil for the client's own.
---@return string? token
---@return highlevel.Error? err
function call.ask_token(state, opt)
  local token = opt.token or state.token
  if type(token) ~= "function" then
    return token
  end
  local given, message = token()
  if type(given) == "string" then
    if given:find("\0", 1, true) then -- C would take half of it
      return nil, errors.invalid("token", "holds a control character; give the token alone, in one line")
    end
    return given
  end
  return nil, errors.invalid("token", "the token function gave none: " .. tostring(message or type(given)))
end

--- Check it and print its body. It may be settled at once.
function call.prepare(state, id, fields, token, timeout, opt)
  return core.call(state.handle, id, fields, token, timeout, opt.strict, opt.retries)
end

--- Hand the attempts that ended after number `since` to the client's `log`.
--- Returns the number of the last one.
function call.report(state, running, id, since)
  if state.log then
    for _, attempt in ipairs(core.history(running, since)) do
      attempt.contact_id = id
      since = attempt.attempt
      state.log(attempt)
    end
  end
  return since
end

local function adopted(res, err, info)
  if res == nil then
    return nil, errors.adopt(err)
  end
  return res, nil, info
end

--- What came of a settled call; to be taken once.
function call.result(running)
  return adopted(core.result(running))
end

return call
