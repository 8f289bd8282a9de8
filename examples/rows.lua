--- The rows of an import, from CSV or from JSON lines: what to update, and a
--- row with its error to be written back.
---
--- A source has `columns` (CSV only) and `rows()`: an iterator of
--- `{ line =, id =, fields =, raw = }`.

local csv = require "examples.csv"
local highlevel = require "highlevel"

local rows = {}

local IDS = { contactId = true, contact_id = true, id = true }
local ERRORS = { error_kind = true, error_message = true }
local NULL = "\\N" -- a cell that empties the field

local function split(text)
  local list = highlevel.array({})
  for part in text:gmatch("[^;]+") do
    list[#list + 1] = part:match("^%s*(.-)%s*$")
  end
  return list
end

local function flag(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
  return text -- the library says what is wrong with it
end

local readers = {
  number = function(text)
    return tonumber(text) or 0 / 0 -- NaN, which is refused; a text might be dropped in silence
  end,
  list = split,
  tags = split,
  dnd = flag,
}

local function as_is(text)
  return text
end

-- What a column is for: a function that puts a cell into the fields.
local function use_of(name)
  local id, kind = name:match("^customFields%.([^:]+):?(%a*)$")
  if id then
    local read = readers[kind] or as_is
    return function(fields, cell)
      fields.customFields = fields.customFields or {}
      local list = fields.customFields
      list[#list + 1] = { id = id, field_value = cell == NULL and highlevel.null or read(cell) }
    end
  end
  local read = readers[name] or as_is
  return function(fields, cell)
    fields[name] = cell == NULL and highlevel.null or read(cell)
  end
end

--- What is wrong with a field's name; nil if nothing is.
function rows.complaint(name)
  if name:find("^customFields%.") then
    return nil
  end
  local _, err = highlevel.encode({ [name] = highlevel.null })
  for _, message in ipairs(err and err.messages or {}) do
    if message:find("is not a field", 1, true) then
      return message
    end
  end
end

local function id_column(columns, wanted)
  for i, name in ipairs(columns) do
    if name == wanted or (not wanted and IDS[name]) then
      return i
    end
  end
end

--- CSV: the first line names the columns.
function rows.csv(path, id_name)
  local file = assert(io.open(path, "rb"))
  local next_record = csv.records(file)
  local columns = next_record()
  local source = { columns = columns or {}, complaints = {}, extension = "csv" }
  local id_at = id_column(source.columns, id_name)
  local uses = {}
  if not id_at then
    source.complaints[1] = "there is no column for the contact's id; name it with --id"
  end
  for i, name in ipairs(source.columns) do
    if i ~= id_at and not ERRORS[name] then
      source.complaints[#source.complaints + 1] = rows.complaint(name)
      uses[i] = use_of(name)
    end
  end

  function source.rows()
    return function()
      local record, line = next_record()
      if not record then
        file:close()
        return nil
      end
      local fields = {}
      for i, use in pairs(uses) do
        if record[i] ~= "" then
          use(fields, record[i])
        end
      end
      return { line = line, id = record[id_at], fields = fields, raw = record }
    end
  end

  -- columns of errors that the input has already are written anew
  local keep = {}
  for i, name in ipairs(source.columns) do
    if not ERRORS[name] then
      keep[#keep + 1] = i
    end
  end

  local function kept(record, kind, message)
    local out = {}
    for i, from in ipairs(keep) do
      out[i] = record[from]
    end
    out[#out + 1] = kind
    out[#out + 1] = message
    return csv.line(out)
  end

  source.head = kept(source.columns, "error_kind", "error_message")

  function source.failed(row, kind, message)
    return kept(row.raw, kind, message)
  end

  return source
end

--- JSON lines: one object a line, the id under `contactId`, `contact_id` or
--- `id`, everything else as the API names it.
function rows.ndjson(path, id_name)
  local ok, cjson = pcall(require, "cjson")
  if not ok then
    error("JSON lines need lua-cjson: luarocks install lua-cjson, or apt-get install lua-cjson", 0)
  end
  local file = assert(io.open(path, "rb"))
  local line = 0
  local source = { columns = {}, complaints = {}, head = "", extension = "ndjson" }

  function source.rows()
    return function()
      local text
      repeat
        text = file:read("*l")
        line = line + 1
      until not text or text:find("%S")
      if not text then
        file:close()
        return nil
      end
      local good, object = pcall(cjson.decode, text)
      if not good or type(object) ~= "table" then
        error(("line %d: no JSON object: %s"):format(line, tostring(object)), 0)
      end
      local fields, id = {}, nil
      for name, value in pairs(object) do
        if name == id_name or (not id_name and IDS[name]) then
          id = value
        elseif not ERRORS[name] then
          fields[name] = value
        end
      end
      return { line = line, id = tostring(id or ""), fields = fields, raw = object }
    end
  end

  function source.failed(row, kind, message)
    row.raw.error_kind, row.raw.error_message = kind, message
    return cjson.encode(row.raw) .. "\n"
  end

  return source
end

return rows
