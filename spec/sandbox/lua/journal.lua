--- What the sandbox was asked: the last requests, and counts since the reset.

local journal = {}

local KEPT = 1000

local entries, first, total, per_contact, enabled

function journal.reset()
  entries, first, total, per_contact, enabled = {}, 1, 0, {}, true
end

journal.reset()

--- Note a request before it is answered, so that those that never are count.
function journal.record(contact_id, body)
  total = total + 1
  per_contact[contact_id] = (per_contact[contact_id] or 0) + 1
  if not enabled then
    return {}
  end
  local entry = {
    method = ngx.req.get_method(),
    uri = ngx.var.request_uri,
    id = contact_id,
    headers = ngx.req.get_headers(),
    body = body,
    http_version = ngx.req.http_version(),
    connection = tonumber(ngx.var.connection),
  }
  entries[total] = entry
  if total - first >= KEPT then
    entries[first] = nil
    first = first + 1
  end
  return entry
end

function journal.enable(on)
  enabled = on
end

function journal.list()
  local list = {}
  for i = first, total do
    list[#list + 1] = entries[i]
  end
  return list
end

function journal.count(contact_id)
  if contact_id then
    return per_contact[contact_id] or 0
  end
  return total
end

return journal
