--- Code that stands in a text: found, run in a process of its own, and held to
--- what its comments say that it prints.

local header = require "spec.doc.header"
local helper = require "helper"
local manual = require "spec.doc.manual"

local snippets = {}

--- Every kind of error that highlevel.h has: a printed one begins with it.
snippets.kinds = {}
for _, item in ipairs(header.of_file("core/highlevel.h").sections[1].items) do
  for _, member in ipairs(item.name == "hl_kind" and item.members or {}) do
    snippets.kinds[member.name:match("^HL_(.+)$"):lower()] = member.name ~= "HL_OK" or nil
  end
end

snippets.read = manual.read

--- Fenced blocks of Markdown: `lang`, `code` and `line`.
function snippets.blocks(text)
  local list, number, block = {}, 0, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local fence = line:match("^```(%l*)$")
    if fence and not block then
      block = { lang = fence, line = number, lines = {} }
    elseif fence then
      block.code = table.concat(block.lines, "\n") .. "\n"
      list[#list + 1] = block
      block = nil
    elseif block then
      table.insert(block.lines, line)
    end
  end
  return list
end

--- Blocks of Markdown that are set in by four blanks.
function snippets.set_in(text)
  local list, code = {}, nil
  for line in (text .. "\n\n."):gmatch("([^\n]*)\n?") do
    local inner = line:match("^    (.*)$")
    if inner then
      code = (code or "") .. inner .. "\n"
    elseif line ~= "" and code then
      list[#list + 1] = code
      code = nil
    end
  end
  return list
end

-- Blanks of any kind are one.
local function plain(line)
  return (line:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- The lines that a `-->` promises.
local function claims(code)
  return code:gmatch("%-%-> ([^\n]+)")
end

--- Is each line that a `-->` promises among those printed, in order? nil, or
--- the first one that is not.
function snippets.broken_promise(code, printed)
  local at, lines = 1, {}
  for line in printed:gmatch("[^\n]+") do
    lines[#lines + 1] = plain(line)
  end
  for claim in claims(code) do
    while lines[at] and lines[at] ~= plain(claim) do
      at = at + 1
    end
    if not lines[at] then
      return claim
    end
    at = at + 1
  end
end

--- A shell command: what it prints, and its exit status.
function snippets.shell(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null; echo status $?"))
  local text = pipe:read("*a")
  pipe:close()
  local printed, status = text:match("^(.-)status (%d+)\n$")
  return printed, tonumber(status)
end

--- Lua, in a process that has the sandbox's account: what it prints, and its
--- exit status.
function snippets.lua(code)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local printed, status = snippets.shell(("HIGHLEVEL_TOKEN=%s HIGHLEVEL_BASE_URL=%s %s %s"):format(
    helper.TOKEN, helper.env("HTTP"), helper.interpreter(), path))
  os.remove(path)
  return printed, status
end

-- Is there a line that shows an error of the library, and was not promised?
local function shows_error(code, printed)
  local promised = {}
  for claim in claims(code) do
    promised[plain(claim)] = true
  end
  for line in printed:gmatch("[^\n]+") do
    for kind in line:gmatch("%f[%w_](%l[%l_]+): ") do
      if snippets.kinds[kind] and not promised[plain(line)] then
        return true
      end
    end
  end
  return false
end

--- What is wrong with a run of `code`: nil if it ended well, printed what it
--- promised, and no other line that looks like an error of the library.
function snippets.complaint(code, printed, status)
  if status ~= 0 then
    return ("status %d: %s"):format(status, printed)
  elseif shows_error(code, printed) then
    return "an error: " .. printed
  end
  local claim = snippets.broken_promise(code, printed)
  return claim and ("it does not print '%s', but: %s"):format(claim, printed)
end

return snippets
