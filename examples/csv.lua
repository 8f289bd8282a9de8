--- CSV as RFC 4180 has it: read as a stream, strictly, and written.
---
---     for record, line in csv.records(file) do ... end
---
--- A record is a list of texts. Fields may be in quotes, with doubled quotes
--- and line ends in them; lines end in LF or CRLF; a byte order mark at the
--- start is passed over. Anything else raises a table `{ line =, what = }`,
--- which prints as a sentence.

local csv = {}

local CHUNK = 65536

local fault_mt = {
  __tostring = function(fault)
    return ("line %d: %s"):format(fault.line, fault.what)
  end,
}

local function fault(line, what)
  error(setmetatable({ line = line, what = what }, fault_mt), 0)
end

-- The text up to the next line end, which is left out; nil at the end. A last
-- line without one counts.
local function lines(file)
  local buffer, at = file:read(CHUNK) or "", 1
  buffer = buffer:gsub("^\239\187\191", "")
  return function()
    local stop = buffer:find("\n", at, true)
    while not stop do
      local more = file:read(CHUNK)
      if not more then
        if at > #buffer then
          return nil
        end
        local rest = buffer:sub(at)
        at = #buffer + 1
        return rest
      end
      local seen = #buffer - at + 2
      buffer, at = buffer:sub(at) .. more, 1
      stop = buffer:find("\n", seen, true)
    end
    local text = buffer:sub(at, stop - 1)
    at = stop + 1
    return text
  end
end

-- One field of `text` from `at` on, what follows it, and the text, to which
-- lines were added if the field has line ends in it.
local function quoted(text, at, line, next_line)
  local parts, start, first = {}, at + 1, line
  while true do
    local stop = text:find('"', start, true)
    if not stop then
      local more = next_line()
      if not more then
        fault(first, "the quotes that open here are never closed")
      end
      line = line + 1
      parts[#parts + 1] = text:sub(start) .. "\n"
      text, start = more, 1
    else
      parts[#parts + 1] = text:sub(start, stop - 1)
      if text:sub(stop + 1, stop + 1) ~= '"' then
        return table.concat(parts), stop + 1, text, line
      end
      parts[#parts + 1] = '"'
      start = stop + 2
    end
  end
end

local function strip(text)
  return (text:gsub("\r$", ""))
end

-- The record that begins with this text, with the line it ends in.
local function record(text, line, next_line)
  local fields, at = {}, 1
  while true do
    local field
    if text:sub(at, at) == '"' then
      field, at, text, line = quoted(text, at, line, next_line)
      local after = strip(text:sub(at))
      if after ~= "" and after:sub(1, 1) ~= "," then
        fault(line, "text after closing quotes; quotes within a field are doubled")
      end
    else
      local stop = text:find(",", at, true) or #text + 1
      field = text:sub(at, stop - 1)
      if stop > #text then
        field = strip(field)
      end
      if field:find('"', 1, true) then
        fault(line, "quotes within a field that has none around it")
      end
      at = stop
    end
    fields[#fields + 1] = field
    if text:sub(at, at) ~= "," then
      fields.last_line = line
      return fields
    end
    at = at + 1
  end
end

--- The records of an open file, each with the number of the line it begins in.
--- Empty lines are passed over; all records are as long as the first.
function csv.records(file)
  local next_line, line, width = lines(file), 0, nil
  return function()
    local text
    repeat
      text = next_line()
      line = line + 1
    until not text or strip(text) ~= ""
    if not text then
      return nil
    end
    local first, fields = line, record(text, line, next_line)
    line = fields.last_line
    fields.last_line = nil
    width = width or #fields
    if #fields ~= width then
      fault(first, ("%d fields, where the first line has %d"):format(#fields, width))
    end
    return fields, first
  end
end

--- A record as one line, its end included.
function csv.line(fields)
  local out = {}
  for i, field in ipairs(fields) do
    field = tostring(field)
    if field:find('[",\r\n]') then
      field = '"' .. field:gsub('"', '""') .. '"'
    end
    out[i] = field
  end
  return table.concat(out, ",") .. "\n"
end

return csv
