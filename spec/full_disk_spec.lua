--- The import among the examples, on a disk that is full: it says so and stops,
--- and goes on once there is room.

local csv = require "examples.csv"
local helper = require "helper"
local snippets = require "snippets"

local ROWS = 300
local FAILING = 5 -- each so manieth row fails, with
local MESSAGE = "status 404 as asked for; check the contact id and base_url (HTTP 404)"

local folder, mounted

-- Run it, after such shell commands: what it printed, and its exit status.
local function import(arguments, before)
  local text, status = snippets.shell(("( %s HIGHLEVEL_TOKEN='%s' HIGHLEVEL_BASE_URL=%s exec %s examples/import_csv.lua --rate 0 %s )"):format(
    before or "", helper.TOKEN, helper.env("HTTP"), helper.interpreter(), arguments))
  assert.is_nil(text:find("traceback", 1, true), text)
  return text, status
end

local function path(name)
  return folder .. "/" .. name
end

local function write(name, text)
  local file = assert(io.open(path(name), "wb"))
  assert(file:write(text))
  assert(file:close())
  return path(name)
end

-- An input of which some rows fail, and all rows' ids.
local function input(name)
  local lines, ids = { "contactId,firstName\n" }, {}
  for i = 1, ROWS do
    ids[i] = (i % FAILING == 0 and "fault-status-404." or "contact-") .. name .. i
    lines[#lines + 1] = ids[i] .. ",n" .. i .. "\n"
  end
  return write(name .. ".csv", table.concat(lines)), ids
end

local function is_there(name)
  local file = io.open(name, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- Every row was sent; those that failed, and no others, are in the file, whole.
local function check_nothing_lost(file, ids)
  for _, id in ipairs(ids) do
    assert.is_true(helper.requests(id) >= 1, id)
  end
  local failed = assert(io.open(file .. ".failed.csv", "rb"))
  local list = {}
  for record in csv.records(failed) do
    list[#list + 1] = record
  end
  failed:close()
  assert.equal(1 + ROWS / FAILING, #list)
  for i = 2, #list do
    local n = (i - 1) * FAILING
    assert.same({ ids[n], "n" .. n, "not_found", MESSAGE }, list[i])
  end
  assert.is_false(is_there(file .. ".failed.csv.new"))
end

local APPLIED = ("%d rows: %d applied, %d failed, 0 left"):format(ROWS, ROWS - ROWS / FAILING, ROWS / FAILING)

local function contains(text, what)
  assert.truthy(text:find(what, 1, true), text)
end

-- It goes on, and comes to its end; and the journal says so from then on.
local function check_goes_on(file, ids)
  local text, status = import(file)
  assert.equal(1, status, text)
  contains(text, APPLIED)
  check_nothing_lost(file, ids)
  text, status = import(file)
  assert.equal(1, status, text)
  contains(text, "all of it was done before")
  check_nothing_lost(file, ids)
end

setup(function()
  folder = helper.new_folder()
end)

teardown(function()
  os.execute("rm -r " .. folder)
end)

before_each(helper.reset)

describe("the import, when files may not grow further,", function()
  -- The signal is ignored, and writing fails with EFBIG. 512 bytes each.
  local function limit(blocks)
    return ("trap '' XFSZ; ulimit -f %d;"):format(blocks)
  end

  -- the line that is cut off, in another place each time
  for blocks = 1, 8 do
    it("stops with a reason at " .. blocks * 512 .. " bytes of journal, and goes on after", function()
      local file, ids = input("j" .. blocks .. "-")
      local text, status = import(file, limit(blocks))
      assert.equal(3, status, text)
      contains(text, ("import: stopped: %s.journal: File too large"):format(file))
      contains(text, "import: start it again to go on")
      check_goes_on(file, ids)
    end)
  end

  it("goes on after the signal that ends it by default", function()
    local file, ids = input("s")
    local _, status = import(file, "ulimit -c 0; ulimit -f 3;")
    assert.equal(153, status)
    check_goes_on(file, ids)
  end)

  it("begins if the journal's first line was cut off, for nothing was sent then", function()
    for _, text in ipairs({ "", "imp", "import of 12" }) do
      helper.reset()
      local file, ids = input("h")
      write("h.csv.journal", text)
      check_goes_on(file, ids)
    end
  end)

  it("does not write over a file that is no journal", function()
    local file = input("o")
    write("o.csv.journal", "dear diary")
    local text, status = import(file)
    assert.equal(2, status, text)
    contains(text, "o.csv.journal is of another file")
  end)

  it("does not begin without a journal", function()
    local file, ids = input("n")
    local text, status = import(file, limit(0))
    assert.equal(2, status, text)
    contains(text, ("import: %s.journal: File too large"):format(file))
    assert.equal(0, helper.admin("GET", "/journal?count").count)
    check_goes_on(file, ids)
  end)
end)

describe("the import, with /dev/full in place of a file,", function()
  if not is_there("/dev/full") then
    return pending("there is no /dev/full")
  end

  it("does not begin without a journal", function()
    local file = input("f")
    assert(os.execute("ln -s /dev/full " .. file .. ".journal"))
    local text, status = import("--restart " .. file)
    assert.equal(2, status, text)
    contains(text, ("import: %s.journal: No space left on device"):format(file))
    assert.equal(0, helper.admin("GET", "/journal?count").count)
  end)

  it("does not begin if its journal cannot be made", function()
    local file = input("d")
    assert(os.execute("mkdir " .. file .. ".journal"))
    local text, status = import("--restart " .. file)
    assert.equal(2, status, text)
    contains(text, ("import: %s.journal: Is a directory"):format(file))
  end)

  it("says that failures are not written, though its last bytes are what does not fit, and writes them later", function()
    local file, ids = input("l")
    assert(os.execute(("ln -s /dev/full %s.failed.csv.new"):format(file)))
    local text, status = import(file)
    assert.equal(3, status, text)
    contains(text, APPLIED)
    contains(text, ("import: rows that failed are not in their file yet: %s.failed.csv.new: No space left on device"):format(file))
    contains(text, "import: start it again to go on")
    assert.is_nil(text:find("stopped", 1, true), text)
    assert.is_false(is_there(file .. ".failed.csv"))
    check_goes_on(file, ids)
    for _, id in ipairs(ids) do
      assert.equal(1, helper.requests(id))
    end
  end)

  it("keeps the failures of before, if the new ones cannot be written", function()
    local file, ids = input("k")
    import(file)
    assert(os.execute(("ln -s /dev/full %s.failed.csv.new"):format(file)))
    local text, status = import(file)
    assert.equal(3, status, text)
    check_nothing_lost(file, ids)
  end)
end)

describe("the import, on a disk that is full,", function()
  local outside

  setup(function()
    outside = folder
    folder = folder .. "/disk"
    assert(os.execute("mkdir " .. folder))
    mounted = select(2, snippets.shell("mount -t tmpfs -o size=64k none " .. folder)) == 0
  end)

  teardown(function()
    if mounted then
      assert(os.execute("umount " .. folder))
    end
    folder = outside
  end)

  after_each(function()
    os.execute("rm -rf " .. folder .. "/*")
  end)

  -- Fill it, but for so many pages.
  local function fill(pages)
    snippets.shell(("dd if=/dev/zero of=%s/filler bs=4096; truncate -s -%d %s/filler"):format(folder, pages * 4096, folder))
  end

  for pages = 0, 3 do -- four would do
    it("loses nothing, with " .. pages .. " pages free", function()
      if not mounted then
        return pending("a tmpfs cannot be mounted here")
      end
      local file, ids = input("t" .. pages .. "-")
      fill(pages)
      local text, status = import(file)
      contains(text, "No space left on device")
      contains(text, "import: " .. (pages == 0 and file .. ".journal: " or ""))
      assert.equal(pages == 0 and 2 or 3, status, text)
      os.remove(folder .. "/filler")
      check_goes_on(file, ids)
    end)
  end
end)
