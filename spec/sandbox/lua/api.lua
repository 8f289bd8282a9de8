--- The API itself: /contacts/:id, in the real one's order of checks.

local contacts = require "contacts"
local faults = require "faults"
local journal = require "journal"
local json = require "json"
local limits = require "limits"
local reply = require "reply"
local token = require "token"
local validate = require "validate"

local api = {}

-- ------------------------------------------------------------------ the checks

local function check_version(version)
  if not version then
    return reply.refusal(401, "version header was not found.")
  elseif version == "2021-07-28" or version == "v3" then
    return nil
  elseif type(version) ~= "string" or not version:find("^[%d-]+$") then
    if type(version) == "table" then
      version = table.concat(version, ", ")
    end
    return reply.refusal(400, ("Invalid API version segment '%s' at position 0"):format(version))
  end
  return reply.refusal(401, "version header is invalid")
end

local function check_limit(bearer)
  if not limits.admit(bearer) then
    return reply.refusal(429, "Too Many Requests")
  end
end

-- the body, or nil and an answer
local function parse(request)
  local content_type = request.headers["content-type"]
  if not tostring(content_type):lower():find("^application/json") then
    return nil, reply.message(415, "Content-Type must be application/json")
  end
  local body, message = json.decode(request.body or "")
  if not json.is_object(body) then
    return nil, reply.message(400, message or "Unexpected token in JSON at position 0")
  end
  return body
end

local function unprocessable(violations)
  return reply.json(422, json.encode(
    { message = violations, error = "Unprocessable Entity", statusCode = 422 },
    { "message", "error", "statusCode" }))
end

local function not_found(id)
  return reply.message(400, "Contact not found for id:" .. id)
end

local taken = { { "email", "taken@example.com" }, { "phone", "+15550001111" } }

-- another contact has this email or phone
local function check_duplicate(body, version)
  for _, row in ipairs(taken) do
    local name, other = row[1], row[2]
    local value = body[name] and contacts.stored(name, body[name], nil, version)
    if type(value) == "string" and value:lower() == other then
      return reply.json(400, json.encode({
        statusCode = 400,
        message = "This location does not allow duplicated contacts.",
        meta = { contactId = "AnotherContactsIdHere", matchingField = name },
      }, { "statusCode", "message", "meta" }))
    end
  end
end

-- ------------------------------------------------------------------- the calls

local calls = {}

calls["GET"] = function(request)
  local contact = contacts.find(request.id)
  if not contact then
    return not_found(request.id)
  end
  return reply.json(200, '{"contact":' .. contacts.encode(contact, request.version) .. "}")
end

calls["PUT"] = function(request)
  local version = request.version
  local body, refusal = parse(request)
  if not body then
    return refusal
  end
  local violations = validate.violations(body, version)
  if #violations > 0 then
    return unprocessable(violations)
  end
  local bad = validate.bad_custom_value(body)
  if bad then
    return reply.message(400, bad)
  end
  local contact = contacts.find(request.id)
  refusal = contact and check_duplicate(body, version)
  if not contact or refusal then
    return refusal or not_found(request.id)
  end
  contacts.update(contact, body, version)
  return reply.json(200, ('{"%s":true,"contact":%s}'):format(
    version == "v3" and "succeeded" or "succeded", contacts.encode(contact, version)))
end

local function change_tags(change, status)
  return function(request)
    local body, refusal = parse(request)
    if not body then
      return refusal
    end
    local violations = validate.tag_violations(body)
    if #violations > 0 then
      return unprocessable(violations)
    end
    local contact = contacts.find(request.id)
    if not contact then
      return not_found(request.id)
    end
    change(contact, body.tags)
    return reply.json(status, json.encode({ tags = contact.tags }))
  end
end

calls["POST tags"] = change_tags(contacts.add_tags, 201)
calls["DELETE tags"] = change_tags(contacts.remove_tags, 200)

-- ------------------------------------------------------------------ one request

-- Id and what is behind it, from the path as it was sent: nginx's own idea of
-- it has lost which slashes were escaped.
local function route(uri)
  local path = uri:match("^[^?#]*"):gsub("^https?://[^/]*", "")
  local id, rest = path:match("^/contacts/([^/]+)/?(.-)/?$")
  id = (id or ""):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  return id, rest or "", path
end

local function body_of_request()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local file = not body and ngx.req.get_body_file()
  if file then
    local input = assert(io.open(file, "rb"))
    body = input:read("*a")
    input:close()
  end
  return body
end

-- The answer to a request that nothing is done to.
local function answer_to(request)
  local name = request.rest == "" and request.method or request.method .. " " .. request.rest
  local call = request.id ~= "" and calls[name]
  if not call then
    return reply.message(404, ("Cannot %s %s"):format(request.method, request.path))
  end
  return check_version(request.version)
    or token.refusal(request.token)
    or (not request.counted and check_limit(request.token))
    or call(request)
end

-- Faults do not look at headers, yet what they answer counts like all the rest.
local function misbehave(request, name)
  local refusal = request.token and not token.refusal(request.token) and check_limit(request.token)
  request.counted = true
  if refusal then
    return request.send(refusal)
  end
  request.normal = function()
    return answer_to(request)
  end
  return faults.act(request, name)
end

function api.handle()
  local id, rest, path = route(ngx.var.request_uri)
  local headers = ngx.req.get_headers(0)
  local body = body_of_request()
  local entry, entered = journal.enter(id, headers, body)
  ngx.ctx.entered = entered
  local request = {
    id = id,
    rest = rest,
    path = path,
    method = ngx.req.get_method(),
    headers = headers,
    version = headers.version,
    token = token.of(headers.authorization),
    body = body,
    entry = entry,
  }
  function request.send(answer)
    entry.status = answer.status
    return reply.send(answer)
  end
  local fault = headers["x-sandbox-fault"] or id:match("^fault%-(.+)$")
  if fault then
    return misbehave(request, fault)
  end
  return request.send(answer_to(request))
end

--- The request is over, answered or not.
function api.leave()
  journal.leave(ngx.ctx.entered)
end

return api
