--- Writes what highlevel.h says, as HTML.

local markup = require "spec.doc.markup"

local c_page = {}

--- The program that is shown.
c_page.EXAMPLE = "examples/update_contact.c"

-- Fields of structs are named with them, all else is named once.
local function anchor(item, member)
  return member.name:find("^HL_") and member.name or item.name .. "." .. member.name
end

-- Calls `visit(anchor, thing)` with everything that has a name.
local function each_name(header, visit)
  for _, section in ipairs(header.sections) do
    for _, item in ipairs(section.items) do
      if item.name then
        visit(item.name, item)
      end
      for _, member in ipairs(item.members or {}) do
        visit(anchor(item, member), member)
      end
    end
  end
end

-- Where a name of the library is described; an error for one that is not there.
local function addresses(header)
  local known = {}
  each_name(header, function(name, thing)
    if known[name] then
      error(thing.where .. ": " .. name .. " is there twice", 0)
    end
    known[name] = "#" .. name
  end)
  return function(name)
    return known[name] or error("highlevel.h speaks of " .. name .. ", which it does not have", 0)
  end
end

local function write_members(out, item, address)
  out("<dl>\n")
  for _, member in ipairs(item.members) do
    out('<dt id="', anchor(item, member), '"><code>', markup.link_c(markup.escape(member.code), address),
      "</code></dt>\n<dd>", markup.of_comment(member.text, address), "</dd>\n")
  end
  out("</dl>\n")
end

local function write_item(out, item, address)
  if item.kind == "note" then
    return out(markup.of_comment(item.text, address))
  end
  out('<section id="', item.name, '">\n<h3><code>', item.name, '</code></h3>\n<pre class="syntax">',
    markup.link_c(markup.escape(item.code), address), "</pre>\n", markup.of_comment(item.text, address))
  if item.members then
    write_members(out, item, address)
  end
  out("</section>\n")
end

--- The page's body; `contents` is a list of its names, as HTML, `example` the text
--- of EXAMPLE.
function c_page.html(header, contents, example)
  local out, all = markup.writer()
  local address = addresses(header)
  out("<h1>The C library</h1>\n", contents, markup.of_comment(header.intro, address))
  out("<h2>An example</h2>\n<p><code>", c_page.EXAMPLE, "</code>:</p>\n<pre><code>",
    markup.link_c(markup.escape(example), address), "</code></pre>\n")
  for _, section in ipairs(header.sections) do
    out("<h2>", (section.title:gsub("^%l", string.upper)), "</h2>\n")
    for _, item in ipairs(section.items) do
      write_item(out, item, address)
    end
  end
  return all()
end

--- Its functions, types and macros, in order.
function c_page.names(header)
  local names = {}
  for _, section in ipairs(header.sections) do
    for _, item in ipairs(section.items) do
      names[#names + 1] = item.name
    end
  end
  return names
end

return c_page
