--- Update contacts in HighLevel (GoHighLevel, LeadConnector).
---
---     local highlevel = require "highlevel"
---     local client = highlevel.new { token = "pit-..." }
---     local res, err, info = client:update_contact(contact_id, { firstName = "rosan" })
---
--- Misuse (an argument of the wrong type, a misspelt option, a closed client)
--- raises; bad content and what the world does come back as `nil, err`. Times
--- are seconds, fractions allowed. The types of fields, options and errors
--- (`highlevel.Fields`, `highlevel.Options`, `highlevel.Error`) stand in
--- highlevel/types.lua.

local bulk = require "highlevel.bulk"
local call = require "highlevel.call"
local core = require "highlevel.core"
local errors = require "highlevel.errors"
local later = require "highlevel.later"
local options = require "highlevel.options"
local wait = require "highlevel.wait"

-- for calls without options; made once, as a call may not fail for its sake
local NONE = {}

--- What `require "highlevel"` returns.
---@class highlevel
--- `lua-highlevel` and its version.
---@field _VERSION string
local highlevel = { _VERSION = "lua-highlevel " .. core.version }

--- JSON null: empties a field. lua-cjson's and nginx's null are the same value.
---
---     client:update_contact(id, { website = highlevel.null })
highlevel.null = core.null

--- One account: its connections, its pace under the rate limit, its options. Make
--- one and keep it. It closes itself when it is collected, and in Lua 5.4 at
--- the end of a block: `local client <close> = highlevel.new(options)`. Printing
--- or dumping it shows no token. After a fork it goes on in the child, on
--- connections of its own.
---@class highlevel.Client
local methods = {}

-- A client's handle, token function and options: kept apart from the client,
-- so that whoever dumps a client finds no secret in it.
local private = setmetatable({}, { __mode = "k" })

local client_mt = { __name = "highlevel.client", __index = methods }

function client_mt.__tostring(client)
  return "highlevel.client (" .. private[client].base_url .. ")"
end

local function mark(t, mt, name)
  if type(t) ~= "table" then
    error("highlevel." .. name .. ": a table is needed, not " .. errors.a_type(t), 3)
  end
  local old = getmetatable(t)
  if old ~= nil and old ~= core.array_mt and old ~= core.object_mt then
    error(
      "highlevel." .. name .. ": this table has a metatable; set __jsontype = '" .. name .. "' in it",
      3
    )
  end
  return setmetatable(t, mt)
end

--- Mark a table as a list, even if it is empty. Raises for what is no table,
--- and for one that has a metatable of its own: set `__jsontype = "array"` in that.
---
---     local value = highlevel.array({})
---     print(highlevel.encode { customFields = { { id = "a", field_value = value } } })
---     --> {"customFields":[{"id":"a","field_value":[]}]}
---@generic T: table
---@param t T what to mark; it gets a metatable
---@return T t the same table
function highlevel.array(t)
  return mark(t, core.array_mt, "array")
end

--- Mark a table as an object, even if it is empty. Raises for what is no table,
--- and for one that has a metatable of its own: set `__jsontype = "object"` in that.
---@generic T: table
---@param t T what to mark; it gets a metatable
---@return T t the same table
function highlevel.object(t)
  return mark(t, core.object_mt, "object")
end

local function check_fields(where, fields)
  if type(fields) ~= "table" then
    error(where .. ": fields must be a table, not " .. errors.a_type(fields), 3)
  end
end

local function check_id(where, id)
  if type(id) ~= "string" then
    error(where .. ": the contact id must be a string, not " .. errors.a_type(id), 3)
  end
end

-- What a client is made of; raises for what is no client, or a closed one.
local function state_of(client, name, arguments)
  local state = private[client]
  if not state then
    error(("this is no client: call it with a colon, client:%s(%s)"):format(name, arguments), 3)
  end
  if name ~= "close" and core.is_closed(state.handle) then
    error(name .. ": the client is closed; make a new one with highlevel.new", 3)
  end
  return state
end

-- Has it the keys 1, 2, 3 .. and no others?
local function is_list(t)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
    if t[n] == nil then
      return false
    end
  end
  return true
end

local function send(state, id, fields, opt)
  local started = core.now()
  local timeout = opt.timeout or state.timeout
  local token, err = call.ask_token(state, opt)
  if err then
    return nil, err
  end
  if type(opt.token or state.token) == "function" then -- which took its time
    timeout = math.max(timeout - (core.now() - started), 0.001)
  end
  local running = call.prepare(state, id, fields, token, timeout, opt)
  if not core.settled(running) then
    local logged = 0
    local ok, why = state.way.one(state, running, function()
      logged = call.report(state, running, id, logged)
    end)
    if not ok then
      core.drop(running)
      return nil, errors.refused(why)
    end
  end
  return call.result(running)
end

--- Update one contact.
---
--- Nothing is sent unless the fields pass every check. A key that is absent
--- leaves its field alone, `highlevel.null` empties it. `tags` replaces all
--- tags; custom fields merge by id. A call is tried again where that may help,
--- within its `timeout`.
---
---     local res, err, info = client:update_contact(id, { tags = { "vip" } }, { timeout = 3 })
---     print(res and res.contact.tags[1] or err) --> vip
---
--- Raises for an id or fields of the wrong type, a wrong option, a closed client,
--- and within nginx in phases that cannot wait. All else comes back as `nil, err`.
---@param id string the contact's id: not empty, UTF-8, without `/` and control characters
---@param fields highlevel.Fields what to change
---@param opt? highlevel.CallOptions what differs from the client's options
---@return highlevel.Answer? res the answer, with the whole contact as it is now
---@return highlevel.Error? err why there is none
---@return highlevel.Info? info how it went; with `res` only
function methods:update_contact(id, fields, opt)
  local state = state_of(self, "update_contact", "id, fields")
  check_id("update_contact", id)
  check_fields("update_contact", fields)
  options.check_call(opt, "update_contact", 2)
  state.way.check("update_contact", 2)
  return call.guarded(pcall(send, state, id, fields, opt or NONE))
end

--- Update one contact without waiting for it, in any phase of nginx (`log`,
--- `header_filter` and the like included), where it is the one way in phases
--- that cannot yield. A failure goes to nginx's error log, unless there is a
--- callback, which is called in a light thread or a timer, where it may yield.
--- The fields are read at once, unless the token is a function: that is asked
--- in a timer, and the fields are read after it. In `init` and `exit_worker`, where
--- nobody is served, it blocks until the call is done, and the callback may not yield.
---
--- ```nginx
--- location = /seen {
---   return 204;
---   log_by_lua_block { client:update_contact_later(ngx.var.arg_id, { tags = { "seen" } }) }
--- }
--- ```
---
--- Raises outside nginx, for arguments of the wrong type, a wrong option, and a
--- closed client.
---@param id string the contact's id
---@param fields highlevel.Fields what to change
---@param opt? highlevel.CallOptions what differs from the client's options
---@param callback? fun(res?: highlevel.Answer, err?: highlevel.Error, info?: highlevel.Info) told of its end
---@return boolean? ok true: on its way
---@return highlevel.Error? err why it will not be sent
function methods:update_contact_later(id, fields, opt, callback)
  local state = state_of(self, "update_contact_later", "id, fields")
  if not state.way.later then
    error("update_contact_later: this is for nginx; use client:update_contact", 2)
  end
  check_id("update_contact_later", id)
  check_fields("update_contact_later", fields)
  options.check_call(opt, "update_contact_later", 2)
  if callback ~= nil and type(callback) ~= "function" then
    error("update_contact_later: the callback must be a function, not " .. errors.a_type(callback), 2)
  end
  return call.guarded(pcall(later.run, state, id, fields, opt or NONE, callback))
end

--- Update many contacts, some of them at a time.
---
--- `items` is a list of `{ id, fields }`, or a function that returns the next
--- such pair and finally nil; it is called only as fast as calls finish, so any
--- number goes through in constant memory. One item that fails never stops the
--- others, unless `stop_on` says so of its error; without `stop_on`, a token
--- that is not accepted and a spent daily limit end the run. What was started
--- is then still finished. An error raised by one of the functions given ends
--- everything at once, and is raised again.
---
---     local summary = client:update_contacts({
---       { "contact-1", { city = "Dolomite" } }, { "contact-2", { tags = {} } },
---     }, { concurrency = 8 })
---     print(summary.succeeded .. " of " .. summary.total) --> 2 of 2
---
--- None is begun before the rate limit lets it leave. An item that is no pair of
--- id and fields counts as failed, as `invalid`. Raises for arguments of the
--- wrong type, a list of items with holes or named keys, a wrong option, a closed
--- client, and in phases of nginx that cannot wait.
---@param items highlevel.Item[] | fun(): highlevel.Item? the updates
---@param opt? highlevel.BulkOptions options of the run, and of each call
---@return highlevel.Summary summary what came of them; never nil
function methods:update_contacts(items, opt)
  local state = state_of(self, "update_contacts", "items")
  if type(items) ~= "table" and type(items) ~= "function" then
    error("update_contacts: items must be a list or a function, not " .. errors.a_type(items), 2)
  elseif type(items) == "table" and not is_list(items) then
    error("update_contacts: items must be a list without holes and named keys; what is behind them would be lost", 2)
  end
  options.check_bulk(opt, "update_contacts", 2)
  state.way.check("update_contacts", 2)
  return bulk.run(state, items, opt or NONE)
end

--- End the client: its connections are closed, and what still runs ends as
--- `cancelled`. Safe to call again. Every other method raises from then on.
function methods:close()
  core.close(state_of(self, "close", "").handle)
end

client_mt.__close = methods.close -- __gc: the handle within has its own

-- Lua sees a few bytes of a client and collects it late; it may hold connections.
-- So each new one pays for a part of a collection.
local function collect_some()
  if collectgarbage("isrunning") then
    collectgarbage("step", math.ceil(collectgarbage("count") / 64))
  end
end

-- A client, or nil and why not.
local function make(opt)
  local settings = {} -- a plain table: the core borrows its texts
  for name, value in pairs(opt) do
    settings[name] = value
  end
  collect_some()
  local handle, why = core.new(settings)
  if not handle then
    return nil, errors.adopt(why)
  end
  local client = setmetatable({}, client_mt)
  private[client] = {
    handle = handle,
    -- a text is the handle's to keep
    token = type(opt.token) == "function" and opt.token or nil,
    timeout = opt.timeout or 30,
    log = opt.log,
    way = wait.way(opt),
    wait = opt.wait,
    base_url = opt.base_url or "https://services.leadconnectorhq.com",
  }
  return client
end

--- Make a client for one account. Nothing is sent yet. Raises on an option that
--- is misspelt, mistyped or unusable, naming it.
---
---     local client = highlevel.new { token = os.getenv "HIGHLEVEL_TOKEN", timeout = 10 }
---@param opt? highlevel.Options what differs from the defaults
---@return highlevel.Client client the account
function highlevel.new(opt)
  options.check_client(opt, "highlevel.new", 2)
  local client, why = make(opt or {})
  if not client then
    error("highlevel.new: option " .. why.message, 2)
  end
  return client
end

local default_client

-- The account of HIGHLEVEL_TOKEN, HIGHLEVEL_BASE_URL, HIGHLEVEL_API_VERSION.
local function default()
  if not default_client then
    local client, why = make({
      token = os.getenv("HIGHLEVEL_TOKEN"),
      base_url = os.getenv("HIGHLEVEL_BASE_URL"),
      api_version = os.getenv("HIGHLEVEL_API_VERSION"),
    })
    if not client then
      local variable = "HIGHLEVEL_" .. why.path:upper()
      return nil, errors.invalid(variable, (why.message:gsub("^[%w_]+: ", "")))
    end
    default_client = client
  end
  return default_client
end

--- Update one contact of the account that the environment names:
--- HIGHLEVEL_TOKEN, HIGHLEVEL_BASE_URL, HIGHLEVEL_API_VERSION, read at first
--- use. A variable that will not do comes back as `invalid`, with its name as the
--- path; without HIGHLEVEL_TOKEN the path is `token`. Otherwise as
--- `client:update_contact`.
---
---     local res, err = highlevel.update_contact(id, { first_name = "Rosan" })
---     print(res and res.contact.firstName or err)
---     --> invalid: first_name: is not a field of a contact; did you mean firstName?
---@param id string the contact's id
---@param fields highlevel.Fields what to change
---@param opt? highlevel.CallOptions what differs from the defaults
---@return highlevel.Answer? res the answer, with the whole contact as it is now
---@return highlevel.Error? err why there is none
---@return highlevel.Info? info how it went; with `res` only
function highlevel.update_contact(id, fields, opt)
  check_id("update_contact", id)
  check_fields("update_contact", fields)
  options.check_call(opt, "update_contact", 2)
  local client, why = call.guarded(pcall(default))
  if not client then
    return nil, why
  end
  return client:update_contact(id, fields, opt)
end

--- What goes on in this process (in nginx, this worker), for an operator's
--- page: calls running, queued for their turn, waiting to try again, and
--- finished, by their kinds (`ok` among them); connections open; and, of the
--- client given, the seconds until its rate limit lets a call leave, and what
--- the server last said of the limits of its token. It works in every phase of
--- nginx. Raises for what is no client, or a closed one.
---
---     local status = highlevel.status(client)
---     print(status.running, status.finished.ok or 0, status.ready_in == 0) --> 0 0 true
---@param client? highlevel.Client whose `ready_in` and `rate_limit` are wanted
---@return highlevel.Status status counts; never nil
function highlevel.status(client)
  local status = core.status()
  if client ~= nil then
    local handle = state_of(client, "status", "").handle
    status.ready_in = core.ready(handle)
    status.rate_limit = core.limits(handle)
  end
  return status
end

local function encode(fields, opt)
  local text, err = core.encode(fields, opt.api_version, opt.strict)
  if not text then
    return nil, errors.adopt(err)
  end
  return text
end

--- The exact body that an update would send: a dry run, with every check of the
--- fields. Known fields come in the API document's order, others sorted.
---
---     print(highlevel.encode { tags = {}, dateOfBirth = "09/25/1990" })
---     --> {"tags":[],"dateOfBirth":"1990-09-25"}
---
--- Raises for fields that are no table, and a wrong option.
---@param fields highlevel.Fields what an update would change
---@param opt? highlevel.EncodeOptions what differs from the defaults
---@return string? body JSON
---@return highlevel.Error? err what is wrong with the fields: `invalid`
function highlevel.encode(fields, opt)
  check_fields("highlevel.encode", fields)
  options.check_encode(opt, "highlevel.encode", 2)
  return call.guarded(pcall(encode, fields, opt or NONE))
end

return highlevel
