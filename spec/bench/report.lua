-- report.lua DIR JSON: what `run` measured, as tables and as JSON. A part that did
-- not run has no file, and no table.
--
-- DIR/about    what, value: of the machine and the versions
-- DIR/rounds   table, round, name, requests, seconds, seconds on a processor
-- DIR/handlers table, round, name, requests, seconds, nanoseconds of the event loop
--              on a processor, of all threads of the worker, and of the sandbox
-- DIR/burst    name, round, seconds, idle and loaded 99th percentile in us
-- DIR/json      round, name, us of encode, cjson.encode, decode, cjson.decode
-- DIR/startup  "startup", round, name, us from a process's start to its end
-- DIR/memory   name, calls, KiB settled, most, last
-- DIR/limits   name, updates, failed, 429s the client saw, 429s the sandbox gave,
--              seconds, least seconds, the neighbour's requests, its 429s
-- DIR/stream   name, items, KiB settled, most, last, seconds
-- DIR/ir       name, instructions for each call
local dir, out = arg[1], arg[2]

local MEMORY_KIB, STREAM_KIB = 512, 4096 -- what memory may grow by

local names = {
  floor = "libcurl alone, no JSON (the floor)",
  cjson = "libcurl and cJSON, in C",
  multi = "libcurl alone, no JSON (the floor)",
  trees = "libcurl and cJSON, in C",
  sdk = "official Node SDK",
  ["100"] = "100 in 10 s",
  ["25"] = "25 in 10 s, known by headers only",
  half = "100 in 10 s, half used by another",
  resty = "lua-resty-http and lua-cjson",
  cosocket = "cosockets and lua-cjson",
  highlevel = "highlevel",
  http1 = "highlevel, http2 = false",
  ["sleep/"] = "nginx alone: ngx.sleep",
  ["slow-resty/plain"] = "lua-resty-http, HTTP/1.1",
  ["slow-cosocket/plain"] = "cosockets, HTTP/1.1",
  ["slow/plain"] = "highlevel, HTTP/1.1",
  ["slow/tls"] = "highlevel, TLS, HTTP/2",
  ["slow/http1"] = "highlevel, TLS, http2 = false",
}
for flavour, name in pairs({ ["lua5.4"] = "Lua 5.4", luajit = "LuaJIT" }) do
  names["highlevel " .. flavour] = "highlevel, " .. name
  names["bulk " .. flavour] = "highlevel, " .. name .. ", summary alone"
  names["results " .. flavour] = "highlevel, " .. name .. ", each answer seen"
  names["luasocket " .. flavour] = "LuaSocket and lua-cjson, " .. name
end

local unpack = table.unpack or rawget(_G, "unpack")

local json, failures = {}, {}
local picture = {} -- lines for picture.gp

local function printf(...)
  print((string.format(...)))
end

-- Lines of tab-separated values; none if there is no such file.
local function read(name)
  local rows = {}
  local file = io.open(dir .. "/" .. name)
  if file then
    for line in file:lines() do
      local row = {}
      for value in line:gmatch("[^\t]+") do
        row[#row + 1] = value
      end
      rows[#rows + 1] = row
    end
    file:close()
  end
  return rows
end

-- Add a list to the JSON: each row an object with these names, in this order.
-- Numbers are numbers already as text.
local function add_json(list, keys, rows)
  local objects = {}
  for i, row in ipairs(rows) do
    local members = {}
    for k, key in ipairs(keys) do
      local value = tostring(row[k])
      members[k] = ('"%s":%s'):format(key, k > 1 and tonumber(value) and value or '"' .. value .. '"')
    end
    objects[i] = "{" .. table.concat(members, ",") .. "}"
  end
  json[#json + 1] = ('"%s":[%s]'):format(list, table.concat(objects, ","))
end

local function median(list)
  table.sort(list)
  local half = math.floor(#list / 2)
  if #list % 2 == 1 then
    return list[half + 1]
  end
  return (list[half] + list[half + 1]) / 2
end

-- A block of the picture: the requests per second of these names.
local function draw(title, rates, wanted)
  local lines = {}
  for _, name in ipairs(wanted) do
    if rates[name] then
      lines[#lines + 1] = ('"%s" %.0f %d'):format(names[name], rates[name], names[name]:find("^highlevel") and 1 or 0)
    end
  end
  if #lines > 1 then
    picture[#picture + 1] = "# " .. title .. "\n" .. table.concat(lines, "\n") .. "\n"
  end
end

-- ------------------------------------------------------------------- the speed

-- All rounds of one table: the names in the order of their first round, and
-- what each round showed of them. The first is the floor.
local function rounds_of(wanted)
  local order, by_name = {}, {}
  for _, row in ipairs(read("rounds")) do
    local round, name, requests, seconds, cpu = row[2], row[3], row[4], row[5], row[6]
    if row[1] == wanted then
      if not by_name[name] then
        order[#order + 1] = name
        by_name[name] = {}
      end
      by_name[name][round] = { rate = requests / seconds, cpu_us = cpu / requests * 1e6 }
    end
  end
  return order, by_name
end

local function speed(wanted, title)
  local order, by_name = rounds_of(wanted)
  local floor, rows = by_name[order[1]], {}
  if not floor then
    return
  end
  print(title)
  printf("%-36s %10s %8s %15s %11s %8s", "", "requests/s", "of floor", "lowest-highest", "CPU us each", "of floor")
  for i, name in ipairs(order) do
    local all, ratios, cpu, cpu_ratios = {}, {}, {}, {}
    for round, r in pairs(by_name[name]) do
      all[#all + 1], ratios[#ratios + 1] = r.rate, r.rate / floor[round].rate
      cpu[#cpu + 1], cpu_ratios[#cpu_ratios + 1] = r.cpu_us, r.cpu_us / floor[round].cpu_us
    end
    local rate, ratio, us, us_ratio = median(all), median(ratios), median(cpu), median(cpu_ratios)
    printf("%-36s %10.0f %8.2f %8.2f - %4.2f %11.1f %8.2f",
      names[name], rate, ratio, ratios[1], ratios[#ratios], us, us_ratio)
    rows[i] = { name, ("%.1f"):format(rate), ("%.4f"):format(ratio), ("%.2f"):format(us),
      ("%.4f"):format(us_ratio), #all }
  end
  print()
  add_json(wanted, { "name", "requests_per_second", "of_floor", "cpu_us", "cpu_of_floor", "rounds" }, rows)
  local rates = {}
  for _, row in ipairs(rows) do
    rates[row[1]] = row[2]
  end
  return rates
end

-- --------------------------------------------------------------- within nginx

-- Rows of one table: by name, lists of what `values(row)` returns, each divided
-- by what the first name has in the same round as well.
local function by_round(rows, values)
  local order, figures, firsts = {}, {}, {}
  for _, row in ipairs(rows) do
    local round, name, list = row[2], row[3], values(row)
    if not figures[name] then
      order[#order + 1] = name
      figures[name] = {}
    end
    if name == order[1] then
      firsts[round] = list
    end
    for i, value in ipairs(list) do
      local all = figures[name][i] or { own = {}, ratios = {} }
      all.own[#all.own + 1] = value
      all.ratios[#all.ratios + 1] = value / firsts[round][i]
      figures[name][i] = all
    end
  end
  return order, figures
end

local function handlers(wanted, title)
  local rows, shown = {}, {}
  for _, row in ipairs(read("handlers")) do
    if row[1] == wanted then
      rows[#rows + 1] = row
    end
  end
  local order, figures = by_round(rows, function(row)
    return { row[4] / row[5], row[6] / row[4] / 1000, row[7] / row[4] / 1000, row[8] / row[4] / 1000 }
  end)
  if not order[1] then
    return
  end
  print(title)
  printf("%-32s %10s %8s %15s %8s %8s %10s %8s %10s", "", "requests/s", "of first", "lowest-highest", "loop us",
    "of first", "worker us", "of first", "server us")
  for i, name in ipairs(order) do
    local rate, loop, worker, server = unpack(figures[name])
    local line = { median(rate.own), median(rate.ratios), median(loop.own), median(loop.ratios), median(worker.own),
      median(worker.ratios), median(server.own) }
    printf("%-32s %10.0f %8.2f %8.2f - %4.2f %8.1f %8.2f %10.1f %8.2f %10.1f", names[name], line[1], line[2],
      rate.ratios[1], rate.ratios[#rate.ratios], line[3], line[4], line[5], line[6], line[7])
    shown[i] = { name, unpack(line) }
  end
  print()
  local rates = {}
  for _, line in ipairs(shown) do
    rates[line[1]] = line[2]
  end
  if wanted == "plain-256" then
    draw("Within nginx, 256 handlers at once", rates, { "highlevel", "cosocket", "resty" })
  end
  add_json("nginx_" .. wanted:gsub("-", "_"), { "name", "requests_per_second", "rate_of_first", "loop_us",
    "loop_of_first", "worker_us", "worker_of_first", "server_us" }, shown)
end

local function burst()
  local order, seconds, ratios, idle, loaded, shown = {}, {}, {}, {}, {}, {}
  local function put(list, name, value)
    list[name] = list[name] or {}
    table.insert(list[name], value)
  end
  for _, row in ipairs(read("burst")) do
    local name = row[1]
    if not seconds[name] then
      order[#order + 1] = name
    end
    put(seconds, name, tonumber(row[3]))
    put(idle, name, tonumber(row[4]))
    put(loaded, name, tonumber(row[5]))
    put(ratios, name, row[5] / row[4])
  end
  if not order[1] then
    return
  end
  print("256 handlers at once, upstream after 100 to 300 ms; a location that does nothing meanwhile: its 99th percentile")
  printf("%-32s %11s %11s %9s %12s %8s", "", "seconds all", "most", "idle us", "meanwhile us", "of idle")
  for i, name in ipairs(order) do
    local line = { median(seconds[name]), 0, median(idle[name]), median(loaded[name]), median(ratios[name]) }
    line[2] = seconds[name][#seconds[name]]
    printf("%-32s %11.3f %11.3f %9.0f %12.0f %8.2f", names[name], unpack(line))
    shown[i] = { name, unpack(line) }
  end
  print()
  add_json("nginx_burst", { "name", "seconds", "most_seconds", "idle_p99_us", "meanwhile_p99_us", "of_idle" }, shown)
end

-- ------------------------------------------------------------------ the others

local function grew(row, most, what)
  local growth = row[4] - row[3]
  if growth > most then
    failures[#failures + 1] = ("%s: memory grew by more than %d KiB (%s)"):format(what, most, names[row[1]])
  end
  return growth
end

local function memory()
  local rows = read("memory")
  for i, row in ipairs(rows) do
    if i == 1 then
      print("one call after another: KiB resident")
      printf("%-36s %10s %12s %10s %11s %8s", "", "calls", "after 5,000", "highest", "at the end", "growth")
    end
    printf("%-36s %10d %12d %10d %11d %8d",
      names[row[1]], row[2], row[3], row[4], row[5], grew(row, MEMORY_KIB, "memory"))
  end
  if rows[1] then
    print()
    add_json("memory", { "name", "calls", "settled_kib", "highest_kib", "last_kib" }, rows)
  end
end

local function stream()
  local rows = read("stream")
  for i, row in ipairs(rows) do
    if i == 1 then
      print("64 at once, from an iterator: MiB resident")
      printf("%-36s %10s %12s %10s %11s %8s %8s", "", "items", "after 20,000", "highest", "at the end",
        "growth", "seconds")
    end
    printf("%-36s %10d %12.1f %10.1f %11.1f %8.2f %8.0f", names[row[1]], row[2], row[3] / 1024,
      row[4] / 1024, row[5] / 1024, grew(row, STREAM_KIB, "stream") / 1024, row[6])
  end
  if rows[1] then
    print()
    add_json("stream", { "name", "items", "settled_kib", "highest_kib", "last_kib", "seconds" }, rows)
  end
end

local function limits()
  local rows = read("limits")
  for i, row in ipairs(rows) do
    if i == 1 then
      print("under a limit, in real time")
      printf("%-36s %7s %6s %9s %10s %8s %6s %8s", "", "updates", "failed", "429s seen", "429s given",
        "seconds", "least", "of least")
    end
    printf("%-36s %7d %6d %9d %10d %8.1f %6d %8.3f", names[row[1]], row[2], row[3], row[4], row[5],
      row[6], row[7], row[6] / row[7])
    if tonumber(row[8]) > 0 then
      printf("  the other one's: %d requests, %d of them refused", row[8], row[9])
    end
    if tonumber(row[3]) > 0 then
      failures[#failures + 1] = "limits: updates failed (" .. names[row[1]] .. ")"
    end
  end
  if rows[1] then
    print()
    add_json("limits", { "name", "updates", "failed", "seen_429", "given_429", "seconds", "least_seconds",
      "neighbour_requests", "neighbour_429" }, rows)
  end
end

local function json_alone()
  local order, figures, shown = {}, {}, {}
  for _, row in ipairs(read("json")) do
    local name = row[2]
    if not figures[name] then
      order[#order + 1] = name
      figures[name] = { {}, {}, {}, {}, {}, {} }
    end
    local list = { row[3], row[4], row[4] / row[3], row[5], row[6], row[6] / row[5] }
    for i, value in ipairs(list) do
      table.insert(figures[name][i], tonumber(value))
    end
  end
  for i, name in ipairs(order) do
    if i == 1 then
      print("JSON alone: us for the fields of an update, and for its answer; speed beside lua-cjson's")
      printf("%-36s %14s %9s %8s %14s %9s %8s", "", "table to JSON", "lua-cjson", "speed", "JSON to table", "lua-cjson", "speed")
    end
    local line = {}
    for k = 1, 6 do
      line[k] = median(figures[name][k])
    end
    printf("%-36s %14.2f %9.2f %8.2f %14.2f %9.2f %8.2f", names[name], unpack(line))
    shown[i] = { name, unpack(line) }
  end
  if shown[1] then
    print()
    add_json("json", { "name", "encode_us", "cjson_encode_us", "encode_speed", "decode_us", "cjson_decode_us",
      "decode_speed" }, shown)
  end
end

local function startup()
  local order, figures = by_round(read("startup"), function(row)
    return { row[4] / 1000 }
  end)
  local shown = {}
  for i, name in ipairs(order) do
    if i == 1 then
      print("a process with one update in it, from its start to its end")
      printf("%-36s %10s %8s", "", "ms", "of floor")
    end
    local line = { median(figures[name][1].own), median(figures[name][1].ratios) }
    printf("%-36s %10.1f %8.2f", names[name], line[1], line[2])
    shown[i] = { name, ("%.3f"):format(line[1]), ("%.3f"):format(line[2]) }
  end
  if shown[1] then
    print()
    add_json("startup", { "name", "ms", "of_floor" }, shown)
  end
end

local function instructions()
  local rows = read("ir")
  for i, row in ipairs(rows) do
    if i == 1 then
      print("one call after another: instructions, user space")
      printf("%-36s %10s %12s", "", "each call", "of the floor")
    end
    printf("%-36s %10d %12.2f", names[row[1]], row[2], row[2] / rows[1][2])
  end
  if rows[1] then
    print()
    add_json("instructions", { "name", "per_call" }, rows)
  end
end

local function about()
  local members = {}
  for i, row in ipairs(read("about")) do
    printf("%-10s %s", row[1], row[2])
    members[i] = ('"%s":"%s"'):format(row[1], row[2])
  end
  print()
  json[#json + 1] = '"about":{' .. table.concat(members, ",") .. "}"
end

about()
speed("sandbox", "one call after another, against the sandbox")
draw("Updates a second, one after another",
  speed("nothing", "one call after another, against a server that does nothing") or {},
  { "highlevel luajit", "highlevel lua5.4", "cjson", "luasocket luajit", "sdk" })
draw("64 at once", speed("plain", "64 at once, HTTP/1.1") or {},
  { "bulk luajit", "bulk lua5.4", "trees", "sdk" })
speed("tls", "64 at once, TLS (HTTP/2; the SDK HTTP/1.1)")
for _, at_once in ipairs({ "32", "256" }) do
  handlers("plain-" .. at_once, "handlers within nginx, " .. at_once .. " at once, HTTP/1.1")
  handlers("tls-" .. at_once, "handlers within nginx, " .. at_once .. " at once, TLS (highlevel HTTP/2, the others HTTP/1.1)")
end
burst()
json_alone()
startup()
memory()
limits()
stream()
instructions()

local file = assert(io.open(out, "w"))
file:write("{", table.concat(json, ","), "}\n")
file:close()
file = assert(io.open(dir .. "/picture", "w"))
file:write(table.concat(picture, "\n\n"))
file:close()

for _, failure in ipairs(failures) do
  print("FAILED: " .. failure)
end
os.exit(#failures == 0 and 0 or 1)
