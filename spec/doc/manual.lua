--- The manual's pages, from the annotations of Lua and the header of C.

local annotations = require "spec.doc.annotations"
local c_page = require "spec.doc.c_page"
local header = require "spec.doc.header"
local lua_page = require "spec.doc.lua_page"
local markup = require "spec.doc.markup"
local parts = require "spec.doc.parts"

local manual = {}

local C_PART = { page = "c", title = "The C library" }

--- A file's text.
function manual.read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

--- All that the pages are made of: `lua`, `c`, `example`, `template`, `style`,
--- `version`.
function manual.sources()
  local lua = annotations.of_files({ "lua/highlevel/types.lua", "lua/highlevel.lua" })
  local c = header.of_file("core/highlevel.h")
  return {
    lua = lua, c = c,
    example = manual.read(c_page.EXAMPLE),
    template = manual.read("spec/doc/page.html"),
    style = manual.read("spec/doc/style.css"),
    version = c.sections[1].items[1].code:match('"(.-)"'),
  }
end

------------------------------------------------------------------------ links

-- What objects are called in examples and prose, and of which type they are.
local usual = {
  err = "highlevel.Error", info = "highlevel.Info", res = "highlevel.Answer", summary = "highlevel.Summary",
  status = "highlevel.Status",
}

-- The page of each name; every name must have one, and one only.
local function page_of_each(lua)
  local pages = {}
  for _, part in ipairs(parts) do
    for _, name in ipairs(part.items) do
      if pages[name] then
        error("spec/doc/parts.lua: " .. name .. " is on two pages", 0)
      elseif not lua.by_name[name] then
        error("spec/doc/parts.lua: there is no " .. name, 0)
      end
      pages[name] = part.page
    end
  end
  for name, thing in pairs(lua.by_name) do
    if not pages[name] then
      error(thing.where .. ": " .. name .. " is on no page; add it to spec/doc/parts.lua", 0)
    end
  end
  return pages
end

local function has_field(class, name)
  for _, field in ipairs(class.fields) do
    if field.name == name then
      return true
    end
  end
  return false
end

-- A function from a name to its address, nil for what is none of ours. What
-- looks like one of ours and is not there is a slip of the pen.
local function addresses(lua)
  local pages = page_of_each(lua)
  return function(code)
    local name = code:match("^[%w_.:]+") or ""
    if pages[name] then
      return pages[name] .. ".html#" .. name
    end
    local object, field = code:match("^(%l+)%.([%w_]+)$")
    local class = usual[object] and lua.by_name[usual[object]]
    if class and has_field(class, field) then
      return pages[class.name] .. ".html#" .. class.name .. "." .. field
    elseif class or name:find("^highlevel%.[%w_]+$") or name:find("^client:") then
      error("the manual speaks of " .. code .. ", which is not there", 0)
    end
    return nil
  end
end

------------------------------------------------------------------------ pages

local function contents(names, page)
  local out, all = markup.writer()
  out('<ul class="names">\n')
  for _, name in ipairs(names) do
    out('<li><a href="', page, "#", markup.escape(name), '"><code class="name">', markup.escape(name), "</code></a></li>\n")
  end
  out("</ul>\n\n")
  return all()
end

local function kind_of(lua, item)
  for _, kind in ipairs({ "types", "functions", "values" }) do
    for _, other in ipairs(lua[kind]) do
      if other == item then
        return kind
      end
    end
  end
end

local function part_body(lua, part, address)
  local out, all = markup.writer()
  out("# ", part.title, "\n\n", part.intro, "\n", contents(part.items, ""), part.notes or "", "\n")
  for _, name in ipairs(part.items) do
    local item = lua.by_name[name]
    lua_page.item(out, kind_of(lua, item), item, address)
  end
  return markup.link_code(markup.of_markdown(all()), address)
end

local function index_body(sources, address)
  local out, all = markup.writer()
  out("# lua-highlevel ", sources.version, "\n\n", sources.lua.headers["lua/highlevel.lua"], "\n\n")
  out("In signatures `[, x]` may be left out. A `?` behind a name: it may be absent; behind a type: it may be nil.\n\n")
  for _, part in ipairs(parts) do
    out("## [", part.title, "](", part.page, ".html)\n\n", part.intro, "\n", contents(part.items, part.page .. ".html"))
  end
  out("## [", C_PART.title, "](c.html)\n\n`core/highlevel.h`.\n\n", contents(c_page.names(sources.c), "c.html"))
  return markup.link_code(markup.of_markdown(all()), address)
end

local function whole(sources, title, body)
  local out, all = markup.writer()
  out('<a href="index.html">Contents</a>')
  for _, part in ipairs(parts) do
    out(' <a href="', part.page, '.html">', part.title, "</a>")
  end
  out(' <a href="c.html">', C_PART.title, "</a>")
  local values = { TITLE = title, NAV = all(), BODY = body, VERSION = sources.version }
  return (sources.template:gsub("@(%u+)@", values))
end

--- The manual's files: text by name.
function manual.files(sources)
  local address = addresses(sources.lua)
  local files = { ["style.css"] = sources.style }
  for _, part in ipairs(parts) do
    files[part.page .. ".html"] = whole(sources, part.title, part_body(sources.lua, part, address))
  end
  files["index.html"] = whole(sources, "Contents", index_body(sources, address))
  files["c.html"] = whole(sources, C_PART.title, c_page.html(
    sources.c, contents(c_page.names(sources.c), ""), sources.example))
  return files
end

return manual
