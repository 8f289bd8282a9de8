--- The import among the examples: reading CSV, and coming back after whatever
--- ended it.

local csv = require "examples.csv"
local helper = require "helper"
local rows = require "examples.rows"

local folder

local function path(name)
  return folder .. "/" .. name
end

local function write(name, text)
  local file = assert(io.open(path(name), "wb"))
  file:write(text)
  file:close()
  return path(name)
end

local function read(name)
  local file = io.open(path(name), "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

-- A shell command for the import with these arguments.
local function command(arguments, token, base_url)
  return ("HIGHLEVEL_TOKEN='%s' HIGHLEVEL_BASE_URL=%s %s examples/import_csv.lua %s"):format(
    token or helper.TOKEN, base_url or helper.env("HTTP"), helper.interpreter(), arguments)
end

-- Run it: what it printed, and its exit status.
local function import(arguments, token, base_url)
  local pipe = assert(io.popen(command(arguments, token, base_url) .. " 2>&1; echo status $?"))
  local text = pipe:read("*a")
  pipe:close()
  local printed, status = text:match("^(.*)status (%d+)\n$")
  return printed, tonumber(status)
end

setup(function()
  folder = helper.new_folder()
end)

teardown(function()
  os.execute("rm -r " .. folder)
end)

before_each(helper.reset)

describe("csv", function()
  local function records(text)
    local file, list = assert(io.open(write("in.csv", text), "rb")), {}
    local ok, why = pcall(function()
      for record in csv.records(file) do
        list[#list + 1] = record
      end
    end)
    file:close()
    return ok and list or tostring(why)
  end

  for i, case in ipairs({
    { "a,b\n1,2\n", { { "a", "b" }, { "1", "2" } } },
    { "a,b\r\n1,2\r\n", { { "a", "b" }, { "1", "2" } } },
    { "a,b\n1,2", { { "a", "b" }, { "1", "2" } } },
    { "\239\187\191a\n1\n", { { "a" }, { "1" } } },
    { "a,b\n,\n", { { "a", "b" }, { "", "" } } },
    { 'a\n"x"\n', { { "a" }, { "x" } } },
    { 'a\n""\n', { { "a" }, { "" } } },
    { 'a\n"x ""y"" z"\n', { { "a" }, { 'x "y" z' } } },
    { 'a,b\n"x,y",z\n', { { "a", "b" }, { "x,y", "z" } } },
    { 'a,b\n"x\ny",z\n1,2\n', { { "a", "b" }, { "x\ny", "z" }, { "1", "2" } } },
    { 'a\n"x\r\ny"\r\n', { { "a" }, { "x\r\ny" } } },
    { "a\n\n\r\n1\n", { { "a" }, { "1" } } },
    { "a\n x \n", { { "a" }, { " x " } } },
    { "a\n\195\188\n", { { "a" }, { "\195\188" } } },
    { "", {} },
    { 'a\n"x\n', "line 2: the quotes that open here are never closed" },
    { 'a\n"x"y\n', "line 2: text after closing quotes; quotes within a field are doubled" },
    { 'a\nx"y\n', "line 2: quotes within a field that has none around it" },
    { "a,b\n1\n", "line 2: 1 fields, where the first line has 2" },
    { 'a\n"1\n2"\n1,2\n', "line 4: 2 fields, where the first line has 1" },
  }) do
    it("reads case " .. i, function()
      assert.same(case[2], records(case[1]))
    end)
  end

  it("reads what it wrote, across the pieces in which a file is read", function()
    local list = {}
    for i = 1, 3000 do
      list[i] = { tostring(i), ('x,"\r\n'):rep(i % 40), "plain" }
    end
    local out = {}
    for i, record in ipairs(list) do
      out[i] = csv.line(record)
    end
    assert.same(list, records(table.concat(out)))
  end)
end)

describe("rows", function()
  local function row(text)
    return rows.csv(write("rows.csv", text)).rows()()
  end

  it("are fields by their columns", function()
    local first = row("id,firstName,lastName,tags,dnd,customFields.a,customFields.b:number,customFields.c:list\n"
      .. "c1,x,\\N,one; two,true,t,5.5,p;q\n")
    assert.equal("c1", first.id)
    assert.equal(2, first.line)
    assert.equal(require("highlevel").encode({
      firstName = "x", lastName = require("highlevel").null, tags = { "one", "two" }, dnd = true,
      customFields = {
        { id = "a", field_value = "t" }, { id = "b", field_value = 5.5 }, { id = "c", field_value = { "p", "q" } },
      },
    }), (require("highlevel").encode(first.fields)))
  end)

  it("leave the fields of empty cells alone", function()
    assert.same({ lastName = "y" }, row("contactId,firstName,lastName\nc1,,y\n").fields)
  end)

  it("take the id from the column that is named", function()
    local source = rows.csv(write("rows.csv", "who,firstName\nc7,x\n"), "who")
    assert.same({}, source.complaints)
    assert.equal("c7", source.rows()().id)
  end)
end)

describe("the import", function()
  it("applies every row, once, however often it is started", function()
    write("all.csv", "contactId,firstName\ncontact-i1,one\ncontact-i2,two\n")
    local text, status = import(path("all.csv"))
    assert.equal(0, status, text)
    assert.truthy(text:find("2 rows: 2 applied, 0 failed, 0 left (0 were done before)", 1, true), text)
    assert.is_nil(read("all.csv.failed.csv"))
    text, status = import(path("all.csv"))
    assert.equal(0, status, text)
    assert.truthy(text:find("all of it was done before; --restart begins anew", 1, true), text)
    assert.equal(1, helper.requests("contact-i1"))
    assert.equal(1, helper.requests("contact-i2"))
    import("--restart " .. path("all.csv"))
    assert.equal(2, helper.requests("contact-i1"))
  end)

  it("takes JSON lines", function()
    write("all.ndjson", '{"contactId":"contact-j1","tags":["a"]}\n\n{"id":"contact-j2","firstName":"b"}\n')
    local text, status = import(path("all.ndjson"))
    assert.equal(0, status, text)
    assert.equal(1, helper.requests("contact-j1"))
    assert.equal(1, helper.requests("contact-j2"))
  end)

  it("writes rows that failed in a form to be fed in again", function()
    write("some.csv", 'contactId,firstName,country\ncontact-s1,one,US\nfault-status-404,"a, b",\ncontact-s3,x,UX\n')
    local text, status = import(path("some.csv"))
    assert.equal(1, status, text)
    local failed = read("some.csv.failed.csv")
    local file = assert(io.open(path("some.csv.failed.csv"), "rb"))
    local list = {}
    for record in csv.records(file) do
      list[#list + 1] = record
    end
    file:close()
    assert.same({ "contactId", "firstName", "country", "error_kind", "error_message" }, list[1])
    assert.equal(3, #list, failed)
    assert.same({ "fault-status-404", "a, b", "", "not_found" }, { list[2][1], list[2][2], list[2][3], list[2][4] })
    assert.equal("invalid", list[3][4])
    assert.truthy(list[3][5]:find("country", 1, true))
    write("again.csv", (failed:gsub("fault%-status%-404", "contact-s2"):gsub("UX", "US")))
    text, status = import(path("again.csv"))
    assert.equal(0, status, text)
    assert.equal(1, helper.requests("contact-s2"))
    assert.equal(1, helper.requests("contact-s3"))
  end)

  it("sends nothing when the file, its columns or the options are wrong", function()
    write("typo.csv", "contactId,first_name\ncontact-t,x\n")
    write("noid.csv", "firstName\nx\n")
    write("torn.csv", 'contactId,firstName\ncontact-t,"x\n')
    for arguments, says in pairs({
      [path("typo.csv")] = "did you mean firstName?",
      [path("noid.csv")] = "no column for the contact's id",
      [path("torn.csv")] = "line 2: the quotes that open here are never closed",
      [path("nowhere.csv")] = "No such file",
      ["--rat 5 " .. path("typo.csv")] = "there is no option --rat",
      [""] = "which file?",
    }) do
      local text, status = import(arguments)
      assert.equal(2, status, text)
      assert.truthy(text:find(says, 1, true), text)
    end
    assert.equal(0, helper.admin("GET", "/journal?count").count)
  end)

  it("refuses a text in a column of numbers, which HighLevel might drop in silence", function()
    write("number.csv", "contactId,customFields.a:number\ncontact-d,1.5\ncontact-e,x\n")
    local text, status = import("--dry-run " .. path("number.csv"))
    assert.equal(1, status)
    assert.truthy(text:find("line 3: customFields[1].field_value: NaN is no number", 1, true), text)
    assert.is_nil(text:find("line 2", 1, true))
  end)

  it("checks every row and sends nothing with --dry-run", function()
    write("dry.csv", "contactId,country\ncontact-d,US\ncontact-e,UX\n,US\n")
    local text, status = import("--dry-run " .. path("dry.csv"))
    assert.equal(1, status)
    assert.truthy(text:find("line 3: country: ", 1, true), text)
    assert.truthy(text:find("line 4: the contact id is empty", 1, true), text)
    assert.truthy(text:find("3 rows of .* checked, 2 cannot be sent"), text)
    assert.equal(0, helper.admin("GET", "/journal?count").count)
  end)

  it("stops at a token that is not accepted, and goes on with a good one", function()
    write("stop.csv", "contactId,firstName\ncontact-x1,one\ncontact-x2,two\n")
    local text, status = import(path("stop.csv"), "expired-token")
    assert.equal(3, status, text)
    assert.truthy(text:find("stopped: unauthorized", 1, true), text)
    text, status = import(path("stop.csv"))
    assert.equal(0, status, text)
    assert.truthy(text:find("2 applied", 1, true), text)
  end)

  it("stops without a server, and goes on once it is there", function()
    write("down.csv", "contactId,firstName\ncontact-y1,one\ncontact-y2,two\n")
    local text, status = import(path("down.csv"), nil, helper.env("REFUSED"))
    assert.equal(3, status, text)
    assert.truthy(text:find("stopped: network: no connection to the server", 1, true), text)
    assert.truthy(text:find("0 applied, 0 failed, 2 left", 1, true), text)
    text, status = import(path("down.csv"))
    assert.equal(0, status, text)
    assert.equal(1, helper.requests("contact-y2"))
  end)

  it("says what is wrong with the token or the address, and sends nothing", function()
    write("token.csv", "contactId,firstName\ncontact-z1,one\n")
    for says, arguments in pairs({
      ["token: is empty"] = { " " },
      ["base_url: must begin with https://"] = { nil, "http://example.com" },
    }) do
      local text, status = import(path("token.csv"), arguments[1], arguments[2])
      assert.equal(2, status, text)
      assert.truthy(text:find("import: " .. says, 1, true), text)
      assert.is_nil(text:find("traceback", 1, true), text)
      assert.is_nil(read("token.csv.journal"))
    end
  end)

  it("does not go on with another file of that name, unless told to begin anew", function()
    write("other.csv", "contactId,firstName\ncontact-o1,one\n")
    import(path("other.csv"), "expired-token")
    write("other.csv", "contactId,firstName\ncontact-o2,two\n")
    local text, status = import(path("other.csv"))
    assert.equal(2, status, text)
    assert.truthy(text:find("--restart", 1, true), text)
    assert.equal(0, helper.requests("contact-o2"))
    text, status = import("--restart " .. path("other.csv"))
    assert.equal(0, status, text)
  end)

  -- Slow rows, so that whatever ends it comes in the middle.
  local function slow(name, n)
    local lines = { "contactId,firstName" }
    for i = 1, n do
      lines[#lines + 1] = ("fault-delay-20.%s%d,n%d"):format(name, i, i)
      if i % 100 == 0 then
        lines[#lines + 1] = ("fault-status-404.%s%d,n%d"):format(name, i, i)
        lines[#lines + 1] = ("contact-%s%d,"):format(name, i) -- nothing to update
      end
    end
    write(name .. ".csv", table.concat(lines, "\n") .. "\n")
  end

  -- Start it and send it a signal; has it come to its end before?
  local function interrupt(name, signal, seconds)
    local pipe = assert(io.popen(("%s & p=$!; sleep %.3f; kill -%s $p; wait $p; echo status $?"):format(
      command("--rate 0 --concurrency 16 " .. path(name .. ".csv")) .. " 2>&1", seconds, signal)))
    local text = pipe:read("*a")
    pipe:close()
    return text, tonumber(text:match("status (%d+)"))
  end

  it("goes on after Ctrl-C where it was", function()
    slow("c", 300)
    local text, status = interrupt("c", "INT", 0.3)
    if status == 3 then -- on a slow machine it had not begun
      assert.truthy(text:find("start it again to go on", 1, true), text)
    end
    text, status = import("--rate 0 " .. path("c.csv"))
    assert.equal(1, status, text)
    assert.truthy(text:find("306 rows: 300 applied, 6 failed, 0 left", 1, true), text)
  end)

  it("loses no row and repeats but a few, killed twenty times", function()
    math.randomseed(os.time())
    local kills, imports = 0, 0
    repeat
      imports = imports + 1
      local name, killed, seconds = "k" .. imports .. "-", 0, {}
      local text, status
      slow(name, 600)
      repeat
        seconds[#seconds + 1] = 0.02 + math.random() * 0.2
        text, status = interrupt(name, "KILL", seconds[#seconds])
        if status == 137 then
          killed = killed + 1
        end
      until status ~= 137 or kills + killed == 20
      if status == 137 then
        text, status = import("--rate 0 " .. path(name .. ".csv"))
      end
      local why = table.concat(seconds, " ") .. "\n" .. text
      assert.equal(1, status, why)
      assert.truthy(text:find("600 applied, 12 failed, 0 left", 1, true), why)
      kills = kills + killed
      local _, lines = read(name .. ".csv.failed.csv"):gsub("\n", "")
      assert.equal(13, lines, why) -- a head and 12 rows, each once
      local again = 0
      for i = 1, 600 do
        local n = helper.requests(("fault-delay-20.%s%d"):format(name, i))
        assert.is_true(n >= 1, why)
        again = again + n - 1
      end
      assert.is_true(again <= 16 * killed, again .. " repeated, " .. killed .. " killed\n" .. why)
    until kills >= 20
  end)
end)
