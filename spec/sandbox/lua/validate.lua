--- Is this body what the API takes? Violations in the words of the real one
--- (those of class-validator), all at once.

local countries = require "countries"
local json = require "json"

local validate = {}

local null = json.null

local nullable_texts = {
  "firstName", "lastName", "name", "email", "phone", "address1", "city", "state",
  "website", "timezone", "source", "assignedTo",
}

local channels = {
  ["2021-07-28"] = { Call = true, Email = true, SMS = true, WhatsApp = true, GMB = true, FB = true },
  v3 = { call = true, email = true, sms = true, whatsApp = true, gmb = true, fb = true },
}

local known = {
  postalCode = true, dnd = true, dndSettings = true, inboundDndSettings = true,
  tags = true, customFields = true, dateOfBirth = true, country = true,
}
for _, name in ipairs(nullable_texts) do
  known[name] = true
end

local function is_list(value)
  return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil
end

local function check_status(out, where, setting, statuses)
  if not is_object(setting) then
    out(where .. " must be an object")
    return
  end
  local good = false
  for status in statuses:gmatch("%a+") do
    good = good or setting.status == status
  end
  if not good then
    out(where .. ".status must be one of the following values: " .. statuses)
  end
  for name, value in pairs(setting) do
    if name ~= "status" and name ~= "message" and name ~= "code" then
      out(where .. ".property " .. name .. " should not exist")
    elseif type(value) ~= "string" then
      out(where .. "." .. name .. " must be a string")
    end
  end
end

local function check_dnd(out, body, version)
  if body.dndSettings ~= nil then
    if not is_object(body.dndSettings) then
      out("dndSettings must be an object")
    else
      for name, setting in pairs(body.dndSettings) do
        if channels[version][name] then
          check_status(out, "dndSettings." .. name, setting, "active, inactive, permanent")
        else
          out("dndSettings.property " .. name .. " should not exist")
        end
      end
    end
  end
  local inbound = body.inboundDndSettings
  if inbound ~= nil then
    if not is_object(inbound) then
      out("inboundDndSettings must be an object")
      return
    end
    for name, setting in pairs(inbound) do
      if name == "all" then
        check_status(out, "inboundDndSettings.all", setting, "active, inactive")
      else
        out("inboundDndSettings.property " .. name .. " should not exist")
      end
    end
  end
end

local function check_lists(out, body)
  if body.tags ~= nil then
    if not is_list(body.tags) then
      out("tags must be an array")
    else
      for _, tag in ipairs(body.tags) do
        if type(tag) ~= "string" then
          out("each value in tags must be a string")
          break
        end
      end
    end
  end
  if body.customFields ~= nil and not is_list(body.customFields) then
    out("customFields must be an array")
  end
  for i, entry in ipairs(is_list(body.customFields) and body.customFields or {}) do
    local where = "customFields." .. (i - 1)
    if not is_object(entry) then
      out(where .. " must be an object")
    else
      if type(entry.id) ~= "string" and type(entry.key) ~= "string" then
        out(where .. ".id must be a string")
      end
      for name in pairs(entry) do
        if name ~= "id" and name ~= "key" and name ~= "field_value" and name ~= "fieldValue" then
          out(where .. ".property " .. name .. " should not exist")
        end
      end
    end
  end
end

local function is_date(text)
  return text:find("^%d%d%d%d([/._-])%d%d%1%d%d$") or text:find("^%d%d([/._-])%d%d%1%d%d%d%d$")
end

--- Every violation, as the 422 lists them; empty if there is none.
function validate.violations(body, version)
  local list = {}
  local function out(text)
    list[#list + 1] = text
  end
  for name in pairs(body) do
    if not known[name] then
      out("property " .. tostring(name) .. " should not exist")
    end
  end
  for _, name in ipairs(nullable_texts) do
    if body[name] ~= nil and body[name] ~= null and type(body[name]) ~= "string" then
      out(name .. " must be a string")
    end
  end
  if body.email ~= nil and body.email ~= null and not tostring(body.email):find("^[^@%s]+@[^@%s]+$") then
    out("email must be an email")
  end
  if body.phone == "" then
    out("phone must be a valid phone number")
  end
  if body.postalCode ~= nil and type(body.postalCode) ~= "string" then
    out("postalCode must be a string")
  end
  if body.dnd ~= nil and type(body.dnd) ~= "boolean" then
    out("dnd must be a boolean value")
  end
  if body.country ~= nil and not countries[body.country] then
    out("country must be a valid enum value")
  end
  if body.dateOfBirth ~= nil and body.dateOfBirth ~= null
    and not (type(body.dateOfBirth) == "string" and is_date(body.dateOfBirth)) then
    out("dateOfBirth must be a valid date")
  end
  check_dnd(out, body, version)
  check_lists(out, body)
  return list
end

--- The 400 about a custom field's value, or nil.
function validate.bad_custom_value(body)
  for _, entry in ipairs(body.customFields or {}) do
    local value = entry.field_value
    if value == nil then
      value = entry.fieldValue
    end
    if type(value) == "boolean" or (type(value) == "table" and value.currency and value.value) then
      return ('Invalid Custom Field Value "%s" for "%s"'):format(
        json.encode_any(value), entry.id or entry.key)
    end
  end
end

return validate
