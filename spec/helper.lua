--- What the specs share: the sandbox's addresses, clients for it, its journal.

local cjson = require "cjson"
local ltn12 = require "ltn12"
local socket_http = require "socket.http"

local highlevel = require "highlevel"

local helper = {}

helper.CONTACT = "ocQHyuzHvysMo5N5VsXc"
helper.TOKEN = "pit-11111111-2222-3333-4444-555555555555"

--- A variable of the running sandbox; says how to start one if there is none.
function helper.env(name)
  local value = os.getenv("HIGHLEVEL_SANDBOX_" .. name)
  return value or error("no sandbox: run the specs with make test", 2)
end

--- A client for the sandbox's plain port, or whatever `options` says.
function helper.client(options)
  local all = { token = helper.TOKEN, base_url = helper.env("HTTP"), timeout = 10 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return highlevel.new(all)
end

--- A client for one of the TLS ports.
function helper.tls_client(port, options)
  local all = { base_url = helper.env(port), ca_file = helper.env("CA") }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return helper.client(all)
end

--- Ask the sandbox's control port. The answer's JSON, decoded.
function helper.admin(method, path, body)
  local parts = {}
  local text = body and cjson.encode(body)
  local ok, status = socket_http.request({
    url = helper.env("ADMIN") .. path,
    method = method,
    source = text and ltn12.source.string(text),
    headers = text and { ["content-length"] = #text },
    sink = ltn12.sink.table(parts),
  })
  assert(ok, status)
  local answer = table.concat(parts)
  return #answer > 0 and cjson.decode(answer) or nil, status
end

function helper.reset()
  helper.admin("DELETE", "/journal")
end

--- The requests that the sandbox saw since the reset, oldest first.
function helper.journal()
  return helper.admin("GET", "/journal")
end

--- How many requests it saw for one contact.
function helper.requests(id)
  return helper.admin("GET", "/requests?id=" .. id).count
end

--- A folder that is new.
function helper.new_folder()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  return folder
end

--- Seconds that `f` takes, before its results.
function helper.timed(f, ...)
  local core = require "highlevel.core"
  local started = core.now()
  local function after(...)
    return core.now() - started, ...
  end
  return after(f(...))
end

--- The interpreter that runs the specs: the lowest of `arg`.
function helper.interpreter()
  local i = 0
  while arg[i - 1] do
    i = i - 1
  end
  return arg[i]
end

--- Run Lua code in a process of its own. `environment` is `NAME=value ...`; the
--- default client's variables are gone but for those. What it prints.
function helper.run_script(environment, code)
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(code)
  out:close()
  local pipe = assert(io.popen(("env -u HIGHLEVEL_TOKEN -u HIGHLEVEL_BASE_URL -u HIGHLEVEL_API_VERSION %s %s %s 2>&1")
    :format(environment, helper.interpreter(), file)))
  local text = pipe:read("*a")
  pipe:close()
  os.remove(file)
  return text
end

--- Every text within a value, tables' keys included, whatever hides it but
--- closures: what a careless dump would print.
function helper.dump(value, seen, out)
  seen, out = seen or {}, out or {}
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    for k, v in next, value do
      helper.dump(k, seen, out)
      helper.dump(v, seen, out)
    end
    helper.dump(getmetatable(value), seen, out)
  elseif type(value) ~= "table" then
    out[#out + 1] = tostring(value)
  end
  return table.concat(out, "\n")
end

return helper
