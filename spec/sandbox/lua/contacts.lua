--- The contacts the sandbox keeps, and what an update does to one.

local json = require "json"

local contacts = {}

local KEPT = 20000 -- the oldest goes when there are more

local store, order

function contacts.reset()
  store, order = {}, { first = 1, last = 0 }
end

contacts.reset()

local function keep(id, contact)
  if not store[id] then
    order.last = order.last + 1
    order[order.last] = id
    if order.last - order.first >= KEPT then
      store[order[order.first]] = nil
      order[order.first] = nil
      order.first = order.first + 1
    end
  end
  store[id] = contact
  return contact
end

--- One that is there, or comes into being on demand; nil for strangers.
function contacts.find(id)
  local always = id == "ocQHyuzHvysMo5N5VsXc" or id:find("^contact%-.") or id:find("^fault%-.")
  if store[id] or not always then
    return store[id]
  end
  return keep(id, {
    id = id,
    locationId = "ve9EPM428h8vShlRW1KT",
    dateAdded = "2021-07-02T05:18:26.704Z",
    type = "lead",
    dnd = false,
    tags = {},
    customFields = {},
  })
end

function contacts.put(id, contact)
  contact.id = id
  keep(id, contact)
end

local function merge_custom(old, new)
  local by_id = {}
  for i, entry in ipairs(old) do
    by_id[entry.id] = i
  end
  for _, entry in ipairs(new) do
    local id = entry.id or entry.key
    local value = entry.field_value
    if value == nil then
      value = entry.fieldValue
    end
    by_id[id] = by_id[id] or #old + 1
    old[by_id[id]] = { id = id, value = value }
  end
  return old
end

local function iso_date(text)
  local m, d, y = text:match("^(%d%d)%D(%d%d)%D(%d%d%d%d)$")
  if m then
    return y .. "-" .. m .. "-" .. d
  end
  return (text:gsub("[/._]", "-"))
end

local change = {
  customFields = function(contact, value)
    return merge_custom(contact.customFields or {}, value)
  end,
  tags = function(_, value)
    for i, tag in ipairs(value) do
      value[i] = tag:lower()
    end
    return value
  end,
  phone = function(_, value)
    return (value:gsub("[%s()-]", ""))
  end,
  dateOfBirth = function(_, value)
    return iso_date(value)
  end,
}

--- Apply a body that was found good.
function contacts.update(contact, body)
  for name, value in pairs(body) do
    if value == json.null then
      contact[name] = nil
    elseif change[name] then
      contact[name] = change[name](contact, value)
    else
      contact[name] = value
    end
  end
  contact.dateUpdated = os.date("!%Y-%m-%dT%H:%M:%S.000Z")
end

function contacts.encode(contact)
  return json.encode(contact, { tags = true, customFields = true })
end

return contacts
