--- Is this body what the API takes? Violations in the words of the real one
--- (those of class-validator), all at once.

local contacts = require "contacts"
local countries = require "countries"
local json = require "json"

local validate = {}

local null = json.null
local is_list, is_object = json.is_list, json.is_object

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

-- ------------------------------------------------------------------ one field

local function is_email(text)
  local name, host = text:match("^([^%s@]+)@([%w.-]+%.%w[%w-]+)$")
  return name and not (name:find("^%.") or name:find("%.$") or text:find("..", 1, true)
    or host:find("^[.-]") or host:find("%-%.") or host:find("%.%-"))
end

local function days_in(month, year)
  if month == 2 then
    return (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)) and 29 or 28
  end
  return (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
end

-- eight written forms: year first or month first, four separators
local function is_date(text)
  local year, _, month, day = text:match("^(%d%d%d%d)([/._-])(%d%d)%2(%d%d)$")
  if not year then
    month, _, day, year = text:match("^(%d%d)([/._-])(%d%d)%2(%d%d%d%d)$")
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  return year and month >= 1 and month <= 12 and day >= 1 and day <= days_in(month, year)
end

local function text(out, name, value)
  if type(value) ~= "string" then
    out(name .. " must be a string")
    return false
  end
  return true
end

local checks = {}

for _, name in ipairs({
  "firstName", "lastName", "name", "address1", "city", "state", "postalCode",
  "website", "timezone", "source", "assignedTo",
}) do
  checks[name] = function(out, value)
    text(out, name, value)
  end
end

function checks.email(out, value)
  if not (type(value) == "string" and is_email(value)) then
    out("email must be an email")
  end
  text(out, "email", value)
end

function checks.phone(out, value)
  if text(out, "phone", value) and not value:find("%d") then
    out("phone must be a valid phone number")
  end
end

function checks.country(out, value)
  if text(out, "country", value) and not countries[value] then
    out("country must be a valid enum value")
  end
end

function checks.dateOfBirth(out, value)
  if not (type(value) == "string" and is_date(value)) then
    out("dateOfBirth must be a valid date")
  end
end

function checks.dnd(out, value)
  if type(value) ~= "boolean" then
    out("dnd must be a boolean value")
  end
end

-- -------------------------------------------------------------- do not disturb

local function check_setting(out, where, setting, statuses, extra)
  if not is_object(setting) then
    out(where .. " must be an object")
    return
  end
  for _, name in ipairs(sorted_keys(setting)) do
    if name ~= "status" and not extra[name] then
      out(where .. ".property " .. name .. " should not exist")
    end
  end
  if not statuses[setting.status] then
    out(where .. ".status must be one of the following values: " .. table.concat(statuses, ", "))
  end
  for _, name in ipairs(sorted_keys(extra)) do
    if setting[name] ~= nil then
      text(out, where .. "." .. name, setting[name])
    end
  end
end

local function set(...)
  local names = { ... }
  for _, name in ipairs({ ... }) do
    names[name] = true
  end
  return names
end

local outbound, inbound = set("active", "inactive", "permanent"), set("active", "inactive")

local function check_settings(out, field, value, known, statuses, extra)
  if not is_object(value) then
    out(field .. " must be an object")
    return
  end
  for _, name in ipairs(sorted_keys(value)) do
    if known[name] then
      check_setting(out, field .. "." .. name, value[name], statuses, extra)
    else
      out(field .. ".property " .. name .. " should not exist")
    end
  end
end

function checks.dndSettings(out, value, version)
  check_settings(out, "dndSettings", value, contacts.channels[version], outbound,
    { message = true, code = true })
end

function checks.inboundDndSettings(out, value)
  check_settings(out, "inboundDndSettings", value, { all = true }, inbound, { message = true })
end

-- ----------------------------------------------------------------------- lists

function checks.tags(out, value)
  if not is_list(value) then
    out("each value in tags must be a string")
    out("tags must be an array")
    return
  end
  for _, tag in ipairs(value) do
    if type(tag) ~= "string" then
      out("each value in tags must be a string")
      return
    end
  end
end

local entry_keys = set("id", "key", "field_value", "fieldValue")

local function check_entry(out, where, entry)
  if not is_object(entry) then
    out(where .. " must be an object")
    return
  end
  for _, name in ipairs(sorted_keys(entry)) do
    if not entry_keys[name] then
      out(where .. ".property " .. name .. " should not exist")
    end
  end
  for _, name in ipairs({ "id", "key" }) do
    if entry[name] ~= nil then
      text(out, where .. "." .. name, entry[name])
    end
  end
  if (entry.id == nil or entry.id == "") and (entry.key == nil or entry.key == "") then
    out(where .. ".id should not be empty")
  end
end

function checks.customFields(out, value)
  if not is_list(value) then
    out("customFields must be an array")
    return
  end
  for i, entry in ipairs(value) do
    check_entry(out, "customFields." .. (i - 1), entry)
  end
end

-- ------------------------------------------------------------------ the whole

-- the order in which fields are complained about
local fields = {
  "firstName", "lastName", "name", "email", "phone", "address1", "city", "state", "postalCode",
  "website", "timezone", "dnd", "dndSettings", "inboundDndSettings", "tags", "customFields",
  "source", "dateOfBirth", "country", "assignedTo",
}

local not_nullable = set("postalCode", "dnd", "dndSettings", "inboundDndSettings", "tags",
  "customFields", "country")

--- Every violation, as the 422 lists them; empty if there is none.
function validate.violations(body, version)
  local list = json.list({})
  local function out(violation)
    list[#list + 1] = violation
  end
  for _, name in ipairs(sorted_keys(body)) do
    if not checks[name] then
      out("property " .. name .. " should not exist")
    end
  end
  for _, name in ipairs(fields) do
    local value = body[name]
    if value ~= nil and (value ~= null or not_nullable[name]) then
      checks[name](out, value, version)
    end
  end
  return list
end

--- The body of the two calls that add and remove tags.
function validate.tag_violations(body)
  local list = json.list({})
  local function out(violation)
    list[#list + 1] = violation
  end
  for _, name in ipairs(sorted_keys(body)) do
    if name ~= "tags" then
      out("property " .. name .. " should not exist")
    end
  end
  checks.tags(out, body.tags)
  return list
end

--- The 400 about a custom field's value, or nil. A checkbox takes a list of
--- texts, and money a bare number.
function validate.bad_custom_value(body)
  for _, entry in ipairs(body.customFields or {}) do
    local value = contacts.custom_value(entry)
    if type(value) == "boolean"
      or (is_object(value) and value.currency ~= nil and value.value ~= nil) then
      return ('Invalid Custom Field Value "%s" for "%s"'):format(
        json.encode(value), entry.id or entry.key)
    end
  end
end

return validate
