--- What the sandbox was asked: the last requests, and counts since the reset.

local journal = {}

local KEPT = 1000
local MAX_IDS = 1000000 -- more than that and the counts start again

local entries, noted, total, enabled
local per_contact, ids
local in_flight, peak, era = 0, 0, 0
local connections, connected

function journal.reset()
  entries, noted, total, enabled = {}, 0, 0, true
  per_contact, ids = {}, 0
  in_flight, peak, era = 0, 0, era + 1 -- what is under way now is of the past
  connections, connected = {}, 0
end

journal.reset()

local function count_contact(id)
  local n = per_contact[id]
  if not n then
    if ids >= MAX_IDS then
      per_contact, ids = {}, 0
    end
    n, ids = 0, ids + 1
  end
  per_contact[id] = n + 1
end

local function count_connection(number)
  if not connections[number] then
    connections[number] = true
    connected = connected + 1
  end
end

--- Note a request before it is answered, so that those that never are count.
--- Returns the entry, and what `leave` wants.
function journal.enter(contact_id, headers, body)
  local connection = tonumber(ngx.var.connection)
  total = total + 1
  in_flight = in_flight + 1
  peak = math.max(peak, in_flight)
  count_contact(contact_id)
  count_connection(connection)
  if not enabled then
    return {}, era
  end
  local uri = ngx.var.request_uri
  local entry = {
    method = ngx.req.get_method(),
    path = uri:match("^[^?]*"),
    uri = uri,
    id = contact_id,
    headers = headers,
    body = body,
    http_version = ngx.req.http_version(),
    connection = connection,
    time = ngx.now(),
  }
  entries[noted % KEPT + 1] = entry -- a ring
  noted = noted + 1
  return entry, era
end

--- The request is over, in whatever way.
function journal.leave(entered)
  if entered == era then
    in_flight = in_flight - 1
  end
end

function journal.enable(on)
  enabled = on
end

--- Oldest first.
function journal.list()
  local list = {}
  for i = math.max(noted - KEPT, 0), noted - 1 do
    list[#list + 1] = entries[i % KEPT + 1]
  end
  return list
end

function journal.count(contact_id)
  return per_contact[contact_id] or 0
end

function journal.stats()
  return { requests = total, in_flight = in_flight, peak = peak, connections = connected }
end

return journal
