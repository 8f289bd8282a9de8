--- The contacts the sandbox keeps, and what an update does to one.

local json = require "json"

local contacts = {}

local KEPT = 20000 -- the oldest goes when there are more
local null = json.null

-- `store[id]` is a contact, or false for one that was deleted. `order` is the
-- queue of ids, `first` to `last`.
local store, order, first, last

function contacts.reset()
  store, order, first, last = {}, {}, 1, 0
end

contacts.reset()

local function keep(id, contact)
  if store[id] == nil then
    last = last + 1
    order[last] = id
    if last - first >= KEPT then
      store[order[first]] = nil
      order[first] = nil
      first = first + 1
    end
  end
  store[id] = contact
  return contact
end

local function now()
  local time = ngx.now()
  return os.date("!%Y-%m-%dT%H:%M:%S", time) .. (".%03dZ"):format(time * 1000 % 1000)
end

-- one as it is before anybody touched it
local function new(id)
  return {
    id = id,
    locationId = "ve9EPM428h8vShlRW1KT",
    type = "lead",
    country = "US",
    dnd = false,
    dndSettings = {},
    tags = json.list({}),
    customFields = json.list({}),
    attachments = json.list({}),
    dateAdded = "2021-07-02T05:18:26.704Z",
    dateUpdated = "2021-07-02T05:18:26.704Z",
  }
end

--- One that is there, or comes into being on demand; nil for strangers.
function contacts.find(id)
  local contact = store[id]
  if contact ~= nil then
    return contact or nil
  end
  if id == "ocQHyuzHvysMo5N5VsXc" or id:find("^contact%-.") or id:find("^fault%-.") then
    return keep(id, new(id))
  end
end

--- Create one, or replace it whole.
function contacts.put(id, given)
  local contact = new(id)
  for name, value in pairs(given) do
    contact[name] = value
  end
  contact.id = id
  keep(id, contact)
end

function contacts.remove(id)
  keep(id, false)
end

-- ------------------------------------------------------------------- updating

--- The fields of a body whose stored form differs from the one that was sent.
local stored = {}

-- A key with `contact.` before it and without are one field.
local function custom_id(entry)
  return entry.id or entry.key:gsub("^contact%.", "")
end

--- What an entry of customFields sets, under either name; nil if nothing.
function contacts.custom_value(entry)
  if entry.fieldValue ~= nil then
    return entry.fieldValue
  end
  return entry.field_value
end

-- by id; what is not mentioned stays, null takes an entry away
function stored.customFields(new_list, old_list)
  local values, ids = {}, {}
  local function set(id, value)
    if values[id] == nil then
      ids[#ids + 1] = id
    end
    values[id] = value
  end
  for _, entry in ipairs(old_list or {}) do
    set(entry.id, entry.value)
  end
  for _, entry in ipairs(new_list) do
    local value = contacts.custom_value(entry)
    if value ~= nil then
      set(custom_id(entry), value)
    end
  end
  local list = json.list({})
  for _, id in ipairs(ids) do
    if values[id] ~= null then
      list[#list + 1] = { id = id, value = values[id] }
    end
  end
  return list
end

function stored.tags(new_list)
  local list = json.list({})
  for i, tag in ipairs(new_list) do
    list[i] = tag:lower()
  end
  return list
end

-- E.164; a number without a country is taken for one of the US
function stored.phone(text)
  local digits = text:gsub("[%s().-]", "")
  if digits:find("^%d%d%d%d%d%d%d%d%d%d$") then
    return "+1" .. digits
  elseif digits:find("^1%d%d%d%d%d%d%d%d%d%d$") then
    return "+" .. digits
  end
  return digits
end

function stored.dateOfBirth(text)
  local month, day, year = text:match("^(%d%d)%D(%d%d)%D(%d%d%d%d)$")
  if month then
    return ("%s-%s-%s"):format(year, month, day)
  end
  return (text:gsub("%D", "-"))
end

--- The two spellings of a channel, by API version; kept in the older one.
contacts.channels = {
  ["2021-07-28"] = {
    Call = "Call", Email = "Email", SMS = "SMS", WhatsApp = "WhatsApp", GMB = "GMB", FB = "FB",
  },
  v3 = {
    call = "Call", email = "Email", sms = "SMS", whatsApp = "WhatsApp", gmb = "GMB", fb = "FB",
  },
}

-- channel by channel; those that are not mentioned stay
function stored.dndSettings(given, old, version)
  local settings = {}
  for name, setting in pairs(old or {}) do
    settings[name] = setting
  end
  for name, setting in pairs(given) do
    settings[contacts.channels[version][name]] = setting
  end
  return settings
end

--- What is stored for a value of a body that was found good.
function contacts.stored(name, value, old, version)
  if stored[name] and value ~= null then
    return stored[name](value, old, version)
  end
  return value
end

-- the copies that the server derives
local function derive(contact, body)
  if (body.firstName or body.lastName) and not body.name then
    local name = ("%s %s"):format(contact.firstName or "", contact.lastName or "")
    name = name:match("^%s*(.-)%s*$")
    contact.name = name ~= "" and name or nil
  end
  for from, to in pairs({
    firstName = "firstNameLowerCase", lastName = "lastNameLowerCase",
    name = "fullNameLowerCase", email = "emailLowerCase",
  }) do
    contact[to] = contact[from] and contact[from]:lower()
  end
end

--- Apply a body that was found good.
function contacts.update(contact, body, version)
  for name, value in pairs(body) do
    value = contacts.stored(name, value, contact[name], version)
    if value == null then
      contact[name] = nil
    else
      contact[name] = value
    end
  end
  derive(contact, body)
  contact.dateUpdated = now()
end

function contacts.add_tags(contact, tags)
  local has, list = {}, json.list({})
  for _, given in ipairs({ contact.tags or {}, stored.tags(tags) }) do
    for _, tag in ipairs(given) do
      if not has[tag] then
        has[tag] = true
        list[#list + 1] = tag
      end
    end
  end
  contact.tags = list
end

function contacts.remove_tags(contact, tags)
  local gone, list = {}, json.list({})
  for _, tag in ipairs(stored.tags(tags)) do
    gone[tag] = true
  end
  for _, tag in ipairs(contact.tags or {}) do
    if not gone[tag] then
      list[#list + 1] = tag
    end
  end
  contact.tags = list
end

-- -------------------------------------------------------------------- reading

-- as the API document lists them; the rest goes behind
local ORDER = {
  "id", "name", "locationId", "firstName", "lastName", "email", "emailLowerCase", "timezone",
  "companyName", "phone", "dnd", "dndSettings", "type", "source", "assignedTo", "address1",
  "city", "state", "country", "postalCode", "website", "tags", "dateOfBirth", "dateAdded",
  "dateUpdated", "attachments",
}

--- A contact's JSON as the API gives it: channels in the version's spelling,
--- and no inboundDndSettings, which can be written but are never read.
function contacts.encode(contact, version)
  local shown = {}
  for name, value in pairs(contact) do
    shown[name] = value
  end
  shown.inboundDndSettings = nil
  if version == "v3" and contact.dndSettings then
    shown.dndSettings = {}
    for new_name, name in pairs(contacts.channels.v3) do
      shown.dndSettings[new_name] = contact.dndSettings[name]
    end
  end
  return json.encode(shown, ORDER)
end

--- All that is kept of one.
function contacts.dump(contact)
  return json.encode(contact, ORDER)
end

return contacts
