--- Reads core/highlevel.h into a model: sections of declarations, with their
--- comments. Like annotations.lua it fails, naming file and line, on what it
--- cannot read, and on what has no comment.
---
---   header.intro        what the file says of itself
---   header.sections     { title, items }
---
--- An item has `kind` ("note", "macro", "opaque", "enum", "struct",
--- "function"), `text`, and but for notes `name`, `code` and `where`; enums and
--- structs have `members`, each with `name`, `code` and `text`.

local header = {}

local reader = {}
reader.__index = reader

function reader:fail(message)
  error(("%s:%d: %s"):format(self.path, self.number, message), 0)
end

function reader:next_line()
  self.number = self.number + 1
  return self.lines[self.number]
end

-- The text of a comment that begins in `line`, without its stars.
function reader:comment(line)
  local words = {}
  local text = line:match("/%*+%s?(.*)$")
  while not text:find("*/", 1, true) do
    words[#words + 1] = text
    line = self:next_line() or self:fail("a comment without an end")
    text = line:match("^%s*%*%*/$") and "*/" or line:match("^%s*%*%* ?(.*)$") or line:match("^%s*(%*/)$")
    if not text then
      self:fail("a comment's lines begin with **")
    end
  end
  if not text:find("%*/%s*$") then
    self:fail("something stands behind a comment")
  end
  words[#words + 1] = text:match("^(.-)%s*%*/%s*$")
  return (table.concat(words, "\n"):gsub("^%s+", ""):gsub("%s+$", ""))
end

function reader:add(item)
  if item.kind ~= "note" and (item.text or "") == "" then
    self:fail(item.name .. " has no comment")
  end
  table.insert(self.section.items, item)
end

-- What stands above a declaration; it is used up.
function reader:above()
  local text = self.pending
  self.pending = nil
  return text
end

-- A line's code, and the comment behind it.
function reader:split(line)
  local code = line:match("^(.-)%s*/%*")
  if not code then
    return (line:gsub("%s+$", "")), nil
  end
  return code, self:comment(line:sub(#code + 1))
end

local function item_at(self, kind, name, code, text)
  return { kind = kind, name = name, code = code, text = text, where = self.path .. ":" .. self.number }
end

-- One member of an enum or a struct; `more` comes from the line before.
function reader:member(line, above)
  local code, behind = self:split(line)
  local name = code:match("^%s*(HL_[%u%d_]+)[ =%d]*,?$") or code:match("^%s*[%w_ *]-([%w_]+)[%w_%[%]]*;$")
  if not name then
    self:fail("a member is expected, not '" .. line .. "'")
  elseif above and behind then
    self:fail(name .. " has two comments")
  end
  local member = item_at(self, "member", name, code:match("^%s*(.-),?$"), above or behind)
  if not member.text then
    self:fail(name .. " has no comment")
  end
  return member
end

-- The members up to the line that `last` matches; what that line is.
function reader:members(list, last)
  local above
  while true do
    local line = self:next_line() or self:fail("a declaration without an end")
    local found = line:match(last)
    if found then
      return found, line
    elseif line:find("^%s*/%*") then
      above = self:comment(line)
    elseif line:find("^%s*enum {$") then
      self:inner_enum(list, above)
      above = nil
    elseif line ~= "" then
      list[#list + 1] = self:member(line, above)
      above = nil
    end
  end
end

-- `enum { A, B } name;` within a struct: its values are members as well.
function reader:inner_enum(list, above)
  local values = {}
  local name = self:members(values, "^%s*} ([%w_]+);")
  local member = item_at(self, "member", name, "enum { ... } " .. name .. ";", above)
  if not member.text then
    self:fail(name .. " has no comment")
  end
  list[#list + 1] = member
  for _, value in ipairs(values) do
    list[#list + 1] = value
  end
end

function reader:compound(kind, name)
  local members = {}
  local item = item_at(self, kind, name, nil, self:above())
  self:members(members, "^} " .. name .. ";$")
  item.members = members
  item.code = ("typedef %s %s"):format(kind, name)
  self:add(item)
end

-- A prototype, up to its semicolon.
function reader:prototype(line)
  local text = self:above()
  local code, behind = self:split(line)
  local lines = { (code:gsub("^HL_API ", "")) }
  while not code:find(";$") do
    code, behind = self:split(self:next_line() or self:fail("a prototype without an end"))
    lines[#lines + 1] = (code:gsub("^       ", "")) -- what HL_API took
  end
  code = table.concat(lines, "\n")
  local name = code:match("(hl_[%w_]+) %(") or self:fail("a function as 'name (parameters);' is expected")
  if text and behind then
    self:fail(name .. " has two comments")
  end
  self:add(item_at(self, "function", name, code, text or behind))
end

-- Lines that only the compiler reads.
local plumbing = {
  "^#ifndef HIGHLEVEL_H$", "^#define HIGHLEVEL_H$", "^#include <[%w_./]+>$", "^#if defined%(__GNUC__%)$", "^#else$",
  "^#ifdef __cplusplus$", "^#endif$", '^extern "C" {$', "^}$", "^#define HL_API[%w%s_()\"]*$",
}

local function is_plumbing(line)
  for _, pattern in ipairs(plumbing) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

function reader:macro(line)
  local code, behind = self:split(line)
  local name = code:match("^#define (HL_[%u_]+) [^\\]+$") or self:fail("a macro as '#define HL_NAME value' is expected")
  self:add(item_at(self, "macro", name, code, self:above() or behind))
end

-- A comment that an empty line follows belongs to the section.
function reader:note()
  local text = self:above()
  if text and not self.header.intro then
    self.header.intro = text
  elseif text then
    self:add(item_at(self, "note", nil, nil, text))
  end
end

function reader:begin_section(title)
  self:note()
  self.section = { title = title, items = {} }
  table.insert(self.header.sections, self.section)
end

function reader:declaration(line)
  local opaque, same = line:match("^typedef struct ([%w_]+) ([%w_]+);$")
  local kind, name = line:match("^typedef (%l+) (hl_[%w_]+) {$")
  if opaque and opaque == same then
    self:add(item_at(self, "opaque", opaque, line, self:above()))
  elseif kind == "enum" or kind == "struct" then
    self:compound(kind, name)
  elseif line:find("^HL_API ") then
    self:prototype(line)
  elseif line:find("^#define HL_") and not is_plumbing(line) then
    self:macro(line)
  elseif not is_plumbing(line) then
    self:fail("no idea what this is: " .. line)
  end
end

function reader:read()
  self:begin_section("Results")
  local line = self:next_line()
  while line do
    local title = line:match("^/%*%-+ (.-) ?%*/$")
    if title then
      self:begin_section(title)
    elseif line:find("^/%*") then
      if self.pending then
        self:fail("two comments, and nothing between them")
      end
      self.pending = self:comment(line)
    elseif line == "" or is_plumbing(line) then
      self:note()
    else
      self:declaration(line)
    end
    line = self:next_line()
  end
  return self.header
end

--- Read it from a list of lines.
function header.read(path, lines)
  local self = { path = path, lines = lines, number = 0, header = { sections = {} } }
  return setmetatable(self, reader):read()
end

--- Read it from its file.
function header.of_file(path)
  local lines = {}
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  return header.read(path, lines)
end

return header
