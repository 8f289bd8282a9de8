-- luasocket.lua URL COUNT: the same update as its users write it with
-- socket.http and lua-cjson: no checks, and, as socket.http has no keep-alive,
-- a connection each. Prints the seconds that COUNT of them took, and those of them on a processor.
local cjson = require "cjson"
local fields = require "examples.contact"
local http = require "socket.http"
local ltn12 = require "ltn12"
local socket = require "socket"

local function update(count)
  for _ = 1, count do
    local body = cjson.encode(fields)
    local pieces = {}
    local ok, status = http.request({
      method = "PUT",
      url = arg[1],
      headers = {
        ["Authorization"] = "Bearer pit-0123456789",
        ["Version"] = "2021-07-28",
        ["Content-Type"] = "application/json",
        ["Accept"] = "application/json",
        ["Content-Length"] = #body,
      },
      source = ltn12.source.string(body),
      sink = ltn12.sink.table(pieces),
    })
    assert(ok and status == 200, status)
    assert(cjson.decode(table.concat(pieces)).contact.email == "rosan@deos.com")
  end
end

update(tonumber(os.getenv("WARM_UP")) or 50)
local start, start_cpu = socket.gettime(), os.clock()
update(tonumber(arg[2]))
print(("%.6f %.6f"):format(socket.gettime() - start, os.clock() - start_cpu))
