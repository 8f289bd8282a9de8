--- Trying again, pacing, and what is told of it. Which waits follow which
--- answer is tested without waiting, in core/test_policy.c and test_pace.c.

local helper = require "helper"

local FIELDS = { firstName = "a" }

describe("trying again", function()
  before_each(helper.reset)

  it("leads to success, with the attempts in info", function()
    local client = helper.client()
    local res, err, info = client:update_contact("fault-seq-close-503-ok", FIELDS)
    assert.is_nil(err)
    assert.equal("a", res.contact.firstName)
    assert.equal(3, info.attempts)
    assert.equal(200, info.status)
    assert.equal(2, #info.history)
    local first, second = info.history[1], info.history[2]
    assert.equal(1, first.attempt)
    assert.equal("network", first.kind)
    assert.is_nil(first.status)
    assert.truthy(first.message:find("closed the connection", 1, true))
    assert.is_true(first.wait >= 0 and first.wait <= 0.25)
    assert.equal(2, second.attempt)
    assert.equal("server", second.kind)
    assert.equal(503, second.status)
    assert.is_true(second.wait >= 0 and second.wait <= 0.5)
    assert.is_true(second.began >= first.began + first.seconds + first.wait)
    assert.is_true(info.seconds >= second.began + second.seconds + second.wait)
    client:close()
  end)

  it("waits as Retry-After says", function()
    local client = helper.client()
    local seconds, res, _, info = helper.timed(client.update_contact, client, "fault-seq-retry_1-ok", FIELDS)
    assert.truthy(res)
    assert.equal(2, info.attempts)
    assert.equal(1, info.history[1].wait)
    assert.is_true(seconds >= 1 and seconds < 9, seconds)
    client:close()
  end)

  it("is turned off by retries = 0, of the client or of the call", function()
    for _, off in ipairs({ { retries = 0 }, {} }) do
      local client = helper.client(off)
      local _, err = client:update_contact("fault-status-503.off", FIELDS, { retries = 0 })
      assert.equal("server", err.kind)
      assert.equal(1, err.attempts)
      assert.same({}, err.history)
      client:close()
    end
    assert.equal(2, helper.requests("fault-status-503.off"))
  end)

  it("goes as far as retries says, of the call before that of the client", function()
    local client = helper.client({ retries = 0 })
    local _, err = client:update_contact("fault-status-503.far", FIELDS, { retries = 2 })
    assert.equal(3, err.attempts)
    assert.equal(3, helper.requests("fault-status-503.far"))
    client:close()
  end)

  it("is not begun when the wait would reach the deadline: the real error comes at once", function()
    local client = helper.client({ timeout = 5 })
    local seconds, _, err = helper.timed(client.update_contact, client, "fault-retry-7", FIELDS)
    assert.equal("rate_limited", err.kind)
    assert.equal(429, err.status)
    assert.is_true(seconds < 4, seconds)
    client:close()
  end)

  it("keeps a stale connection from being noticed, even without retries", function()
    for _, port in ipairs({ "HTTP", "HTTPS" }) do
      local client = helper.tls_client(port, { retries = 0 })
      local core = require "highlevel.core"
      for _ = 1, 3 do
        assert(client:update_contact("fault-stale", FIELDS))
        core.sleep(0.12) -- the server closes after 50 ms
      end
      client:close()
    end
  end)
end)

describe("the rate limit", function()
  before_each(helper.reset)

  it("lets a single call of a quiet client go at once", function()
    local client = helper.client({ token = "limited-5-quiet", rate_limit = { requests = 1, interval = 60 } })
    local seconds, res = helper.timed(client.update_contact, client, helper.CONTACT, FIELDS)
    assert.truthy(res)
    assert.is_true(seconds < 9, seconds)
    client:close()
  end)

  it("holds the next call until there is room", function()
    local client = helper.client({ rate_limit = { requests = 2, interval = 0.5 } })
    local seconds = helper.timed(function()
      for _ = 1, 5 do
        assert(client:update_contact(helper.CONTACT, FIELDS))
      end
    end)
    assert.is_true(seconds >= 1 and seconds < 9, seconds)
    client:close()
  end)

  it("refuses at once what would not have its turn before its deadline, and sends nothing", function()
    local client = helper.client({ rate_limit = { requests = 1, interval = 20 }, timeout = 2 })
    assert(client:update_contact(helper.CONTACT, FIELDS))
    local seconds, _, err = helper.timed(client.update_contact, client, "contact-late", FIELDS)
    assert.equal("rate_limited", err.kind)
    assert.is_nil(err.status)
    assert.equal(0, err.attempts)
    assert.is_true(err.retryable)
    assert.is_true(err.retry_after > 15 and err.retry_after <= 21, err.retry_after)
    assert.truthy(err.message:find("nothing was sent", 1, true))
    assert.is_true(seconds < 1.9, seconds)
    assert.equal(0, helper.requests("contact-late"))
    client:close()
  end)

  it("counts each token for itself", function()
    local client = helper.client({ rate_limit = { requests = 1, interval = 20 }, timeout = 2 })
    for i = 1, 3 do
      assert(client:update_contact(helper.CONTACT, FIELDS, { token = "pit-number-" .. i }))
    end
    local _, err = client:update_contact(helper.CONTACT, FIELDS, { token = "pit-number-2" })
    assert.equal("rate_limited", err.kind)
    client:close()
  end)

  it("learns from the headers that others use the same bucket", function()
    local mine = helper.client({ token = "limited-10-shared", timeout = 2 })
    local other = helper.client({ token = "limited-10-shared", rate_limit = false })
    assert(mine:update_contact(helper.CONTACT, FIELDS))
    for _ = 1, 8 do
      assert(other:update_contact(helper.CONTACT, FIELDS))
    end
    assert(mine:update_contact(helper.CONTACT, FIELDS)) -- the tenth: nothing remains
    local _, err = mine:update_contact("contact-eleventh", FIELDS)
    assert.equal("rate_limited", err.kind)
    assert.equal(0, err.attempts)
    assert.equal(0, helper.requests("contact-eleventh"))
    mine:close()
    other:close()
  end)

  it("is none with rate_limit = false", function()
    local client = helper.client({ rate_limit = false })
    local seconds = helper.timed(function()
      for _ = 1, 150 do
        assert(client:update_contact(helper.CONTACT, FIELDS))
      end
    end)
    assert.is_true(seconds < 9.9, seconds)
    client:close()
  end)
end)

describe("the log", function()
  before_each(helper.reset)

  it("tells of each attempt as it ends, without a token", function()
    local events = {}
    local client = helper.client({
      log = function(event)
        events[#events + 1] = event
      end,
    })
    assert(client:update_contact("fault-seq-503-ok.log", FIELDS))
    client:update_contact("fault-echo", FIELDS)
    assert.equal(3, #events)
    assert.equal("fault-seq-503-ok.log", events[1].contact_id)
    assert.equal("server", events[1].kind)
    assert.equal(1, events[1].attempt)
    assert.is_true(events[1].wait <= 0.25)
    assert.equal("ok", events[2].kind)
    assert.equal(2, events[2].attempt)
    assert.equal(200, events[2].status)
    assert.is_nil(events[2].wait)
    assert.equal("done", events[2].reason)
    assert.equal("fault-echo", events[3].contact_id)
    assert.truthy(events[3].message)
    assert.is_nil(helper.dump(events):find(helper.TOKEN, 1, true))
    client:close()
  end)

  it("does not tell of what was never sent", function()
    local client = helper.client({ log = error })
    assert.equal("invalid", select(2, client:update_contact(helper.CONTACT, { first_name = "a" })).kind)
    client:close()
  end)

  it("raises what the function raises", function()
    local client = helper.client({
      log = function()
        error("disk full", 0)
      end,
    })
    local ok, why = pcall(client.update_contact, client, helper.CONTACT, FIELDS)
    assert.is_false(ok)
    assert.equal("disk full", why)
    client:close()
  end)
end)
