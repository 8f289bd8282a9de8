--- lua-cjson with what it lacks here: lists that are empty stay lists.

local cjson = require "cjson.safe"

cjson.decode_max_depth(100)
cjson.encode_sparse_array(true)

local json = { null = cjson.null, decode = cjson.decode }

--- An object's text; the keys named in `lists` are lists even if empty.
function json.encode(object, lists)
  local parts = {}
  for key, value in pairs(object) do
    local text = type(value) == "table" and next(value) == nil and lists and lists[key] and "[]"
      or cjson.encode(value)
    parts[#parts + 1] = cjson.encode(key) .. ":" .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

json.encode_any = cjson.encode

return json
