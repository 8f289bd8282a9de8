--- The manual and README: complete, true where that can be seen, and whole.

local annotations = require "spec.doc.annotations"
local errors = require "highlevel.errors"
local header = require "spec.doc.header"
local helper = require "helper"
local highlevel = require "highlevel"
local luatype = require "spec.doc.luatype"
local manual = require "spec.doc.manual"
local nginx_server = require "nginx_server"
local options = require "highlevel.options"
local pages = require "doc_pages"
local parts = require "spec.doc.parts"
local snippets = require "snippets"

local sources = manual.sources()
local lua, c = sources.lua, sources.c
local files = manual.files(sources)
local readme = snippets.read("README.md")

-- A set's names, sorted, to compare and to show.
local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function names_of(list)
  local set = {}
  for _, thing in ipairs(list) do
    set[thing.name] = true
  end
  return set
end

-- Is there a place for it on that page?
local function has_place(page, id)
  return files[page]:find('id="' .. id .. '"', 1, true) ~= nil
end

-- Rows of the tables under a title of README: lists of cells.
local function rows_under(title)
  local _, from = readme:find("\n##+ " .. title .. "\n")
  local rows, nth = {}, 0
  for line in readme:sub(from):match("^(.-\n)##"):gmatch("(.-)\n") do
    nth = line:find("^|") and nth + 1 or 0
    if nth > 2 then -- below the names of the columns, and a rule
      local cells = {}
      for cell in line:sub(2):gmatch("%s*(.-)%s*|") do
        cells[#cells + 1] = cell
      end
      rows[#rows + 1] = cells
    end
  end
  return rows
end

describe("the manual has", function()
  it("every public function, method and value, and no other", function()
    local there, described = {}, names_of(lua.functions)
    for name in pairs(highlevel) do
      there["highlevel." .. name] = true
    end
    local client = helper.client()
    for name in pairs(getmetatable(client).__index) do
      there["client:" .. name] = true
    end
    client:close()
    for _, value in ipairs(lua.values) do
      described[value.name] = true
    end
    for _, field in ipairs(lua.by_name.highlevel.fields) do
      described["highlevel." .. field.name] = true
    end
    assert.same(sorted(there), sorted(described))
  end)

  it("every kind of error that the core knows, with what to do, and README too", function()
    local named, in_readme = {}, {}
    for name in snippets.read("core/result.c"):match("hl_kind_name.-names%[%] = (%b{})"):gmatch('"([%w_]+)"') do
      named[name] = name ~= "ok" or nil
    end
    assert.same(sorted(snippets.kinds), sorted(named))
    assert.same(sorted(snippets.kinds), sorted(names_of(lua.by_name["highlevel.Kind"].values)))
    for _, cells in ipairs(rows_under("Errors")) do
      in_readme[cells[1]:match("^`([%w_]+)`$") or cells[1]] = true
    end
    assert.same(sorted(snippets.kinds), sorted(in_readme))
    for _, value in ipairs(lua.by_name["highlevel.Kind"].values) do
      assert.is_true(has_place("errors.html", "highlevel.Kind." .. value.name), value.name)
      assert.truthy(value.text:find("[.;] %u.*%.$"), "what happened, and what to do: " .. value.name)
    end
  end)

  it("every phase, and README too", function()
    local phases, described = {}, lua.by_name["highlevel.Phase"].values
    for name in snippets.read("core/result.c"):match("hl_phase_name.-names%[%] = (%b{})"):gmatch('"([%w_]+)"') do
      phases[name] = true
      assert.truthy(readme:find('`"' .. name .. '"`', 1, true), name)
      assert.is_true(has_place("errors.html", "highlevel.Phase." .. name), name)
    end
    assert.same(sorted(phases), sorted(names_of(described)))
    for _, item in ipairs(c.sections[1].items) do
      if item.name == "hl_phase" then
        assert.equal(#described + 1, #item.members) -- HL_PHASE_NONE
      end
    end
  end)

  it("README's words on nginx", function()
    local n, words = 0, readme:gsub("%s+", " ")
    local function is_there(text)
      n = n + 1
      assert.truthy(words:find(text:gsub("%s+", " "), 1, true), text)
    end
    for _, part in ipairs(parts) do
      for note in ((part.notes or "") .. "-"):gmatch("%- (.-)\n%f[-]") do
        is_there(note)
      end
      for phases in part.intro:gmatch("`server_rewrite`.-`ssl_certificate`") do
        is_there(phases)
      end
    end
    assert.equal(4, n)
  end)

  it("all that highlevel.h makes public", function()
    local text = snippets.read("core/highlevel.h"):gsub("/%*.-%*/", " ")
    local n = 0
    for name in text:gmatch("%f[%w_][hH][lL]_[%w_]+") do
      if name ~= "HL_API" then
        n = n + 1
        assert.is_true(has_place("c.html", name), name)
      end
    end
    for body, struct in text:gmatch("typedef struct hl_[%w_]+ (%b{}) ([%w_]+);") do
      for member in body:gmatch("([%w_]+)[%w_%[%]]*;") do
        n = n + 1
        assert.is_true(has_place("c.html", struct .. "." .. member), struct .. "." .. member)
      end
    end
    assert.is_true(n > 150, n)
  end)
end)

-------------------------------------------------------------------- options

-- The options that a check accepts: it lists them when it is given another.
local function accepted(check)
  local _, message = pcall(check, { ["no option has such a name"] = 1 }, "x", 1)
  local set = {}
  for name in message:match("there are: (.*)$"):gmatch("[%w_]+") do
    set[name] = true
  end
  return set
end

-- The fields of a class and of its parents.
local function fields_of(name, set)
  set = set or {}
  local class = lua.by_name[name]
  for _, field in ipairs(class.fields) do
    set[field.name] = field
  end
  for _, parent in ipairs(class.parents) do
    fields_of(parent, set)
  end
  return set
end

-- README's: by name its cells. `mark`: those that bear it only.
local function in_readme(title, mark)
  local set = {}
  for _, cells in ipairs(rows_under(title)) do
    if not mark or cells[1]:find(mark, 1, true) then
      set[cells[1]:match("^`([%w_]+)") or cells[1]] = cells
    end
  end
  return set
end

-- A default that is written as a value: its text. nil for words.
local function literal(text)
  text = text:gsub("`", ""):gsub("^%s+", "")
  return text:match("^%b{}") or text:match('^"[^"]*"') or text:match("^%d+%.?%d*%f[%s,;.%z]")
    or text:match("^true%f[%W]") or text:match("^false%f[%W]")
end

describe("options:", function()
  local bulk = in_readme("Many at once")
  for name, cells in pairs(in_readme("Options", "\\*")) do
    bulk[name] = cells
  end
  local cases = {
    { "highlevel.Options", options.check_client, in_readme("Options") },
    { "highlevel.CallOptions", options.check_call, in_readme("Options", "\\*") },
    { "highlevel.EncodeOptions", options.check_encode, in_readme("Options", "†") },
    { "highlevel.BulkOptions", options.check_bulk, bulk },
  }
  local n = 0

  for _, case in ipairs(cases) do
    local class, check, readmes = case[1], case[2], case[3]
    it(class .. " has those that are accepted, and README has them", function()
      local wanted, fields = sorted(accepted(check)), fields_of(class)
      assert.same(wanted, sorted(fields))
      assert.same(wanted, sorted(readmes))
      for name, field in pairs(fields) do
        local said = field.text:match("Default:?%s+(.+)$")
        local ours, theirs = said and literal(said), literal(readmes[name][2])
        if ours and theirs then
          n = n + 1
          assert.equal((theirs:gsub("%.$", "")), (ours:gsub("%.$", "")), name)
        end
      end
    end)
  end

  it("defaults were compared", function()
    assert.is_true(n >= 13, n)
  end)
end)

-------------------------------------------------------------------- types

-- The names in one of core/schema.c's lists of members, in both spellings.
local function members_of(list)
  local text, set = snippets.read("core/schema.c"):match("%f[%w_]" .. list .. "%[%] = (%b{});"), {}
  for name in text:gmatch('MEMBER%("([%w_]+)"') do
    set[name] = true
  end
  for name, v3 in text:gmatch('RESPELT%("([%w_]+)", "([%w_]+)"') do
    set[name], set[v3] = true, true
  end
  return set
end

describe("what is sent:", function()
  for class, list in pairs({
    ["highlevel.Fields"] = "contact_members", ["highlevel.CustomField"] = "custom_members",
    ["highlevel.DndSettings"] = "dnd_members", ["highlevel.DndChannel"] = "channel_members",
    ["highlevel.InboundDndSettings"] = "inbound_members", ["highlevel.InboundDnd"] = "inbound_all_members",
  }) do
    it(class .. " has the names that the core knows", function()
      assert.same(sorted(members_of(list)), sorted(fields_of(class)))
    end)
  end

  it("a contact has twenty fields", function()
    assert.equal(20, #sorted(fields_of("highlevel.Fields")))
  end)

  it("an empty text is refused where the manual says so", function()
    local said = lua.by_name["highlevel.Fields"].text:match("An empty one .*$")
    for name, field in pairs(fields_of("highlevel.Fields")) do
      if luatype.text(field.type):find("^string%f[^%w%[]") then
        local is_named = said:find("`" .. name .. "`", 1, true) ~= nil
        assert.equal(is_named, highlevel.encode({ [name] = "" }) == nil, name)
      end
    end
  end)
end)

-- What comes back: a list of values for each class.
local function all_that_comes_back()
  local given = {}
  local function add(class, value)
    given[class] = given[class] or {}
    table.insert(given[class], value)
  end
  local function add_end(res, err, info)
    add(res and "highlevel.Info" or "highlevel.Error", info or err)
    add("highlevel.RateLimit", (info or err).rate_limit)
    for _, attempt in ipairs((info or err).history or {}) do
      add("highlevel.Attempt", attempt)
    end
    if err and err.meta then
      add("highlevel.Duplicate", err.meta)
    elseif res then
      add("highlevel.Answer", res)
    end
  end

  for _, version in ipairs({ "2021-07-28", "v3" }) do
    local client = helper.client({ api_version = version, log = function(event)
      add("highlevel.Attempt", event)
    end })
    add_end(client:update_contact("fault-seq-503." .. version, { city = "x" }))
    add_end(client:update_contact("contact-types", { citty = "x" }))
    add_end(client:update_contact("contact-types", { email = "taken@example.com" }))
    for _, fault in ipairs({ "reset", "trace", "retry-1", "daily" }) do
      add_end(client:update_contact("fault-" .. fault, { city = "x" }, { retries = 0, token = fault })) -- a pace each
    end
    add("highlevel.Summary", client:update_contacts({ { "contact-types", { city = "x" } } }))
    add("highlevel.Summary", client:update_contacts({ { "contact-types", { city = "x" } } }, { token = "expired" }))
    add("highlevel.Status", highlevel.status(client))
    client:close()
  end
  for _, err in ipairs({ errors.memory, errors.closed, errors.stopped, errors.refused("x"), errors.invalid("x", "y") }) do
    add_end(nil, err)
  end
  for _, summary in ipairs(given["highlevel.Summary"]) do
    for _, failure in ipairs(summary.failures) do
      add("highlevel.Failure", failure)
    end
  end
  add("highlevel.Status", highlevel.status())
  return given
end

describe("what comes back", function()
  local given

  setup(function()
    helper.reset()
    given = all_that_comes_back()
  end)

  -- what the sandbox does not send, by class
  local unseen = { ["highlevel.Info"] = { trace_id = true }, ["highlevel.Answer"] = { traceId = true } }

  for _, name in ipairs({ "Error", "Duplicate", "Info", "Attempt", "RateLimit", "Answer", "Summary", "Failure", "Status" }) do
    local class = "highlevel." .. name
    it("has the fields of " .. class, function()
      local fields, seen = fields_of(class), {}
      for _, value in ipairs(given[class]) do
        for key in pairs(value) do
          seen[key] = type(key) == "string" or nil
        end
        for field_name, field in pairs(fields) do
          assert.is_true(field.optional or value[field_name] ~= nil, field_name)
        end
      end
      for field_name in pairs(unseen[class] or {}) do
        assert.is_nil(seen[field_name], field_name)
        seen[field_name] = true
      end
      assert.same(sorted(seen), sorted(fields))
    end)
  end
end)

------------------------------------------------------------------- examples

-- What the manual's examples take for granted.
local BEFORE = [[
local highlevel = require "highlevel"
local make = highlevel.new
function highlevel.new(opt)
  opt.base_url = opt.base_url or os.getenv "HIGHLEVEL_BASE_URL"
  return make(opt)
end
local client = highlevel.new { token = os.getenv "HIGHLEVEL_TOKEN" }
local id, contact_id = "contact-manual", "contact-manual"
]]

-- And for those that do not look at `err.kind`: no error is passed over.
local ALOUD = [[
local methods = getmetatable(client).__index
local update = methods.update_contact
function methods.update_contact(...)
  local res, err, info = update(...)
  if err then
    print(err)
  end
  return res, err, info
end
]]

describe("the manual's example", function()
  local n = 0
  local function examples(name, text)
    for _, code in ipairs(snippets.set_in(text)) do
      n = n + 1
      it("of " .. name .. " runs", function()
        local before = code:find("err.kind", 1, true) and BEFORE or BEFORE .. ALOUD
        local printed, status = snippets.lua(before .. code)
        assert.is_nil(snippets.complaint(code, printed, status))
      end)
    end
  end
  examples("all", lua.headers["lua/highlevel.lua"])
  for _, list in ipairs({ lua.functions, lua.values, lua.types }) do
    for _, thing in ipairs(list) do
      examples(thing.name, thing.text)
    end
  end

  it("was found", function()
    assert.is_true(n >= 13, n)
  end)

  if nginx_server.is_possible() then
    it("for nginx loads, and does it", function()
      helper.reset()
      local blocks = snippets.blocks(lua.by_name["client:update_contact_later"].text)
      assert.equal("nginx", blocks[1].lang)
      local server = nginx_server.start({
        http = ('init_by_lua_block { client = require("highlevel").new { token = "pit-1", base_url = "%s" } }')
          :format(helper.env("HTTP")),
        server = blocks[1].code,
      })
      server:get("/seen?id=contact-seen")
      local done = server:until_true(3, function()
        return helper.requests("contact-seen") == 1
      end)
      local log = server:log()
      server:quit()
      server:remove()
      assert.is_true(done, log)
    end)
  end
end)

---------------------------------------------------------------------- pages

describe("the pages", function()
  it("are whole: tags, links, anchors, no empty description", function()
    assert.same({}, pages.problems(files))
    local n = 0
    for _ in pairs(files) do
      n = n + 1
    end
    assert.equal(9, n)
  end)

  for _, case in ipairs({
    { "<p><b>x</p>", "a.html: </p> ends <b>" },
    { "<p>x", "a.html: <p> has no end" },
    { '<a href="b.html">x</a>', "a.html: there is no b.html" },
    { '<a href="#x">x</a>', "a.html: there is no a.html#x" },
    { '<p id="x">x</p><p id="x">x</p>', "a.html: two are x" },
    { "<dd>\n</dd>", "a.html: <dd> is empty" },
    { "<p> </p>", "a.html: <p> is empty" },
    { "<dl><dt>x</dt></dl>", "a.html: <dt> x has no <dd>" },
  }) do
    it("are not, with " .. case[1], function()
      assert.same({ case[2] }, pages.problems({ ["a.html"] = case[1] }))
    end)
  end
end)

-------------------------------------------------------------------- readers

-- A model of these lines, or why there is none.
local function lua_model(text)
  local model = { types = {}, functions = {}, values = {} }
  local ok, why = pcall(function()
    annotations.read(model, "x.lua", (text .. "\n"):gmatch("(.-)\n"))
    annotations.check(model)
  end)
  return ok and model or why
end

local TABLE = "--- It.\n---@class x\nlocal x = {}\n\n"

describe("annotations that cannot be read fail, by line:", function()
  for _, case in ipairs({
    { TABLE .. "--- F.\n---@nodiscard\nfunction x.f() end", "x.lua:6: no idea what @nodiscard is" },
    { TABLE .. "function x.f() end", "x.lua:5: x.f has no comment that begins with ---" },
    { TABLE .. "x.v = 1", "x.lua:5: x.v has no comment that begins with ---" },
    { TABLE .. "--- F.\n---@param a string words\nfunction x.f(b) end", "x.lua:6: parameter 1 of x.f is b in the code, and a here" },
    { TABLE .. "--- F.\nfunction x.f(b) end", "x.lua:6: parameter 1 of x.f is b in the code, and not here" },
    { TABLE .. "--- F.\n---@param a string words\nfunction x.f() end", "x.lua:6: x.f has no parameter a" },
    { TABLE .. "--- F.\n---@param a string\nfunction x.f(a) end", "x.lua:6: x.f's a has no description" },
    { TABLE .. "--- F.\n---@return string\nfunction x.f() end", "x.lua:6: a return as 'type name words' is expected, not 'string'" },
    { TABLE .. "---@param a string words\nfunction x.f(a) end", "x.lua:6:  x.f has no description" },
    { TABLE .. "--- F.\n---@param a Strang words\nfunction x.f(a) end", "x.lua:6: there is no type Strang" },
    { TABLE .. "--- F.\n---@param a string words\n--- more\n---@param b string words\nfunction x.f(a, b) end",
      "x.lua:8: words between parameters; put them on a parameter's line, or before all of them" },
    { TABLE .. "--- F.\n---@param a string words\n--- more\nfunction x.f(a) end",
      "x.lua:7: words between parameters; put them on a parameter's line, or before all of them" },
    { "--- T.\n---@class t\n--- A.\n---@field a string\n--- more", "x.lua:5: words that belong to nothing: more" },
    { TABLE .. "--- Nobody's.\n\nreturn x", "x.lua:5: documents nothing: an empty line follows" },
    { TABLE .. "--- Nobody's.\nlocal function f() end", "x.lua:5: documents what is not public; private comments begin with --" },
    { "--- T.\n---@class t\n---@field a string", "x.lua:3: t's a has no description" },
    { "--- T.\n---@class t\n---@field a", "x.lua:3: a field as 'name type' is expected, not 'a'" },
    { "--- T.\n---@class t\n---@field a { b: string } words", "x.lua:3: a type is missing in the type at '{ b: string } words'" },
    { "--- T.\n---@class t\n--- A.\n---@field a string words", "x.lua:4: words both before the tag and behind it" },
    { "--- T.\n---@class t < u", "x.lua:2: a class as '(exact) name: parent' is expected, not 't < u'" },
    { '--- T.\n---@alias t\n---| "a"', "x.lua:3: a value of an alias as '| \"value\" # words' is expected, not '| \"a\"'" },
    { "---@alias t string", "x.lua:1:  t has no description" },
    { "--- T.\n---@alias t string\n\n--- T.\n---@alias t string", "x.lua:5: t is there twice, also at x.lua:2" },
    { "---T.\n---@alias t string", "x.lua:1: a blank or a tag is expected after ---" },
  }) do
    it(case[2], function()
      assert.equal(case[2], lua_model(case[1]))
    end)
  end

  it("but all is in the model that can", function()
    local model = lua_model("--- T.\n---@class exact\n\n--- T.\n---@class (exact) client: exact")
    assert.same({ "exact", "client", "exact" }, { model.types[1].name, model.types[2].name, model.types[2].parents[1] })
    model = lua_model(TABLE .. "--- F.\n---@param a? string | fun(b?: x): x[] words\n---@return x? y more\nfunction x.f(a) end")
    local fn = model.functions[1]
    assert.equal("x.f", fn.name)
    assert.equal("string | fun(b?: x): x[]", luatype.text(fn.params[1].type))
    assert.same({ "a", true, "words", "y", "more" }, {
      fn.params[1].name, fn.params[1].optional, fn.params[1].text, fn.returns[1].name, fn.returns[1].text,
    })
  end)
end)

local function c_model(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  local ok, why = pcall(header.read, "x.h", lines)
  return ok and why or why
end

describe("a header that cannot be read fails, by line:", function()
  for _, case in ipairs({
    { "HL_API void hl_f (void);", "x.h:1: hl_f has no comment" },
    { "typedef struct hl_x hl_x;", "x.h:1: hl_x has no comment" },
    { "#define HL_X 1", "x.h:1: HL_X has no comment" },
    { "/* X. */\ntypedef struct hl_x {\n  int a;\n} hl_x;", "x.h:3: a has no comment" },
    { "/* X. */\ntypedef enum hl_x {\n  HL_A, /* a */\n  HL_B\n} hl_x;", "x.h:4: HL_B has no comment" },
    { "/* X. */\ntypedef struct hl_x {\n  int (*f)(void); /* f */\n} hl_x;", "x.h:3: a member is expected, not '  int (*f)(void); /* f */'" },
    { "union x;", "x.h:1: no idea what this is: union x;" },
    { "/* X. */\n/* Y. */\nHL_API void hl_f (void);", "x.h:2: two comments, and nothing between them" },
  }) do
    it(case[2], function()
      assert.equal(case[2], c_model(case[1]))
    end)
  end
end)
