--- HTML: texts made safe, Markdown turned into it by cmark, names made links.

local markup = {}

local unsafe = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

function markup.escape(text)
  return (text:gsub('[&<>"]', unsafe))
end

function markup.unescape(html)
  return (html:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&"))
end

--- What gathers texts: a function that adds some, and one that gives them all.
function markup.writer()
  local list = {}
  return function(...)
    for i = 1, select("#", ...) do
      list[#list + 1] = (select(i, ...))
    end
  end, function()
    return table.concat(list)
  end
end

--- Markdown, in which blocks of HTML may stand, to HTML.
function markup.of_markdown(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen("cmark --unsafe " .. path))
  local html = pipe:read("*a")
  local ok = pipe:close() -- LuaJIT may not tell
  os.remove(path)
  if not ok or html == "" then
    error("cmark failed; is it there?", 0)
  end
  return html
end

--- Make links of names in code, like `highlevel.new`, but for those in larger
--- examples. `address(name)` is where a name leads, or nil.
function markup.link_code(html, address)
  local function link(code)
    local to = address(markup.unescape(code))
    return to and ('<a href="%s"><code>%s</code></a>'):format(to, code) or nil
  end
  local parts, at = {}, 1
  repeat
    local from, to = html:find("<pre.-</pre>", at)
    parts[#parts + 1] = html:sub(at, (from or 0) - 1):gsub("<code>([^<]*)</code>", link)
    parts[#parts + 1] = from and html:sub(from, to) or ""
    at = (to or 0) + 1
  until not from
  return table.concat(parts)
end

--- Make links of the C library's names.
function markup.link_c(html, address)
  return (html:gsub("%f[%w_][hH][lL]_[%w_]+", function(name)
    return ('<a href="%s">%s</a>'):format(address(name), name)
  end))
end

--- A comment of C to HTML: paragraphs, what is set in as it is, names as links.
function markup.of_comment(text, address)
  local parts = {}
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n+") do
    local html = markup.link_c(markup.escape(paragraph):gsub("`([^`]*)`", "<code>%1</code>"), address)
    local tag = paragraph:find("^  ") and "pre" or "p"
    parts[#parts + 1] = ("<%s>%s</%s>\n"):format(tag, html, tag)
  end
  return table.concat(parts)
end

return markup
