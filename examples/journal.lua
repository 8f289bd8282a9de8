--- What has become of an import's rows so far, in a file beside the input, so
--- that it can go on where it was, whatever ended it.
---
--- The first line says which input it is of; each further line is a row that
--- has ended: `NUMBER ok` or `NUMBER failed KIND MESSAGE`. A line is written at
--- once when a row ends; one that was cut off does not count.

local journal = {}

local methods = {}
methods.__index = methods

-- Its length and a checksum tell whether the input is still the same.
local function fingerprint(path)
  local file = assert(io.open(path, "rb"))
  local size, sum = 0, 5381
  while true do
    local chunk = file:read(65536)
    if not chunk then
      break
    end
    size = size + #chunk
    for i = 1, #chunk, 4 do
      local a, b, c, d = chunk:byte(i, i + 3)
      sum = (sum * 33 + a + (b or 0) * 257 + (c or 0) * 65537 + (d or 0) * 16777259) % 4294967296
    end
  end
  file:close()
  return ("import of %d bytes, sum %d"):format(size, sum)
end

local function one_line(text)
  return (text:gsub("[%c]", " "))
end

local function read_lines(self, file)
  for line in file:read("*a"):gmatch("([^\n]*)\n") do -- a torn one has no end
    local number, outcome, kind, message = line:match("^(%d+) (%l+) ?(%S*) ?(.*)$")
    number = tonumber(number)
    if (outcome == "ok" or outcome == "failed") and not self.ended[number] then
      self.ended[number] = true
      self.failures[number] = outcome == "failed" and { kind = kind, message = message } or nil
      self.n = self.n + 1
    end
  end
end

--- Open the journal of an input; what is in it already is in `ended` and
--- `failures`, by the rows' numbers. nil and why: it is another input's.
function journal.open(path, input, restart)
  local self = setmetatable({ path = path, ended = {}, failures = {}, n = 0 }, methods)
  local head = fingerprint(input)
  local old = not restart and io.open(path, "rb")
  if old then
    local first = old:read("*l")
    if first == head then
      read_lines(self, old)
    end
    old:close()
    if first and first ~= head then
      return nil, ("%s is of another file, or %s was changed; begin anew with --restart"):format(path, input)
    end
  end
  self.file = assert(io.open(path, old and "ab" or "wb"))
  self.file:setvbuf("no")
  -- in a line of its own, whatever was cut off before it
  assert(self.file:write(old and self.n > 0 and "\n" or head .. "\n"))
  return self
end

--- A row has ended. Raises when it cannot be noted, for then nothing should
--- be sent any more.
function methods:note(number, err)
  local line = err and ("%d failed %s %s\n"):format(number, err.kind, one_line(err.message)) or number .. " ok\n"
  assert(self.file:write(line))
  self.ended[number] = true
  self.failures[number] = err and { kind = err.kind, message = one_line(err.message) } or nil
  self.n = self.n + 1
end

return journal
