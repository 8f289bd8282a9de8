--- Error values: what `nil, err` carries.
---
--- An error is a table to branch on by its `kind`, and to print or concatenate
--- as one readable line. The fields are described in types.lua
--- (`highlevel.Error`).

local error_mt = { __name = "highlevel.error" }

function error_mt.__tostring(err)
  return err.kind .. ": " .. err.message
end

-- so that "could not update: " .. err works
function error_mt.__concat(a, b)
  return tostring(a) .. tostring(b)
end

local errors = {}

--- "a string", "nil", ...: for messages.
---@return string
function errors.a_type(value)
  return value == nil and "nil" or "a " .. type(value)
end

--- Give a table of facts from the core its behaviour.
---@param err table
---@return highlevel.Error
function errors.adopt(err)
  return setmetatable(err, error_mt)
end

--- A refusal of our own: nothing was sent.
---@param path string where
---@param text string what, and what to do
---@return highlevel.Error
function errors.invalid(path, text)
  local message = path .. ": " .. text
  return errors.adopt({
    kind = "invalid",
    path = path,
    message = message,
    messages = { message },
    attempts = 0,
    seconds = 0,
    rate_limit = {},
    retryable = false,
  })
end

--- Made now, as there will be no memory to make it when it is needed.
---@type highlevel.Error
errors.memory = errors.adopt({
  kind = "memory",
  message = "out of memory; nothing more is known of this call",
  messages = {},
  rate_limit = {},
  retryable = true,
})

--- Of an update that was not begun.
---@type highlevel.Error
errors.closed = errors.adopt({
  kind = "cancelled",
  message = "the client was closed before this call began; nothing was sent",
  messages = {},
  rate_limit = {},
  attempts = 0,
  retryable = false,
})

--- Of an update that was not begun, as its run was stopped.
---@type highlevel.Error
errors.stopped = errors.adopt({
  kind = "cancelled",
  message = "the run was stopped before this call began; nothing was sent",
  messages = {},
  rate_limit = {},
  attempts = 0,
  retryable = true,
})

--- For want of something of the host's: nothing was sent.
---@param text string what, and why
---@return highlevel.Error
function errors.refused(text)
  return errors.adopt({
    kind = "cancelled",
    message = text .. "; nothing was sent",
    messages = {},
    rate_limit = {},
    attempts = 0,
    seconds = 0,
    retryable = true,
  })
end

return errors
