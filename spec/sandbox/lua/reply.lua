--- Answers as values, and sending them.

local json = require "json"

local reply = {}

local reasons = { [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found" }

function reply.text(status, content_type, body)
  return { status = status, content_type = content_type, body = body }
end

function reply.json(status, body)
  return reply.text(status, "application/json; charset=utf-8", body)
end

--- The usual shape of an error.
function reply.message(status, message)
  return reply.json(status, json.encode_any({ statusCode = status, message = message, error = reasons[status] }))
end

function reply.send(answer)
  ngx.status = answer.status
  ngx.header["Content-Type"] = answer.content_type
  ngx.header["Content-Length"] = #answer.body
  if answer.body ~= "" then
    ngx.print(answer.body)
  end
  ngx.eof()
end

return reply
