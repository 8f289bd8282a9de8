--- What has become of an import's rows so far, in a file beside the input, so
--- that it can go on where it was, whatever ended it.
---
--- The first line says which input it is of; each further line is a row that
--- has ended: `NUMBER ok` or `NUMBER failed KIND MESSAGE`. A line is written at
--- once when a row ends; one that was cut off, by a crash or a full disk, does
--- not count.

local journal = {}

local methods = {}
methods.__index = methods

local OPENING = "import of "

-- ends a line that may have been cut off; no other line has it in it
local CANCEL = "\24"

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
  return ("%s%d bytes, sum %d"):format(OPENING, size, sum)
end

local function one_line(text)
  return (text:gsub("[%c]", " "))
end

local function read_lines(self, file)
  for line in file:read("*a"):gmatch("([^\n]*)\n") do -- a torn one has no end
    local number, outcome, kind, message = line:match("^(%d+) (%l+) ?(%S*) ?(.*)$")
    local whole = not line:find(CANCEL, 1, true)
    number = tonumber(number)
    if whole and (outcome == "ok" or outcome == "failed") and not self.ended[number] then
      self.ended[number] = true
      self.failures[number] = outcome == "failed" and { kind = kind, message = message } or nil
      self.n = self.n + 1
    end
  end
end

-- The first line of an old journal; nil if it was cut off, when nothing had been
-- sent yet.
local function first_line(file)
  local first = file:read("*l") or ""
  local whole = file:seek() > #first
  local ours = first:sub(1, #OPENING) == OPENING:sub(1, #first)
  return (whole or not ours) and first or nil
end

-- nil and why: it cannot be written.
local function begin(self, mode, text)
  local why
  self.file, why = io.open(self.path, mode)
  if not self.file then
    return nil, why
  end
  self.file:setvbuf("no")
  local ok
  ok, why = self.file:write(text)
  if not ok then
    self.file:close()
    return nil, self.path .. ": " .. why
  end
  return self
end

--- Open the journal of an input; what is in it already is in `ended` and
--- `failures`, by the rows' numbers. nil and why: it is another input's, or it
--- cannot be written.
function journal.open(path, input, restart)
  local self = setmetatable({ path = path, ended = {}, failures = {}, n = 0 }, methods)
  local head = fingerprint(input)
  local old = not restart and io.open(path, "rb")
  local first = old and first_line(old)
  if first == head then
    read_lines(self, old)
  end
  if old then
    old:close()
  end
  if first and first ~= head then
    return nil, ("%s is of another file, or %s was changed; begin anew with --restart"):format(path, input)
  elseif first then
    return begin(self, "ab", CANCEL .. "\n") -- in case the last line was cut off
  end
  return begin(self, "wb", head .. "\n")
end

--- A row has ended. Raises when it cannot be noted, for then nothing should
--- be sent any more.
function methods:note(number, err)
  local line = err and ("%d failed %s %s\n"):format(number, err.kind, one_line(err.message)) or number .. " ok\n"
  local ok, why = self.file:write(line)
  if not ok then
    error(self.path .. ": " .. why, 0)
  end
  self.ended[number] = true
  self.failures[number] = err and { kind = err.kind, message = one_line(err.message) } or nil
  self.n = self.n + 1
end

--- nil and why: what was written may not have reached the disk.
function methods:close()
  local ok, why = self.file:close()
  return ok, not ok and self.path .. ": " .. why or nil
end

return journal
