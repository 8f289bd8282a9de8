--- Bearer tokens: any is good, but for those whose beginning says otherwise.

local reply = require "reply"

local token = {}

local refused = {
  { "^expired", 401, "Invalid JWT" },
  { "^revoked", 401, "Invalid Private Integration token" },
  { "^noscope", 401, "The token is not authorized for this scope." },
  { "^usertype", 401, "Token's user type mismatch!" },
  { "^authclass", 401, "This authClass type is not allowed to access this scope. "
    .. "Please verify your IAM configuration if this is not the case." },
  { "^notaccessible", 401, "This location is not accessible from this token!" },
  { "^otherlocation", 403, "The token does not have access to this location." },
}

local CLOUDFLARE = "<html><head><title>Access denied</title></head>"
  .. "<body>error code: 1010</body></html>"

--- The token that a header holds, or nil.
function token.of(authorization)
  return type(authorization) == "string" and authorization:match("^[Bb]earer (.+)$") or nil
end

--- Why it is refused, or nil.
function token.refusal(text)
  if not text then
    return reply.refusal(401, "Invalid JWT")
  elseif text:find("[%s%c]") then
    return reply.refusal(401, "Invalid Private Integration token")
  elseif text:find("^cloudflare") then
    return reply.text(403, "text/html; charset=UTF-8", CLOUDFLARE)
  end
  for _, row in ipairs(refused) do
    if text:find(row[1]) then
      return reply.refusal(row[2], row[3])
    end
  end
end

return token
