--- The API itself: PUT and GET /contacts/:id, in the real one's order of checks.

local contacts = require "contacts"
local faults = require "faults"
local journal = require "journal"
local json = require "json"
local limits = require "limits"
local reply = require "reply"
local validate = require "validate"

local api = {}

-- how a token begins, and what is said to it
local refused_tokens = {
  { "^expired", 401, "Invalid JWT" },
  { "^revoked", 401, "Invalid Private Integration token" },
  { "^noscope", 401, "The token is not authorized for this scope." },
  { "^usertype", 401, "Token's user type mismatch!" },
  { "^authclass", 401, "This authClass type is not allowed to access this scope. "
    .. "Please verify your IAM configuration if this is not the case." },
  { "^notaccessible", 401, "This location is not accessible from this token!" },
  { "^otherlocation", 403, "The token does not have access to this location." },
}

local function check_version(version)
  if not version then
    return reply.message(401, "version header was not found.")
  end
  if version:find("[^%w.-]") then
    return reply.message(400, ("Invalid API version segment '%s' at position 0"):format(version))
  end
  if version ~= "2021-07-28" and version ~= "v3" then
    return reply.message(401, "version header is invalid")
  end
end

local function check_token(authorization)
  local token = authorization and authorization:match("^Bearer (%S+)$")
  if not token then
    return reply.message(401, "Invalid JWT")
  end
  for _, row in ipairs(refused_tokens) do
    if token:find(row[1]) then
      return reply.message(row[2], row[3])
    end
  end
  if token:find("^cloudflare") then
    return reply.text(403, "text/html", "<html><head><title>Access denied</title></head>error code: 1010</html>")
  end
  if not limits.admit(token) then
    return reply.json(429, '{"statusCode":429,"message":"Too Many Requests"}')
  end
end

local function duplicate_of(body)
  for name, taken in pairs({ email = "taken@example.com", phone = "+15550001111" }) do
    if body[name] == taken then
      return reply.json(400, json.encode_any({
        statusCode = 400,
        message = "This location does not allow duplicated contacts.",
        meta = { contactId = "AnotherContactsIdHere", matchingField = name },
      }))
    end
  end
end

--- The normal answer to an update.
function api.update(id, text, version)
  local body = json.decode(text or "")
  if type(body) ~= "table" or body[1] ~= nil then
    return reply.message(400, "Unexpected token in JSON at position 0")
  end
  local violations = validate.violations(body, version)
  if #violations > 0 then
    return reply.json(422, json.encode_any({
      message = violations, error = "Unprocessable Entity", statusCode = 422,
    }))
  end
  local bad = validate.bad_custom_value(body)
  if bad then
    return reply.message(400, bad)
  end
  local contact = contacts.find(id)
  if not contact then
    return reply.json(400, json.encode_any({
      message = "Contact not found for id:" .. id, error = "Bad Request", statusCode = 400,
    }))
  end
  local refusal = duplicate_of(body)
  if refusal then
    return refusal
  end
  contacts.update(contact, body)
  return reply.json(200, ('{"%s":true,"contact":%s}'):format(
    version == "v3" and "succeeded" or "succeded", contacts.encode(contact)))
end

function api.handle()
  ngx.req.read_body()
  local id = ngx.unescape_uri(ngx.var.uri:match("^/contacts/([^/]+)$") or "")
  local text = ngx.req.get_body_data()
  local headers = ngx.req.get_headers()
  local entry = journal.record(id, text)
  local function send(answer)
    entry.status = answer.status
    reply.send(answer)
  end
  local name = ngx.req.get_headers()["x-sandbox-fault"] or id:match("^fault%-(.+)$")
  local function normal()
    local method = ngx.req.get_method()
    if id == "" or (method ~= "PUT" and method ~= "GET") then
      return reply.message(404, "Cannot " .. method .. " " .. ngx.var.uri)
    end
    local refusal = check_version(headers.version) or check_token(headers.authorization)
    if refusal then
      return refusal
    end
    if method == "GET" then
      local contact = contacts.find(id)
      return contact and reply.json(200, '{"contact":' .. contacts.encode(contact) .. "}")
        or reply.message(400, "Contact not found for id:" .. id)
    end
    return api.update(id, text, headers.version)
  end
  if name then
    return faults.act(name, normal, send)
  end
  send(normal())
end

return api
