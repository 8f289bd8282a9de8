-- report.lua DIR JSON: what `run` measured, as a table and as JSON.
--
-- DIR/rounds   round, name, requests, seconds, seconds on a processor
-- DIR/memory   name, calls, KiB settled, most, last
-- DIR/ir       name, instructions for each call
local dir, out = arg[1], arg[2]

local names = {
  floor = "libcurl alone, no JSON (the floor)",
  ["highlevel lua5.4"] = "highlevel, Lua 5.4",
  ["highlevel luajit"] = "highlevel, LuaJIT",
  ["luasocket lua5.4"] = "LuaSocket and lua-cjson, Lua 5.4",
  ["luasocket luajit"] = "LuaSocket and lua-cjson, LuaJIT",
}

-- Lines of tab-separated values; none if there is no such file.
local function read(name)
  local rows = {}
  local file = io.open(dir .. "/" .. name)
  if file then
    for line in file:lines() do
      local row = {}
      for value in line:gmatch("[^\t]+") do
        row[#row + 1] = tonumber(value) or value
      end
      rows[#rows + 1] = row
    end
    file:close()
  end
  return rows
end

local function median(list)
  table.sort(list)
  local half = math.floor(#list / 2)
  if #list % 2 == 1 then
    return list[half + 1]
  end
  return (list[half] + list[half + 1]) / 2
end

local order, rates, floor_of = {}, {}, {}
for _, row in ipairs(read("rounds")) do
  local round, name, rate = row[1], row[2], row[3] / row[4]
  if not rates[name] then
    order[#order + 1] = name
    rates[name] = {}
  end
  local r = { round = round, rate = rate, cpu_us = row[5] / row[3] * 1e6 }
  rates[name][#rates[name] + 1] = r
  if name == "floor" then
    floor_of[round] = r
  end
end

local json = {}
print(("%-34s %11s %9s %15s %11s %9s"):format(
  "one call after another", "requests/s", "of floor", "lowest-highest", "CPU us each", "of floor"))
for _, name in ipairs(order) do
  local all, ratios, cpu, cpu_ratios = {}, {}, {}, {}
  for i, r in ipairs(rates[name]) do
    local floor = floor_of[r.round]
    all[i], ratios[i] = r.rate, r.rate / floor.rate
    cpu[i], cpu_ratios[i] = r.cpu_us, r.cpu_us / floor.cpu_us
  end
  local rate, ratio, us, us_ratio = median(all), median(ratios), median(cpu), median(cpu_ratios)
  print(("%-34s %11.0f %9.2f %8.2f - %.2f %11.1f %9.2f"):format(
    names[name], rate, ratio, ratios[1], ratios[#ratios], us, us_ratio))
  json[#json + 1] = ('{"name":"%s","requests_per_second":%.1f,"of_floor":%.4f,'
    .. '"cpu_us":%.2f,"cpu_of_floor":%.4f,"rounds":%d}'):format(name, rate, ratio, us, us_ratio, #all)
end

local memory, growth_most = {}, 0
print(("\n%-36s %12s %12s %12s %8s"):format("memory, KiB resident", "after 5000", "highest", "at the end", "growth"))
for _, row in ipairs(read("memory")) do
  local growth = row[4] - row[3]
  growth_most = math.max(growth_most, growth)
  print(("%-36s %12d %12d %12d %8d"):format(names[row[1]] .. (", %d calls"):format(row[2]), row[3], row[4], row[5], growth))
  memory[#memory + 1] = ('{"name":"%s","calls":%d,"settled_kib":%d,"highest_kib":%d,"last_kib":%d}'):format(
    row[1], row[2], row[3], row[4], row[5])
end

local instructions, floor_ir = {}, nil
for i, row in ipairs(read("ir")) do
  if i == 1 then
    print(("\n%-36s %12s %12s"):format("instructions, user space", "each call", "of the floor"))
    floor_ir = row[2]
  end
  print(("%-36s %12d %12.2f"):format(names[row[1]], row[2], row[2] / floor_ir))
  instructions[#instructions + 1] = ('{"name":"%s","per_call":%d}'):format(row[1], row[2])
end

local file = assert(io.open(out, "w"))
file:write('{"speed":[', table.concat(json, ","), '],"memory":[', table.concat(memory, ","),
  '],"instructions":[', table.concat(instructions, ","), "]}\n")
file:close()

if growth_most > 512 then
  print("\nFAILED: memory grew by more than 512 KiB")
  os.exit(1)
end
