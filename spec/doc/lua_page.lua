--- Writes what the annotations say of one function, value or type, as Markdown
--- with blocks of HTML around it.

local markup = require "spec.doc.markup"

local lua_page = {}

local escape = markup.escape

-- A type, its names made links.
local function type_html(pieces, address)
  local parts = {}
  for i, piece in ipairs(pieces) do
    local to = piece.name and address(piece.name)
    local text = escape(piece.text)
    parts[i] = to and ('<a href="%s">%s</a>'):format(to, text) or text
  end
  return table.concat(parts)
end

-- An entry of a list: a field, a parameter, a value.
local function term(out, id, name, type_text, text)
  out('<dt id="', escape(id), '"><code>', escape(name), "</code>")
  if type_text then
    out(' <span class="type">', type_text, "</span>")
  end
  out("</dt>\n<dd>\n\n", text, "\n\n</dd>\n")
end

local function terms(out, title, owner, list, address)
  if #list == 0 then
    return
  end
  out(title and "<h3>" .. title .. "</h3>\n" or "", "<dl>\n")
  for _, thing in ipairs(list) do
    term(out, owner .. "." .. thing.name, thing.name .. (thing.optional and "?" or ""),
      thing.type and type_html(thing.type, address), thing.text)
  end
  out("</dl>\n\n")
end

-- "(id, fields [, opt])"
local function arguments(fn)
  local text, close = "", ""
  for i, param in ipairs(fn.params) do
    local comma = i > 1 and ", " or ""
    if param.optional then
      text = text .. (i > 1 and " [" or "[") .. comma .. param.name
      close = close .. "]"
    else
      text = text .. comma .. param.name
    end
  end
  return "(" .. text .. close .. ")"
end

local function syntax(fn)
  local names = {}
  for i, ret in ipairs(fn.returns) do
    names[i] = ret.name
  end
  return table.concat(names, ", ") .. (names[1] and " = " or "") .. fn.name .. arguments(fn)
end

local write = {}

function write.functions(out, fn, address)
  out('<pre class="syntax">', escape(syntax(fn)), "</pre>\n\n", fn.text, "\n\n")
  for name, of in pairs(fn.generics) do
    out(("`%s` stands for any %s.\n\n"):format(name, of))
  end
  terms(out, "Parameters", fn.name, fn.params, address)
  terms(out, "Returns", fn.name .. ".returns", fn.returns, address)
end

function write.values(out, value)
  out(value.text, "\n\n")
end

function write.types(out, class, address)
  if class.type then
    out('<pre class="syntax">', type_html(class.type, address), "</pre>\n\n")
  end
  out(class.text, "\n\n")
  if class.has and class.has[1] then
    out("It has `", table.concat(class.has, "`, `"), "`.\n\n")
  end
  for _, parent in ipairs(class.parents or {}) do
    out("And all of `", parent, "`.\n\n")
  end
  terms(out, nil, class.name, class.fields or class.values, address)
  for _, operator in ipairs(class.operators or {}) do
    out(("Operator `%s` with %s gives a %s.\n\n"):format(operator.name, operator.of, operator.gives))
  end
end

--- One item; `kind` is the model's list that it is from. `out(text...)` takes
--- what is written, `address(name)` says where a name is described.
function lua_page.item(out, kind, item, address)
  out('<section id="', escape(item.name), '">\n<h2><code class="name">', escape(item.name), "</code></h2>\n\n")
  write[kind](out, item, address)
  out("</section>\n\n")
end

return lua_page
