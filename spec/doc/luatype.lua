--- Types as LuaCATS writes them, read into pieces: texts to show as they are,
--- and names of types, which can be links.

local luatype = {}

local builtin = {
  any = true, boolean = true, integer = true, lightuserdata = true, ["nil"] = true,
  number = true, string = true, table = true,
}

--- Is it one of Lua's own?
function luatype.is_builtin(name)
  return builtin[name] == true
end

local reader = {}
reader.__index = reader

-- What stands next, blanks before it left out; nil if it is something else.
function reader:take(pattern)
  local _, stop, found = self.text:find("^%s*(" .. pattern .. ")", self.at)
  if found then
    self.at = stop + 1
  end
  return found
end

function reader:need(pattern, what)
  return self:take(pattern) or self.fail(("%s is missing in the type at '%s'"):format(what, self.text:sub(self.at)))
end

function reader:show(text)
  self.pieces[#self.pieces + 1] = { text = text }
end

function reader:list(one, close)
  if self:take(close) then
    return
  end
  repeat
    one(self)
    local more = self:take(",")
    if more then
      self:show(", ")
    end
  until not more
  self:need(close, "an end")
end

-- After `fun`: its parameters, and what it returns.
function reader:signature()
  self:need("%(", "(")
  self:show("fun(")
  self:list(function()
    self:show(self:need("[%a_][%w_]*%??", "a parameter's name"))
    if self:take(":") then
      self:show(": ")
      self:union()
    end
  end, "%)")
  self:show(")")
  if self:take(":") then
    self:show(": ")
    self:union()
    while self:take(",") do
      self:show(", ")
      self:union()
    end
  end
end

function reader:arguments()
  self:show("table<")
  self:list(self.union, ">")
  self:show(">")
end

-- `[]` and `?`, which follow without a blank
function reader:marks()
  local mark
  repeat
    local rest = self.text:sub(self.at)
    mark = rest:match("^%[%]") or rest:match("^%?")
    if mark then
      self.at = self.at + #mark
      self:show(mark)
    end
  until not mark
end

function reader:unit()
  local literal = self:take('"[^"]*"') or self:take("%d+") or self:take("true") or self:take("false")
  if literal then
    self:show(literal)
  elseif self:take("%(") then
    self:show("(")
    self:union()
    self:need("%)", ")")
    self:show(")")
  else
    local name = self:need("[%a_][%w_.]*", "a type")
    if name == "fun" then
      self:signature()
    elseif name == "table" and self:take("<") then
      self:arguments()
    else
      self.pieces[#self.pieces + 1] = { name = name, text = name }
    end
  end
  self:marks()
end

function reader:union()
  self:unit()
  while self:take("|") do
    self:show(" | ")
    self:unit()
  end
end

--- Read the type that `text` begins with. `fail(message)` is called for what
--- is none. Returns its pieces, and what follows it.
function luatype.read(text, fail)
  local self = setmetatable({ text = text, at = 1, pieces = {}, fail = fail }, reader)
  self:union()
  return self.pieces, text:sub(self.at):match("^%s*(.-)%s*$")
end

--- As one text.
function luatype.text(pieces)
  local list = {}
  for i, piece in ipairs(pieces) do
    list[i] = piece.text
  end
  return table.concat(list)
end

return luatype
