--- How to wait: the one place that knows where this runs.
---
--- In a plain script, by stepping the client: nothing else is to be done
--- meanwhile.

local core = require "highlevel.core"

-- how long one wait may keep a script from noticing Ctrl-C
local STRETCH = 0.2

local wait = {}

--- Until this call is settled, or something else happened to it, or a moment
--- is over. True once it is settled.
function wait.call(state, running)
  return core.wait(state.handle, running, STRETCH)
end

--- Until something happened to one of the client's calls, or that many seconds
--- (or a moment) are over.
---@param seconds number
function wait.any(state, seconds)
  core.step(state.handle, math.min(seconds, STRETCH))
end

--- For that many seconds, or a moment, while no call runs.
---@param seconds number
function wait.idle(_, seconds)
  core.sleep(math.min(seconds, STRETCH))
end

return wait
