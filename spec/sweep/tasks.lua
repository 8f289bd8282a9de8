-- What the sweep does to a Lua state: tasks to be run with an allocation
-- failing. `call` is all that runs then; `good` judges what came with memory
-- enough, `short` what came without; `raises`: then raising will do as well.
local core = require "highlevel.core"
local highlevel = require "highlevel"

local base_url = ...
local ID = "ocQHyuzHvysMo5N5VsXc"

local function full()
  local settings = {}
  for _, name in ipairs({ "Call", "Email", "SMS", "WhatsApp", "GMB", "FB" }) do
    settings[name] = { status = "active", message = "string", code = "string" }
  end
  return {
    firstName = "rosan",
    lastName = highlevel.null,
    email = "rosan@deos.com",
    phone = "+1 888-888-8888",
    country = "US",
    dateOfBirth = "09/25/1990",
    dnd = true,
    dndSettings = settings,
    inboundDndSettings = { all = { status = "active", message = "string" } },
    tags = { "nisi sint commodo amet", "consequat" },
    customFields = {
      { id = "6dvNaf7VhkQ9snc5vnjJ", key = "a", field_value = "My Text" },
      { id = "6dvNaf7VhkQ9snc5vnjJ", field_value = 100.5 },
      { id = "6dvNaf7VhkQ9snc5vnjJ", field_value = { "test", "test2" } },
      { id = "6dvNaf7VhkQ9snc5vnjJ", field_value = "a\0b" },
      {
        id = "6dvNaf7VhkQ9snc5vnjJ",
        field_value = {
          ["f31175d4-2b06-4fc6-b7bc-74cd814c68cb"] = {
            meta = { encoding = "7bit", size = 1786611 },
            documentId = "w2M9qTZ0ZJz8rGt02jdJ",
          },
        },
      },
    },
  }
end

local function wrong()
  local fields = full()
  fields.first_name = "rosan"
  fields.email = 7
  fields.locationId = "x"
  fields.dateOfBirth = "1990-02-30"
  fields.country = "UX"
  fields.website = print
  fields.dndSettings.Cal = { status = "on" }
  fields.tags = { 1, [3] = {} }
  fields.customFields[2] = {}
  fields.customFields[3].field_value = fields
  return fields
end

local account = { token = "pit-0123456789", base_url = base_url, timeout = 10, rate_limit = false, retries = 0 }
local client = highlevel.new(account)

-- one that tries again, paces itself and tells of it
account.retries, account.rate_limit, account.log = 2, { requests = 1000000, interval = 10 }, function() end
local patient = highlevel.new(account)

-- one whose calls the thread carries, for a loop that does nothing else
function account.wait(_, step)
  repeat
    core.sleep(0.0005)
  until step()
end
account.max_connections = 1 -- or time decides how many it keeps
local looping = highlevel.new(account)
local fields, bad = full(), wrong()
local options = { token = "pit-9876543210", base_url = base_url, timeout = 10, user_agent = "sweep/1" }

local function is_kind(kind)
  return function(res, err)
    return res == nil and type(err) == "table" and err.kind == kind
  end
end

local function is_answer(res, err, info)
  return res ~= nil and err == nil and info.status == 200 and res.contact.nul == "a\0b"
end

local function is_memory(res, err)
  return res == nil and type(err) == "table" and err.kind == "memory" and tostring(err) ~= nil
end

local items = { { ID, fields }, { "rejected", fields }, { "no/id", bad } }

local function is_counted(summary)
  return summary.total == 3 and summary.succeeded == 1 and #summary.failures == 2
end

-- Memory ran out for some of them; the others went on.
local function is_partly_counted(summary)
  return summary.total == 3 and summary.succeeded + #summary.failures == 3
end

-- Each item is told of once, and those without a result say why.
local function bulk(bulk_client)
  local told, kinds = {}, {}
  local summary = bulk_client:update_contacts(items, {
    concurrency = 2,
    on_result = function(index, _, err)
      told[index] = (told[index] or 0) + 1
      kinds[index] = err and err.kind or "ok"
    end,
  })
  summary.told = told[1] == 1 and told[2] == 1 and told[3] == 1
  summary.kinds = kinds
  return summary
end

local expected = { "ok", "rejected", "invalid" }

-- As it should be, but for what memory was not enough for, or libcurl's memory.
local function is_told(summary)
  local ok = summary.told and is_partly_counted(summary)
  for i = 1, 3 do
    local kind = summary.kinds[i]
    ok = ok and (kind == expected[i] or kind == "memory" or kind == "network")
  end
  return ok
end

local function is_all_told(summary)
  return summary.told and is_counted(summary) and table.concat(summary.kinds, " ") == table.concat(expected, " ")
end

-- A collection lets go of unused stack; to get it back is the caller's
-- affair, before any code of the library can run.
local function ready(depth)
  if depth ~= 0 then
    return 1 + ready((depth or 30) - 1)
  end
  return 0
end

return {
  ready = ready,
  {
    name = "update_contact",
    call = function()
      return client:update_contact(ID, fields)
    end,
    good = is_answer,
    short = is_memory,
  },
  {
    name = "update_contact, tried again",
    call = function()
      return patient:update_contact("again", fields)
    end,
    good = is_answer,
    short = is_memory,
  },
  {
    name = "update_contacts",
    call = function()
      return bulk(patient)
    end,
    good = is_all_told,
    short = is_told,
    raises = true,
  },
  {
    name = "update_contact, in a loop",
    threaded = true,
    call = function()
      return looping:update_contact("again", fields)
    end,
    good = is_answer,
    short = is_memory,
  },
  {
    name = "update_contacts, in a loop",
    threaded = true,
    call = function()
      return bulk(looping)
    end,
    good = is_all_told,
    short = is_told,
    raises = true,
  },
  {
    name = "update_contact, rejected",
    call = function()
      return client:update_contact("rejected", fields)
    end,
    good = is_kind("rejected"),
    short = is_memory,
  },
  {
    name = "update_contact, invalid",
    call = function()
      return client:update_contact("no/id", bad)
    end,
    good = is_kind("invalid"),
    short = is_memory,
  },
  {
    name = "encode",
    call = function()
      return highlevel.encode(fields)
    end,
    good = function(body)
      return type(body) == "string"
    end,
    short = is_memory,
  },
  {
    name = "encode, invalid",
    call = function()
      return highlevel.encode(bad)
    end,
    good = is_kind("invalid"),
    short = is_memory,
  },
  {
    name = "new",
    call = function()
      return highlevel.new(options)
    end,
    good = function(made)
      return tostring(made):find("highlevel.client", 1, true) ~= nil
    end,
    raises = true,
  },
  {
    name = "new, invalid",
    call = function()
      local ok, message = pcall(highlevel.new, { base_url = "http://example.com", token = "a\nb" })
      if message == "not enough memory" then
        error(message, 0)
      end
      return not ok and message
    end,
    good = function(message)
      return type(message) == "string" and message:find("option base_url: must begin", 1, true) ~= nil
    end,
    raises = true,
  },
}
