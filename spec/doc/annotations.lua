--- Reads LuaCATS annotations into a model: the types, functions and values that
--- are public, with the words that stand above them.
---
---   model.headers     the words that a file opens with, by its path
---   model.types       { name, kind, text, fields, values, type, parents, operators, has }
---   model.functions   { name, text, params, returns, generics, class }
---   model.values      { name, text, class }
---
--- A class `has` its functions and values, by their names.
---
--- Each has `where`, as `file:line`. What cannot be read is an error that names
--- it: nothing is passed over.

local luatype = require "spec.doc.luatype"

local annotations = {}

local function fail_at(where)
  return function(message)
    error(where .. ": " .. message, 0)
  end
end

-- What words make: Markdown, without empty lines around it.
local function joined(words)
  return (table.concat(words, "\n"):gsub("^%s*\n", ""):gsub("%s+$", ""))
end

-------------------------------------------------------------------- one block

-- A block is the lines beginning with `---` that stand together. While it is
-- read, `words` are those that no tag has taken yet.

local tags = {}

local function take_words(block, more)
  local text = joined(block.words)
  block.words = {}
  if more ~= "" and text ~= "" then
    block.fail("words both before the tag and behind it")
  end
  return more ~= "" and more or text
end

-- "name", "name?": the name, and whether it may be left out
local function optional(name)
  local plain = name:match("^(.-)%?$")
  return plain or name, plain ~= nil
end

function tags.meta() end

function tags.class(block, rest)
  local name, parents = rest:match("^([%w_.]+)(.*)$", rest:match("^%(exact%)%s+()"))
  if not name or (parents ~= "" and not parents:find("^: [%w_., ]+$")) then
    block.fail("a class as '(exact) name: parent' is expected, not '" .. rest .. "'")
  elseif block.type then
    block.fail("two types in one comment")
  end
  block.type = {
    kind = "class", name = name, text = take_words(block, ""), fields = {}, operators = {},
    has = {}, parents = {}, where = block.where,
  }
  for parent in parents:gmatch("[%w_.]+") do
    table.insert(block.type.parents, parent)
  end
end

function tags.field(block, rest)
  if not block.type or block.type.kind ~= "class" then
    block.fail("a field of no class")
  end
  local name, more = rest:match("^(%[[%w_]+%])%s+(.+)$")
  if not name then
    name, more = rest:match("^([%a_][%w_]*%??)%s+(.+)$")
  end
  if not name then
    block.fail("a field as 'name type' is expected, not '" .. rest .. "'")
  end
  local field = { where = block.where }
  field.name, field.optional = optional(name)
  field.type, more = luatype.read(more, block.fail)
  field.text = take_words(block, more)
  table.insert(block.type.fields, field)
end

function tags.operator(block, rest)
  local name, of, gives = rest:match("^(%l+)%((.-)%): (%l+)$")
  if not name or not block.type then
    block.fail("an operator as 'concat(any): string' is expected, not '" .. rest .. "'")
  end
  table.insert(block.type.operators, { name = name, of = of, gives = gives, text = take_words(block, "") })
end

function tags.alias(block, rest)
  local name, more = rest:match("^([%w_.]+)%s*(.*)$")
  if not name then
    block.fail("an alias needs a name")
  elseif block.type then
    block.fail("two types in one comment")
  end
  block.type = { kind = "alias", name = name, text = take_words(block, ""), values = {}, where = block.where }
  if more ~= "" then
    block.type.type, more = luatype.read(more, block.fail)
    if more ~= "" then
      block.fail("words behind an alias; they belong above it: '" .. more .. "'")
    end
  end
end

-- `| "value" # words`, of an alias
local function value(block, rest)
  local literal, text = rest:match('^%s*"([^"]*)"%s*#%s*(.*)$')
  if not literal or not block.type or block.type.kind ~= "alias" then
    block.fail("a value of an alias as '| \"value\" # words' is expected, not '|" .. rest .. "'")
  end
  table.insert(block.type.values, { name = literal, text = text, where = block.where })
end

-- Words after a parameter would be nobody's.
local function begin_signature(block)
  if not block.signature then
    block.signature = { text = take_words(block, ""), params = {}, returns = {}, generics = {}, where = block.where }
  elseif joined(block.words) ~= "" then
    block.fail("words between parameters; put them on a parameter's line, or before all of them")
  end
  return block.signature
end

function tags.generic(block, rest)
  local name, of = rest:match("^(%u%w*): (%l+)$")
  if not name then
    block.fail("a generic as 'T: table' is expected, not '" .. rest .. "'")
  end
  begin_signature(block).generics[name] = of
end

function tags.param(block, rest)
  local name, more = rest:match("^([%a_][%w_]*%??)%s+(.+)$")
  if not name then
    block.fail("a parameter as 'name type words' is expected, not '" .. rest .. "'")
  end
  local param = { where = block.where }
  param.name, param.optional = optional(name)
  param.type, param.text = luatype.read(more, block.fail)
  table.insert(begin_signature(block).params, param)
end

tags["return"] = function(block, rest)
  local ret = { where = block.where }
  local more
  ret.type, more = luatype.read(rest, block.fail)
  ret.name, ret.text = more:match("^([%a_][%w_]*)%s*(.*)$")
  if not ret.name then
    block.fail("a return as 'type name words' is expected, not '" .. rest .. "'")
  end
  table.insert(begin_signature(block).returns, ret)
end

local function read_line(block, text)
  local tag, rest = text:match("^@(%l+)%s*(.-)%s*$")
  if tag then
    local read = tags[tag] or block.fail("no idea what @" .. tag .. " is")
    read(block, rest)
  elseif text:find("^|") then
    value(block, text:sub(2))
  elseif text == "" or text:find("^ ") then
    table.insert(block.words, text:sub(2))
  else
    block.fail("a blank or a tag is expected after ---")
  end
end

local function new_block(path, line)
  local block = { words = {} }
  function block.go_to(number)
    block.where = path .. ":" .. number
    block.fail = fail_at(block.where)
  end
  block.go_to(line)
  return block
end

------------------------------------------------------------------- whose it is

-- How an object of a class is called in a signature: a Client, client.
local function instance(class)
  return class:match("[%w_]+$"):lower()
end

-- The names between the parentheses must be those of the annotations.
local function check_params(fn, names)
  local i = 0
  for name in names:gmatch("[%w_.]+") do
    i = i + 1
    local param = fn.params[i]
    if not param or param.name ~= name then
      fail_at(param and param.where or fn.where)(("parameter %d of %s is %s in the code, and %s here"):format(
        i, fn.name, name, param and param.name or "not"))
    end
  end
  if fn.params[i + 1] then
    fail_at(fn.params[i + 1].where)(("%s has no parameter %s"):format(fn.name, fn.params[i + 1].name))
  end
end

local function add_function(model, file, block, where, variable, sign, name, names)
  local class = file.classes[variable]
  if not class then
    if block then
      block.fail("documents a function of no public table: " .. variable .. sign .. name)
    end
    return
  end
  if not block then
    fail_at(where)(variable .. sign .. name .. " has no comment that begins with ---")
  end
  local fn = begin_signature(block)
  fn.name = (sign == ":" and instance(class) or class) .. sign .. name
  fn.class, fn.where = class, where
  check_params(fn, names)
  table.insert(model.functions, fn)
end

local function add_value(model, file, block, where, variable, name)
  local class = file.classes[variable]
  if not class then
    return block and block.fail("documents a value of no public table")
  elseif not block then
    fail_at(where)(variable .. "." .. name .. " has no comment that begins with ---")
  end
  table.insert(model.values, {
    name = class .. "." .. name, class = class, text = take_words(block, ""), where = where,
  })
end

-- The line below a block, or one without: what is public of it?
local function read_code(model, file, block, line, where)
  local variable, sign, name, names = line:match("^function ([%w_]+)([.:])([%w_]+) ?%((.-)%)")
  if variable then
    return add_function(model, file, block, where, variable, sign, name, names)
  end
  variable, name = line:match("^([%w_]+)%.([%w_]+) = ")
  if variable and (block or file.classes[variable]) then
    return add_value(model, file, block, where, variable, name)
  end
  variable = block and block.type and line:match("^local ([%w_]+) = ")
  if variable then
    file.classes[variable] = block.type.name
  elseif block and line ~= "" then
    block.fail("documents what is not public; private comments begin with --")
  elseif block and not block.type then
    if file.n_blocks > 1 then
      block.fail("documents nothing: an empty line follows")
    end
    file.header = take_words(block, "")
  end
end

local function finish_block(model, block)
  if block.signature and block.type then
    block.fail("a type and a function in one comment")
  elseif joined(block.words) ~= "" then
    block.fail("words that belong to nothing: " .. joined(block.words))
  elseif block.type then
    table.insert(model.types, block.type)
  elseif block.signature and not block.signature.name then
    block.fail("parameters of no function")
  end
end

--- Add what a file holds to a model. `lines`: an iterator over its lines. Returns
--- the words that it opens with.
function annotations.read(model, path, lines)
  local file, number, block = { classes = {}, n_blocks = 0 }, 0, nil
  local function below(line)
    if block then
      file.n_blocks = file.n_blocks + 1
    end
    read_code(model, file, block, line, path .. ":" .. number)
    if block then
      finish_block(model, block)
    end
    block = nil
  end
  for line in lines do
    number = number + 1
    local text = line:match("^%-%-%-(.*)$")
    if text and not text:find("^%-") then -- more dashes are a section's title
      block = block or new_block(path, number)
      block.go_to(number)
      read_line(block, text)
    else
      below(text and "" or line)
    end
  end
  below("")
  return file.header
end

---------------------------------------------------------------- the whole of it

local function check_type(model, pieces, where, generics)
  for _, piece in ipairs(pieces or {}) do
    local name = piece.name
    if name and not (luatype.is_builtin(name) or model.by_name[name] or (generics or {})[name]) then
      fail_at(where)("there is no type " .. name)
    end
  end
end

local function need_text(thing, what)
  if not thing.text or thing.text == "" then
    fail_at(thing.where)(what .. " " .. thing.name .. " has no description")
  end
end

local function check_all(model, list, what, owner, generics)
  for _, thing in ipairs(list or {}) do
    need_text(thing, what .. owner.name .. "'s")
    check_type(model, thing.type, thing.where, generics)
  end
end

--- Every name once, every type known, every description there.
function annotations.check(model)
  model.by_name = {}
  for _, list in ipairs({ model.types, model.functions, model.values }) do
    for _, thing in ipairs(list) do
      if model.by_name[thing.name] then
        fail_at(thing.where)(thing.name .. " is there twice, also at " .. model.by_name[thing.name].where)
      end
      model.by_name[thing.name] = thing
      need_text(thing, "")
    end
  end
  for _, class in ipairs(model.types) do
    check_type(model, class.type, class.where)
    check_all(model, class.fields, "", class)
    check_all(model, class.values, "", class)
    for _, parent in ipairs(class.parents or {}) do
      check_type(model, { { name = parent } }, class.where)
    end
  end
  for _, list in ipairs({ model.functions, model.values }) do
    for _, thing in ipairs(list) do
      table.insert(model.by_name[thing.class].has, thing.name)
    end
  end
  for _, fn in ipairs(model.functions) do
    check_all(model, fn.params, "", fn, fn.generics)
    check_all(model, fn.returns, "", fn, fn.generics)
  end
  return model
end

--- A model of these files.
function annotations.of_files(paths)
  local model = { headers = {}, types = {}, functions = {}, values = {} }
  for _, path in ipairs(paths) do
    model.headers[path] = annotations.read(model, path, io.lines(path))
  end
  return annotations.check(model)
end

return annotations
