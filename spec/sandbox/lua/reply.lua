--- Answers as values, and sending them.

local json = require "json"

local reply = {}

local reasons = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed", [409] = "Conflict", [415] = "Unsupported Media Type",
  [422] = "Unprocessable Entity",
}

local ORDER = { "message", "error", "statusCode" }
local JSON_TYPE = "application/json; charset=utf-8"

function reply.text(status, content_type, body)
  return { status = status, content_type = content_type, body = body }
end

function reply.json(status, body)
  return reply.text(status, JSON_TYPE, body)
end

--- What a service says: message, error, statusCode.
function reply.message(status, message)
  return reply.json(status, json.encode({
    message = message, error = reasons[status], statusCode = status,
  }, ORDER))
end

--- What the gateway says: statusCode, message.
function reply.refusal(status, message)
  return reply.json(status, ('{"statusCode":%d,"message":%s}'):format(status, json.encode(message)))
end

function reply.send(answer)
  ngx.status = answer.status
  ngx.header.content_type = answer.content_type
  if answer.status ~= 204 and answer.status ~= 304 then
    ngx.header.content_length = #answer.body
    ngx.print(answer.body)
  end
  return ngx.eof()
end

return reply
