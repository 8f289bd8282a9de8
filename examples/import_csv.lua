--- Update contacts from a file: CSV, or JSON lines (.ndjson, .jsonl).
---
---     HIGHLEVEL_TOKEN=pit-... lua examples/import_csv.lua people.csv
---
--- See `--help`. It can be stopped at any moment, by Ctrl-C or worse, and goes on
--- where it was when it is started again.

local highlevel = require "highlevel"
local journal = require "examples.journal"
local rows = require "examples.rows"

local HELP = [[
usage: import_csv.lua [OPTIONS] FILE

The first line of a CSV file names the columns: contactId (or contact_id, or id), and fields of a
contact as the API names them. tags holds texts between semicolons; customFields.ID a custom field's
value, customFields.ID:number a number, customFields.ID:list a list. An empty cell leaves its field
alone; \N empties it. JSON lines (.ndjson, .jsonl) hold one object each, the id in it.

  --id NAME          the column with the contact's id
  --dry-run          check every row, send nothing
  --concurrency N    updates at a time (64)
  --rate N/SECONDS   requests in any so many seconds (100/10); 0 for no limit
  --failed FILE      where rows that failed go (FILE.failed.csv): mend them and feed it in again
  --restart          begin anew, whatever was done before
  --help             this

FILE.journal says what is done. Once every row has come to its end nothing is sent again: remove it, or
give --restart, to import the file anew.
Exit status: 0 every row was applied, 1 some failed, 2 nothing was sent (usage, columns, file),
3 stopped early (Ctrl-C, the day's limit, a token that is not accepted, no connection, a full disk):
start it again to go on.
The account: HIGHLEVEL_TOKEN, HIGHLEVEL_BASE_URL.
]]

local function give_up(text)
  io.stderr:write("import: ", text, "\n")
  os.exit(2, true) -- the client, if there is one, is ended as well
end

------------------------------------------------------------------- arguments

local takes = { id = true, concurrency = true, rate = true, failed = true, restart = false, ["dry-run"] = false }

local function arguments(list)
  local opt, i = {}, 1
  while i <= #list do
    local name = list[i]:match("^%-%-(.+)$")
    if name == "help" then
      io.write(HELP)
      os.exit(0)
    elseif name and takes[name] == nil then
      give_up("there is no option --" .. name .. "; see --help")
    elseif name and takes[name] then
      i = i + 1
      opt[name] = list[i] or give_up("--" .. name .. " needs a value")
    elseif name then
      opt[name] = true
    elseif opt.file then
      give_up("one file at a time, not " .. opt.file .. " and " .. list[i])
    else
      opt.file = list[i]
    end
    i = i + 1
  end
  return opt.file and opt or give_up("which file? see --help")
end

local function rate_limit(text)
  if not text then
    return nil
  elseif text == "0" then
    return false
  end
  local n, seconds = text:match("^(%d+)/(%d+%.?%d*)$")
  if not n or tonumber(n) < 1 or tonumber(seconds) <= 0 then
    give_up("--rate must be like 100/10, not " .. text)
  end
  return { requests = tonumber(n), interval = tonumber(seconds) }
end

local function count(text, name)
  local n = text and tonumber(text)
  if text and (not n or n < 1 or n % 1 ~= 0) then
    give_up("--" .. name .. " must be a whole number, 1 or more, not " .. text)
  end
  return n
end

local function open_source(opt)
  local file, why = io.open(opt.file, "rb")
  if not file then
    give_up(why)
  end
  file:close()
  local json = opt.file:find("%.ndjson$") or opt.file:find("%.jsonl$")
  local ok, source = pcall(json and rows.ndjson or rows.csv, opt.file, opt.id)
  if not ok then
    give_up(opt.file .. ": " .. tostring(source))
  elseif #source.complaints > 0 then
    give_up(opt.file .. ":\n  " .. table.concat(source.complaints, "\n  "))
  end
  return source
end

-- Read all of it once: a file that breaks off in the middle is better known
-- before anything is sent. Returns the number of rows.
local function count_rows(opt)
  local n = 0
  local ok, why = pcall(function()
    for _ in open_source(opt).rows() do
      n = n + 1
    end
  end)
  if not ok then
    give_up(opt.file .. ": " .. tostring(why))
  end
  return n
end

-------------------------------------------------------------------- progress

local on_terminal = os.execute("test -t 2")
on_terminal = on_terminal == true or on_terminal == 0

local function clock(seconds)
  seconds = math.floor(seconds + 0.5)
  return ("%d:%02d:%02d"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60)
end

local shown = 0

-- A bar on a terminal, a line now and then elsewhere.
local function show(done, total, skipped, summary, last)
  if not last and summary.seconds - shown < (on_terminal and 0.1 or 5) then
    return
  end
  shown = summary.seconds
  local rate = summary.seconds > 0 and summary.total / summary.seconds or 0
  local left = rate > 0 and clock((total - skipped - summary.total) / rate) or "?"
  local text = ("%d of %d rows, %.0f/s, %d failed, %s left"):format(done, total, rate, summary.failed, left)
  if on_terminal then
    local full = math.floor(30 * done / math.max(total, 1))
    io.stderr:write("\r[", ("#"):rep(full), ("."):rep(30 - full), "] ", text, "   ", last and "\n" or "")
  else
    io.stderr:write(text, "\n")
  end
end

-------------------------------------------------------------------- the work

local function dry_run(opt, source)
  local bad, n = 0, 0
  for row in source.rows() do
    n = n + 1
    local _, err = highlevel.encode(row.fields)
    if row.id == "" then
      bad = bad + 1
      print(("line %d: the contact id is empty"):format(row.line))
    elseif err then
      bad = bad + 1
      print(("line %d: %s"):format(row.line, err.message))
    end
  end
  print(("%d rows of %s checked, %d cannot be sent"):format(n, opt.file, bad))
  return bad == 0 and 0 or 1
end

-- Rows that have not ended yet, as items; `numbers[i]` is the row of item i.
local function items_of(source, log, numbers)
  local next_row, number = source.rows(), 0
  return function()
    while true do
      local row = next_row()
      if not row then
        return nil
      end
      number = number + 1
      if not log.ended[number] then
        numbers[#numbers + 1] = number
        return { row.id, row.fields }
      end
    end
  end
end

local function write_rows(opt, log, file)
  local source = open_source(opt)
  local ok, why = file:write(source.head)
  local number = 0
  for row in source.rows() do
    number = number + 1
    local failure = log.failures[number]
    if failure and ok then
      ok, why = file:write(source.failed(row, failure.kind, failure.message))
    end
  end
  return ok, why
end

-- Made of the journal and the input, so that it is right whenever it is
-- written: whole, or not at all. nil and why: it was not.
local function write_failures(opt, log, path)
  if next(log.failures) == nil then
    os.remove(path)
    return true
  end
  local new = path .. ".new"
  local file, why = io.open(new, "wb")
  if not file then
    return nil, why
  end
  local ok, closed, late
  ok, why = write_rows(opt, log, file)
  closed, late = file:close() -- what is written at last may be too much
  if ok and closed then
    ok, why = os.rename(new, path)
    return ok, why
  end
  os.remove(new)
  return nil, new .. ": " .. (why or late)
end

-- Not of the row's making, and every other row would meet it too: the import
-- stops, and the row is done when it goes on.
local function is_left_over(err)
  return err.kind == "unauthorized" or err.kind == "cancelled" or err.kind == "tls"
    or (err.kind == "rate_limited" and (err.rate_limit.scope == "daily" or not err.status))
    or ((err.kind == "network" or err.kind == "timeout") and err.phase == "connect")
end

local function connect(opt)
  local token = os.getenv("HIGHLEVEL_TOKEN")
  if not token then
    give_up("no token: set HIGHLEVEL_TOKEN")
  end
  local ok, client = pcall(highlevel.new, {
    token = token,
    base_url = os.getenv("HIGHLEVEL_BASE_URL"),
    rate_limit = rate_limit(opt.rate),
  })
  return ok and client or give_up((tostring(client):gsub("^highlevel.new: option ", "")))
end

local function run(opt, client, log, total)
  local skipped, numbers, latest = log.n, {}, nil
  local ok, summary = pcall(client.update_contacts, client, items_of(open_source(opt), log, numbers), {
    concurrency = count(opt.concurrency, "concurrency"),
    stop_on = is_left_over,
    on_result = function(index, _, err)
      if not (err and is_left_over(err)) then
        log:note(numbers[index], err)
      end
      numbers[index] = false
    end,
    on_progress = function(_, _, now)
      latest = now
      show(log.n, total, skipped, now)
    end,
  })
  client:close()
  return ok, summary, latest, skipped
end

local function report(log, total, summary, skipped)
  local failed = 0
  for _ in pairs(log.failures) do
    failed = failed + 1
  end
  print(("%d rows: %d applied, %d failed, %d left (%d were done before)"):format(
    total, log.n - failed, failed, total - log.n, skipped))
  if summary then
    print(("%d took more than one attempt, %d times the limit was met (429), %s"):format(
      summary.retried, summary.rate_limited, clock(summary.seconds)))
  end
  return failed
end

local function import(opt)
  local total = count_rows(opt)
  local path = opt.failed or opt.file .. ".failed." .. open_source(opt).extension
  local client = connect(opt)
  local log, why = journal.open(opt.file .. ".journal", opt.file, opt.restart)
  if not log then
    give_up(why)
  end
  local ok, summary, latest, skipped = run(opt, client, log, total)
  if latest then
    show(log.n, total, skipped, latest, true)
  end
  local failed = report(log, total, latest, skipped)
  local troubles = {}
  if log.n < total then
    troubles[1] = "stopped: " .. tostring(not ok and summary or summary.stopped)
  end
  local noted, unnoted = log:close()
  if not noted then
    troubles[#troubles + 1] = unnoted
  end
  local written, unwritten = write_failures(opt, log, path)
  if not written then
    troubles[#troubles + 1] = "rows that failed are not in their file yet: " .. unwritten
  elseif failed > 0 then
    print("rows that failed are in " .. path)
  end
  if skipped == total and total > 0 then
    print("all of it was done before; --restart begins anew")
  end
  if #troubles == 0 then
    return failed == 0 and 0 or 1
  end
  troubles[#troubles + 1] = "start it again to go on"
  io.stderr:write("import: ", table.concat(troubles, "\nimport: "), "\n")
  return 3
end

local opt = arguments(arg)
local source = open_source(opt)
os.exit(opt["dry-run"] and dry_run(opt, source) or import(opt), true)
