--- Ten thousand contacts of hostile texts: each arrives to the byte, or is
--- refused where it is wrong, and then nothing of it is sent.

local cjson = require "cjson"

local helper = require "helper"
local highlevel = require "highlevel"
local hostile = require "torture.hostile"

local SEED = tonumber(os.getenv("SEED")) or 20261125 -- another one: SEED=1 make test
local N = 10000
local EACH = 10 -- one in so many is looked up at the sandbox, too

-- nil if they are the same, else where they first differ
local function difference(meant, got, where)
  if type(meant) ~= "table" or type(got) ~= "table" then
    return meant ~= got and ("%s: %q, not %q"):format(where, tostring(got):sub(1, 200), tostring(meant):sub(1, 200)) or nil
  end
  for key, value in pairs(meant) do
    local found = difference(value, got[key], ("%s[%q]"):format(where, tostring(key):sub(1, 80)))
    if found then
      return found
    end
  end
  for key in pairs(got) do
    if meant[key] == nil then
      return ("%s[%q] is too much"):format(where, tostring(key):sub(1, 80))
    end
  end
end

-- As `kept` has it: what of a contact these items can set.
local function summary_of(item, shown)
  local found = { tags = shown.tags, customFields = {}, dndSettings = item.kept.dndSettings and shown.dndSettings }
  for name, value in pairs(shown) do
    if type(value) == "string" and item.kept[name] ~= nil then
      found[name] = value
    end
  end
  for _, entry in ipairs(shown.customFields) do
    found.customFields[entry.id] = entry.value
  end
  return found
end

local function check_contact(item, shown)
  return difference(item.id, shown.id, "id") or difference(item.kept, summary_of(item, shown), "contact")
end

-- Fit to be shown: one line of UTF-8, nothing that a terminal obeys.
local function check_message(text)
  return not text:find("[%z\1-\31\127]") and highlevel.encode({ firstName = text }) ~= nil
end

local function check_refusal(item, err)
  if err.kind ~= "invalid" then
    return tostring(err)
  elseif item.start and err.path:sub(1, #item.path) ~= item.path or not item.start and err.path ~= item.path then
    return ("refused at %s, not %s"):format(err.path, item.path)
  elseif #err.messages ~= 1 then
    return "more than is wrong: " .. table.concat(err.messages, " | ")
  elseif not check_message(tostring(err)) or not check_message(err.path) then
    return ("unfit to be shown: %q"):format(tostring(err))
  end
end

local function percent(text)
  return (text:gsub("[^%w._~-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

describe("ten thousand hostile contacts, seed " .. SEED .. ":", function()
  local items, summary, wrong = {}, nil, {}
  local good, client = 0, nil

  local function complain(i, what)
    if #wrong < 10 then
      wrong[#wrong + 1] = ("%d: %s"):format(i, what)
    end
  end

  setup(function()
    helper.reset()
    local next_contact, asked = hostile.contacts(SEED), 0
    client = helper.client({
      rate_limit = false, retries = 0,
      token = function() -- asked once for each, as it is read
        return items[asked].token
      end,
    })
    summary = client:update_contacts(function()
      if asked < N then
        asked = asked + 1
        items[asked] = next_contact()
        good = good + (items[asked].kept and 1 or 0)
        return { items[asked].id, items[asked].fields }
      end
    end, {
      stop_on = function()
        return false
      end,
      on_result = function(i, res, err)
        local item = items[i]
        if item.kept then
          local what = res and check_contact(item, res.contact) or err and tostring(err)
          if what then
            complain(i, what)
          end
        else
          local what = res and "was sent" or check_refusal(item, err)
          if what then
            complain(i, what)
          end
        end
      end,
    })
  end)

  teardown(function()
    client:close()
  end)

  it("each ends as it must, and is told to the byte", function()
    assert.same({}, wrong)
    assert.equal(N, summary.total)
    assert.equal(good, summary.succeeded)
    assert.equal(N - good, summary.failed)
    assert.is_true(good > N / 2 and good < N * 0.8, good)
    assert.is_nil(summary.stopped)
    assert.equal(0, summary.retried)
  end)

  it("no more arrive than those that are good, and one request each", function()
    assert.equal(good, helper.admin("GET", "/journal?count").count)
  end)

  it("the sandbox keeps what was meant", function()
    local bad = {}
    for i = 1, N, EACH do
      local item = items[i]
      if item.kept then
        local stored = helper.admin("GET", "/contacts/" .. percent(item.id))
        bad[#bad + 1] = check_contact(item, stored)
        if helper.requests(percent(item.id)) ~= 1 then
          bad[#bad + 1] = "not one request for " .. percent(item.id)
        end
      end
    end
    assert.same({}, bad)
  end)

  it("what arrives last is, in another parser's eyes, what was sent, and no header is added to it", function()
    local by_path, bad = {}, {}
    for _, item in ipairs(items) do
      by_path["/contacts/" .. percent(item.id)] = item
    end
    local list = helper.journal()
    assert.equal(1000, #list)
    for _, entry in ipairs(list) do
      local item = by_path[entry.path]
      if not item or not item.kept then
        bad[#bad + 1] = "a stranger: " .. entry.path
      else
        local body = cjson.decode(entry.body)
        for _, field in ipairs(body.customFields or {}) do
          bad[#bad + 1] = field.fieldValue and "a v3 name"
        end
        for _, field in ipairs(item.fields.customFields) do
          field.field_value, field.fieldValue = field.field_value or field.fieldValue, nil
        end
        bad[#bad + 1] = difference(item.fields, body, "body")
        bad[#bad + 1] = difference("Bearer " .. item.token, entry.headers.authorization, "token")
        bad[#bad + 1] = entry.headers["x-injected"] and "an injected header"
      end
    end
    assert.same({}, bad)
  end)

  it("a client made of one of the tokens is refused, too", function()
    for _, item in ipairs(items) do
      if item.path == "token" then
        local ok, why = pcall(helper.client, { token = item.token })
        assert.is_false(ok)
        assert.matches("^highlevel%.new: option '?token'?:? ", why) -- and not what it is
        assert.is_true(check_message(why))
      end
    end
  end)
end)
