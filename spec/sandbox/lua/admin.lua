--- The control port: what specs ask and set. README.md has the list.

local contacts = require "contacts"
local faults = require "faults"
local journal = require "journal"
local json = require "json"
local limits = require "limits"

local admin = {}

local function answer(status, body)
  ngx.status = status
  ngx.header.content_length = body and #body or nil
  if body then
    ngx.print(body)
  end
  return ngx.exit(status)
end

local routes = {}

routes["GET /journal"] = function(args)
  if args.count then
    return answer(200, json.encode({ count = journal.stats().requests }))
  end
  return answer(200, json.encode(json.list(journal.list())))
end

routes["DELETE /journal"] = function()
  journal.reset()
  contacts.reset()
  limits.reset()
  faults.reset()
  return answer(204)
end

routes["POST /journal"] = function(_, body)
  journal.enable(body.enabled ~= false)
  return answer(204)
end

routes["GET /requests"] = function(args)
  return answer(200, json.encode({ count = journal.count(args.id) }))
end

routes["GET /stats"] = function()
  return answer(200, json.encode(journal.stats()))
end

routes["GET /limits"] = function()
  return answer(200, json.encode(limits.current()))
end

routes["POST /limits"] = function(_, body)
  limits.configure(body)
  return answer(204)
end

local contact = {}

function contact.GET(id)
  local found = contacts.find(id)
  return answer(found and 200 or 404, found and contacts.dump(found) or "{}")
end

function contact.PUT(id, body)
  contacts.put(id, body)
  return answer(204)
end

function contact.DELETE(id)
  contacts.remove(id)
  return answer(204)
end

function admin.handle()
  ngx.req.read_body()
  local method, path = ngx.req.get_method(), ngx.var.uri
  local text = ngx.req.get_body_data() or "{}"
  local body, message = json.decode(text)
  if not json.is_object(body) then
    return answer(400, json.encode({ message = message or "not a JSON object" }))
  end
  local id = path:match("^/contacts/(.+)$")
  if id and contact[method] then
    return contact[method](id, body)
  end
  local route = routes[method .. " " .. path]
  if not route then
    return answer(404, "{}")
  end
  return route(ngx.req.get_uri_args(), body)
end

return admin
