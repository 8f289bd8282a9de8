--- Misbehaviour on request: `fault-NAME` or `fault-NAME-ARG` as the contact id,
--- or NAME-ARG in the header X-Sandbox-Fault. What follows a dot is not looked
--- at, so that two tests can have the same fault and not share its counter.
--- README.md has the list.

local pages = require "pages"
local reply = require "reply"
local wire = require "wire"

local faults = {}

local MAX_COUNTERS = 100000

local seen, counters -- how often each seq-... was asked for

function faults.reset()
  seen, counters = {}, 0
end

faults.reset()

local act

local function count(key)
  if not seen[key] then
    if counters >= MAX_COUNTERS then
      faults.reset()
    end
    counters = counters + 1
  end
  seen[key] = (seen[key] or 0) + 1
  return seen[key]
end

-- seq-503-reset-retry_2: the first request gets a 503, the second a reset, the
-- third a 429 with Retry-After: 2, and all that follow are served.
local function sequence(request, arg, name)
  local nth = count(("%s %s %s"):format(request.id, request.headers.authorization, name))
  local i = 0
  for step in arg:gmatch("[^-]+") do
    i = i + 1
    if i == nth and step ~= "200" and step ~= "ok" then
      local code = step:match("^%d+$")
      return act(request, code and "status-" .. code or step:gsub("_", "-"))
    end
  end
  return request.send(request.normal())
end

local function status_of(text)
  local code = tonumber(text)
  return code and code >= 200 and code <= 599 and code or 500
end

function act(request, name)
  local first, arg = name:match("^(%w+)%-?(.*)$")
  if first == "seq" then
    return sequence(request, arg, name)
  elseif first == "status" then
    return request.send(pages.status(status_of(arg)))
  elseif first and wire.get(first) then
    return wire.get(first)(request, arg)
  end
  local answer = first and pages.get(first, arg, request)
  return request.send(answer or reply.message(404, "the sandbox knows no fault " .. name))
end

function faults.act(request, name)
  return act(request, (tostring(name):gsub("%..*$", "")))
end

return faults
