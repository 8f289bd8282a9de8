-- json.lua ANSWER_FILE COUNT: JSON alone, ours and lua-cjson's one after the other,
-- COUNT times each: the fields of examples/contact.lua into text, the answer
-- into a table. Ours checks the fields, and gives them an order. Prints the
-- microseconds of each: encode, cjson.encode, decode, cjson.decode.
local cjson = require "cjson"
local core = require "highlevel.core"
local fields = require "examples.contact"
local highlevel = require "highlevel"

local file = assert(io.open(arg[1]))
local answer = file:read("*a")
file:close()

local function microseconds(f, value)
  local count = tonumber(arg[2])
  local start = os.clock()
  for _ = 1, count do
    f(value)
  end
  return (os.clock() - start) / count * 1e6
end

assert(core.decode(answer).contact.email == cjson.decode(answer).contact.email)
assert(cjson.decode((highlevel.encode(fields))).email == fields.email)
local order = { { highlevel.encode, fields }, { cjson.encode, fields }, { core.decode, answer }, { cjson.decode, answer } }
local figures = {}
for _ = 1, 2 do -- the first time warms up
  for i, case in ipairs(order) do
    figures[i] = ("%.4f"):format(microseconds(case[1], case[2]))
  end
end
print(table.concat(figures, "\t"))
