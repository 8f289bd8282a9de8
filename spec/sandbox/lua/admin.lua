--- The control port: what specs ask and set. README.md has the list.

local contacts = require "contacts"
local faults = require "faults"
local journal = require "journal"
local json = require "json"
local limits = require "limits"

local admin = {}

local function answer(status, body)
  ngx.status = status
  if body then
    ngx.print(body)
  end
  return ngx.exit(status)
end

local routes = {}

routes["GET /journal"] = function()
  local list = journal.list()
  answer(200, #list == 0 and "[]" or json.encode_any(list))
end

routes["DELETE /journal"] = function()
  journal.reset()
  contacts.reset()
  limits.reset()
  faults.reset()
  answer(204)
end

routes["POST /journal"] = function(body)
  journal.enable(body.enabled)
  answer(204)
end

routes["GET /requests"] = function()
  answer(200, json.encode_any({ count = journal.count(ngx.req.get_uri_args().id) }))
end

routes["POST /limits"] = function(body)
  limits.configure(body)
  answer(204)
end

function admin.handle()
  ngx.req.read_body()
  local method, path = ngx.req.get_method(), ngx.var.uri
  local body = json.decode(ngx.req.get_body_data() or "{}") or {}
  local id = path:match("^/contacts/(.+)$")
  if id and method == "GET" then
    local contact = contacts.find(id)
    return answer(contact and 200 or 404, contact and contacts.encode(contact) or "{}")
  elseif id and method == "PUT" then
    contacts.put(id, body)
    return answer(204)
  end
  local route = routes[method .. " " .. path]
  if not route then
    return answer(404, "{}")
  end
  route(body)
end

return admin
