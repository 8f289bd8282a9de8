--- client:update_contacts: many at once.

local helper = require "helper"

local has_ffi, ffi = pcall(require, "ffi") -- LuaJIT's

local IPPROTO_TCP, TCP_CORK = 6, 3 -- Linux

if has_ffi then
  ffi.cdef "int getsockopt(int, int, int, void *, unsigned *);"
end

local function item(i)
  return { "contact-bulk-" .. i, { firstName = "n" .. i } }
end

local function items(n)
  local list = {}
  for i = 1, n do
    list[i] = item(i)
  end
  return list
end

-- A function that gives n items, and how many it gave.
local function counted(n)
  local given = 0
  return function()
    if given < n then
      given = given + 1
      return item(given)
    end
  end, function()
    return given
  end
end

describe("client:update_contacts", function()
  local client

  before_each(function()
    helper.reset()
    client = helper.client({ rate_limit = false })
  end)

  after_each(function()
    client:close()
  end)

  it("updates a list, every item once", function()
    local seen = {}
    local summary = client:update_contacts(items(200), {
      on_result = function(index, res, err, info)
        assert.is_nil(err)
        assert.equal("n" .. index, res.contact.firstName)
        assert.equal(200, info.status)
        assert.is_nil(seen[index])
        seen[index] = true
      end,
    })
    assert.equal(200, #seen)
    assert.equal(200, summary.total)
    assert.equal(200, summary.succeeded)
    assert.equal(0, summary.failed)
    assert.equal(0, summary.retried)
    assert.equal(0, summary.rate_limited)
    assert.same({}, summary.failures)
    assert.is_nil(summary.stopped)
    assert.is_true(summary.seconds > 0)
    assert.equal(200, helper.admin("GET", "/journal?count").count)
    for i = 1, 200 do
      assert.equal(1, helper.requests("contact-bulk-" .. i))
    end
  end)

  it("does the same over HTTP/2", function()
    local tls = helper.tls_client("HTTPS", { rate_limit = false })
    local summary = tls:update_contacts(items(200))
    assert.equal(200, summary.succeeded)
    assert.equal(200, helper.admin("GET", "/journal?count").count)
    tls:close()
  end)

  -- Requests that begin together are held back until all have begun; what is not
  -- let go then, the system lets go after 200 ms.
  if has_ffi then
    it("holds nothing back on a connection of HTTP/2 once requests have begun", function()
      local tls, sockets = helper.tls_client("HTTPS", { rate_limit = false }), 0
      assert.equal(50, tls:update_contacts(items(50), { concurrency = 5 }).succeeded)
      local held, len = ffi.new("int[1]"), ffi.new("unsigned[1]", 4)
      for fd = 3, 200 do
        if ffi.C.getsockopt(fd, IPPROTO_TCP, TCP_CORK, held, len) == 0 then
          sockets = sockets + 1
          assert.equal(0, held[0])
        end
      end
      assert.is_true(sockets > 0)
      tls:close()
    end)
  end

  it("raises for a list with a hole, which would end there, and for named keys", function()
    local holed = items(50)
    holed[20] = nil
    for _, list in ipairs({ holed, { [2] = item(2) }, { first = item(1) }, { item(1), first = item(2) } }) do
      assert.error_matches(function()
        client:update_contacts(list)
      end, "update_contacts: items must be a list without holes and named keys")
    end
    assert.equal(0, #helper.journal())
  end)

  it("takes nothing at all", function()
    assert.equal(0, client:update_contacts({}).total)
    assert.equal(0, client:update_contacts(function() end).total)
  end)

  it("has as many on their way as concurrency says", function()
    for _, n in ipairs({ 1, 7 }) do
      helper.reset()
      local list = {}
      for i = 1, 3 * n do
        list[i] = { "fault-delay-50." .. i, { firstName = "a" } }
      end
      assert.equal(3 * n, client:update_contacts(list, { concurrency = n }).succeeded)
      assert.equal(n, helper.admin("GET", "/stats").peak)
    end
  end)

  it("reads a function only as fast as calls finish", function()
    local next_item, given = counted(100)
    local most = 0
    client:update_contacts(next_item, {
      concurrency = 10,
      on_progress = function(done, total)
        assert.is_nil(total)
        most = math.max(most, given() - done)
      end,
    })
    assert.equal(100, given())
    assert.is_true(most <= 10, most)
  end)

  it("tells the progress", function()
    local last = 0
    client:update_contacts(items(20), {
      on_progress = function(done, total, summary)
        assert.equal(last + 1, done)
        assert.equal(20, total)
        assert.equal(done, summary.total)
        last = done
      end,
    })
    assert.equal(20, last)
  end)

  it("lists failures, which never stop the others", function()
    local list = items(30)
    list[3] = { "fault-status-404", { firstName = "a" } }
    list[5] = { "contact-x", { first_name = "a" } }
    list[7] = "contact-y"
    list[9] = { 17, { firstName = "a" } }
    list[11] = { "contact-z" }
    list[13] = { "a/b", { firstName = "a" } }
    local summary = client:update_contacts(list)
    assert.equal(30, summary.total)
    assert.equal(24, summary.succeeded)
    assert.equal(6, summary.failed)
    local found = {}
    for _, failure in ipairs(summary.failures) do
      found[failure.index] = tostring(failure.err)
      assert.equal(failure.index, failure[1])
      assert.equal(failure.id, failure[2])
      assert.equal(failure.err, failure[3])
    end
    assert.truthy(found[3]:find("^not_found: "))
    assert.truthy(found[5]:find("did you mean firstName", 1, true))
    assert.equal("invalid: items[7]: must be { contact_id, fields }, not a string", found[7])
    assert.equal("invalid: items[9][1]: the contact id must be a string, not a number", found[9])
    assert.equal("invalid: items[11][2]: fields must be a table, not nil", found[11])
    assert.truthy(found[13]:find("^invalid: contact_id: "))
    assert.equal(25, helper.admin("GET", "/journal?count").count)
  end)

  it("tries again, and counts that", function()
    local list = items(10)
    list[4] = { "fault-seq-503-ok.bulk", { firstName = "a" } }
    list[6] = { "fault-seq-retry_0-retry_0-ok.bulk", { firstName = "a" } }
    local summary = client:update_contacts(list)
    assert.equal(10, summary.succeeded)
    assert.equal(2, summary.retried)
    assert.equal(2, summary.rate_limited)
  end)

  it("ends at a spent daily limit, and finishes what was started", function()
    local next_item, given = counted(1000)
    local daily = helper.client({ token = "daily-20-bulk", rate_limit = false })
    local summary = daily:update_contacts(next_item, { concurrency = 5 })
    assert.equal("rate_limited", summary.stopped.kind)
    assert.equal("daily", summary.stopped.rate_limit.scope)
    assert.equal(20, summary.succeeded)
    assert.equal(given(), summary.total)
    assert.is_true(given() <= 25, given())
    daily:close()
  end)

  it("ends at a token that is not accepted", function()
    local next_item, given = counted(1000)
    local summary = client:update_contacts(next_item, { concurrency = 5, token = "expired-bulk" })
    assert.equal("unauthorized", summary.stopped.kind)
    assert.is_true(given() <= 10, given())
    assert.equal(given(), summary.failed)
  end)

  it("ends when stop_on says so, in place of the rule it has", function()
    local list = items(100)
    list[10] = { "fault-status-404", { firstName = "a" } }
    local summary = client:update_contacts(list, {
      concurrency = 1,
      stop_on = function(err)
        return err.kind == "not_found"
      end,
    })
    assert.equal(10, summary.total)
    assert.equal("not_found", summary.stopped.kind)
    summary = client:update_contacts(items(10), {
      token = "expired-on",
      stop_on = function()
        return false
      end,
    })
    assert.equal(10, summary.failed)
    assert.is_nil(summary.stopped)
  end)

  it("does not begin the item that waits when it is stopped", function()
    local paced = helper.client({ rate_limit = { requests = 1, interval = 0.5 } })
    local summary = paced:update_contacts({
      { "fault-status-404.stop", { firstName = "a" } }, { "contact-never", { firstName = "a" } },
      { "contact-nor-this", { firstName = "a" } },
    }, {
      stop_on = function()
        return true
      end,
    })
    assert.equal("not_found", summary.stopped.kind)
    assert.equal(summary.total, summary.failed)
    assert.equal("cancelled", summary.failures[2].err.kind)
    assert.equal(0, helper.requests("contact-never"))
    assert.equal(1, helper.admin("GET", "/journal?count").count)
    paced:close()
  end)

  it("asks a token function once for each item", function()
    local asked = 0
    local summary = client:update_contacts(items(8), {
      token = function()
        asked = asked + 1
        if asked == 5 then
          return nil, "the store is down"
        end
        return "pit-asked-" .. asked
      end,
    })
    assert.equal(8, asked)
    assert.equal(7, summary.succeeded)
    assert.truthy(tostring(summary.failures[1].err):find("the store is down", 1, true))
  end)

  it("hands each attempt to the log", function()
    local n, ids = 0, {}
    local logged = helper.client({
      rate_limit = false,
      log = function(event)
        n = n + 1
        ids[event.contact_id] = (ids[event.contact_id] or 0) + 1
        assert.equal(ids[event.contact_id], event.attempt)
      end,
    })
    local list = items(10)
    list[4] = { "fault-seq-503-503-ok.log", { firstName = "a" } }
    logged:update_contacts(list)
    assert.equal(12, n)
    assert.equal(3, ids["fault-seq-503-503-ok.log"])
    logged:close()
  end)

  it("starts no call before its turn: none waits its own time away", function()
    local paced = helper.client({ rate_limit = { requests = 5, interval = 0.5 }, timeout = 0.4 })
    local summary = paced:update_contacts(items(20))
    assert.equal(20, summary.succeeded)
    assert.is_true(summary.seconds >= 1.5 and summary.seconds < 15, summary.seconds)
    paced:close()
  end)

  it("finds a limit that only the headers reveal before it meets it", function()
    local paced = helper.client({ token = "limited-25-hidden" })
    local most = 0
    local summary = paced:update_contacts(items(26), {
      on_progress = function(_, _, s)
        most = math.max(most, s.rate_limited)
      end,
    })
    assert.equal(26, summary.succeeded)
    assert.equal(0, most)
    assert.is_true(summary.seconds >= 10, summary.seconds)
    paced:close()
  end)

  it("raises what its functions raise, and drops what runs", function()
    local function fail()
      error("no more", 0)
    end
    for _, case in ipairs({
      { items(50), { on_result = fail } },
      { items(50), { on_progress = fail } },
      { items(50), { token = "expired-x", stop_on = fail } },
      { fail, {} },
      { items(50), { token = fail } },
    }) do
      local ok, why = pcall(client.update_contacts, client, case[1], case[2])
      assert.is_false(ok)
      assert.equal("no more", why)
    end
    assert(client:update_contact(helper.CONTACT, { firstName = "after" }))
  end)

  it("may be used within its own functions", function()
    local inner, single = 0, 0
    local summary = client:update_contacts(items(30), {
      concurrency = 8,
      on_result = function(index)
        if index % 10 == 0 then
          inner = inner + client:update_contacts(items(5)).succeeded
        end
        if index % 7 == 0 then
          assert(client:update_contact(helper.CONTACT, { firstName = "a" }))
          single = single + 1
        end
      end,
    })
    assert.equal(30, summary.succeeded)
    assert.equal(15, inner)
    assert.equal(4, single)
  end)

  it("ends when one of its functions closes the client", function()
    local paced = helper.client({ rate_limit = { requests = 5, interval = 30 } })
    local summary = paced:update_contacts(items(20), {
      on_result = function(index)
        if index == 3 then
          paced:close()
        end
      end,
    })
    assert.equal("cancelled", summary.stopped.kind)
    assert.equal(summary.total, summary.succeeded + summary.failed)
    for _, failure in ipairs(summary.failures) do
      assert.equal("cancelled", failure.err.kind)
    end
  end)

  it("runs as a coroutine's body, whose functions may yield", function()
    local yields = 0
    local co = coroutine.wrap(function()
      return client:update_contacts(items(5), {
        on_result = function()
          coroutine.yield("result")
        end,
      })
    end)
    local given = co()
    while given == "result" do
      yields = yields + 1
      given = co()
    end
    assert.equal(5, yields)
    assert.equal(5, given.succeeded)
  end)

  it("raises for misuse, naming it", function()
    for _, case in ipairs({
      { "items must be a list or a function, not nil" },
      { "items must be a list or a function, not a string", "x" },
      { "did you mean 'concurrency'", {}, { concurency = 3 } },
      { "option 'concurrency' must be a whole number, 1 or more, not 0", {}, { concurrency = 0 } },
      { "option 'on_result' must be a function, not a table", {}, { on_result = {} } },
      { "option 'timeout' must be a number of seconds above 0", {}, { timeout = -1 } },
      { "options must be a table", {}, 5 },
    }) do
      local ok, why = pcall(client.update_contacts, client, case[2], case[3])
      assert.is_false(ok)
      assert.truthy(why:find(case[1], 1, true), why)
      assert.truthy(why:find("update_contacts: ", 1, true), why)
    end
    client:close()
    local ok, why = pcall(client.update_contacts, client, {})
    assert.is_false(ok)
    assert.truthy(why:find("the client is closed", 1, true))
  end)
end)
