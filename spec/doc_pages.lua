--- Are pages of HTML whole? For spec/doc_spec.lua.

local doc_pages = {}

local void = { meta = true, link = true, br = true, hr = true, img = true }

-- Calls `say` for tags that do not end, or not in order, and for empty ones.
local function check_tags(html, say)
  local open = {}
  for slash, name, at in html:gmatch("<(/?)(%l+%d?)[^>]*>()") do
    if slash == "" and not void[name] then
      open[#open + 1] = { name = name, at = at }
    elseif slash ~= "" then
      local last = table.remove(open)
      if not last or last.name ~= name then
        return say(("</%s> ends <%s>"):format(name, last and last.name or "nothing"))
      end
      local inner = html:sub(last.at, at - #name - 4)
      if inner:find("^%s*$") then
        say(("<%s> is empty"):format(name))
      end
    end
  end
  if open[1] then
    say(("<%s> has no end"):format(open[#open].name))
  end
end

local function check_terms(html, say)
  for term, after in html:gmatch("<dt[^>]*>(.-)</dt>%s*([^%s]*)") do
    if not after:find("^<dd>") then
      say("<dt> " .. term:gsub("<[^>]+>", "") .. " has no <dd>")
    end
  end
end

local function ids_of(html, say)
  local ids = {}
  for id in html:gmatch(' id="([^"]*)"') do
    if ids[id] and say then
      say("two are " .. id)
    end
    ids[id] = true
  end
  return ids
end

local function check_links(files, name, say)
  for link in files[name]:gmatch(' href="([^"]*)"') do
    local page, id = link:match("^([^#]*)#?(.*)$")
    page = page == "" and name or page
    if not files[page] then
      say("there is no " .. page)
    elseif id ~= "" and not ids_of(files[page])[id] then
      say(("there is no %s#%s"):format(page, id))
    end
  end
end

--- What is wrong with these files, a text by name each: a list.
function doc_pages.problems(files)
  local list = {}
  for name, html in pairs(files) do
    local function say(what)
      list[#list + 1] = name .. ": " .. what
    end
    check_links(files, name, say)
    if name:find("%.html$") then
      ids_of(html, say)
      check_terms(html, say)
      check_tags(html, say)
    end
  end
  table.sort(list)
  return list
end

return doc_pages
