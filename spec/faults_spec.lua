--- What real servers do to a call, and what the caller gets for it.

local helper = require "helper"

local TIMEOUT = 1
local LATE = 0.5 -- what a call may take beyond its timeout
local PATIENT = 3 -- time for three retries, whose waits are 1.75 s at most

-- fault, kind, how many requests the server sees, and what else must hold: a
-- part of the message, status, phase
local rows = {
  { "status-400", "rejected", 1, status = 400, says = "nothing was saved" },
  { "status-402", "rejected", 1, status = 402 },
  { "status-404", "not_found", 1, status = 404 },
  { "status-405", "rejected", 1, status = 405 },
  { "status-409", "rejected", 1, status = 409 },
  { "status-422", "rejected", 1, status = 422 },
  { "status-500", "server", 1, status = 500, retryable = false },
  { "status-502", "server", 4, status = 502, says = "upstream connect error", retryable = true },
  { "status-503", "server", 4, status = 503, retryable = true },
  { "status-504", "server", 4, status = 504, retryable = true },
  { "status-204", "protocol", 1, status = 204, says = "an empty answer" },
  { "status-301", "protocol", 1, status = 301, says = "redirects are not followed" },
  { "status-302", "protocol", 1, status = 302, says = "/contacts/" },
  { "status-307", "protocol", 1, status = 307 },
  { "status-429", "rate_limited", 1, closes = true, status = 429, retryable = true },
  { "daily", "rate_limited", 1, status = 429, says = "day's requests are used up", retryable = false },
  { "retry-7", "rate_limited", 1, closes = true, status = 429, retryable = true },
  { "retry-0", "rate_limited", 4, status = 429, retryable = true },
  { "retry-1", "rate_limited", 3, timeout = 2.5, status = 429, retryable = true },
  { "seq-503-504-400", "rejected", 3, status = 400 },
  { "seq-503-hang", "timeout", 2, timeout = 1, phase = "wait" },
  { "seq-502-daily", "rate_limited", 2, status = 429, retryable = false },
  { "seq-cut-html", "protocol", 2, status = 200 },
  { "notfound404", "not_found", 1, status = 404 },
  { "nomessage", "rejected", 1, status = 400 },
  { "messageobject", "rejected", 1, status = 422, says = "email must be an email" },
  { "trace", "rejected", 1, status = 422, says = "trace 0b1c2d3e-trace" },
  { "html", "protocol", 1, status = 200, says = "Maintenance" },
  { "text", "protocol", 1, status = 200, says = "not JSON" },
  { "empty", "protocol", 1, status = 200, says = "an empty answer" },
  { "badjson", "protocol", 1, status = 200, says = "ends too early" },
  { "array", "protocol", 1, status = 200, says = "without the contact" },
  { "nocontact", "protocol", 1, status = 200, says = "without the contact" },
  { "notsucceeded", "rejected", 1, status = 200, says = "did not succeed" },
  { "deep", "protocol", 1, status = 200, says = "nested too deeply" },
  { "huge-50000000", "protocol", 1, says = "max_response_bytes" },
  { "bomb", "protocol", 1, says = "max_response_bytes" },
  { "badgzip", "protocol", 1, says = "compression is broken" },
  { "reset", "network", 4, says = "may have been done", retryable = true },
  { "close", "network", 4, says = "may have been done", retryable = true },
  { "cut", "network", 4, says = "middle of the answer", phase = "transfer" },
  { "cutchunk", "network", 4, phase = "transfer" },
  { "garbage", "protocol", 1, says = "not HTTP" },
  { "short", "protocol", 1, status = 200 },
  { "long", "timeout", 1, phase = "transfer" },
  { "hang", "timeout", 1, phase = "wait", says = "no answer within the time allowed" },
  { "delay-3000", "timeout", 1, phase = "wait", retryable = true },
  { "drip-50", "timeout", 1, phase = "transfer" },
  { "dripheaders-50", "timeout", 1 },
}

describe("a call", function()
  local client

  setup(function()
    helper.reset()
    client = helper.client({ timeout = TIMEOUT })
  end)

  teardown(function()
    client:close()
  end)

  for _, row in ipairs(rows) do
    local fault, kind, requests = row[1], row[2], row[3]
    it(("ends as %s after %d requests when the server does %s"):format(kind, requests, fault), function()
      local id = "fault-" .. fault
      local timeout = row.timeout or (requests > 1 and PATIENT or TIMEOUT)
      local used = helper.client({ timeout = timeout })
      local seconds, res, err = helper.timed(used.update_contact, used, id, { firstName = "a" })
      assert.is_nil(res)
      assert.equal(kind, err.kind, tostring(err))
      assert.is_true(seconds <= timeout + LATE, seconds)
      assert.equal(requests, helper.requests(id))
      assert.equal(requests, err.attempts)
      assert.equal(requests - 1, #err.history)
      for _, name in ipairs({ "status", "phase", "retryable" }) do
        if row[name] ~= nil then
          assert.equal(row[name], err[name], name)
        end
      end
      if row.says then
        assert.truthy(tostring(err):find(row.says, 1, true), tostring(err))
      end
      assert.is_nil(tostring(err):find("\n", 1, true))
      -- the client is none the worse for it, but heeds the rate limit
      local after, why = used:update_contact("contact-after", { firstName = "a" })
      assert.equal(row.closes and "rate_limited" or nil, why and why.kind)
      assert.equal(why == nil, after ~= nil)
      used:close()
    end)
  end

  -- the same over HTTP/2, where the server can do less
  for _, row in ipairs({
    { "reset", "network" },
    { "hang", "timeout" },
    { "drip-50", "timeout" },
    { "bomb", "protocol" },
    { "status-502", "server" },
  }) do
    it("over HTTP/2 ends as " .. row[2] .. " when the server does " .. row[1], function()
      local tls = helper.tls_client("HTTPS", { timeout = TIMEOUT, retries = 0 })
      local seconds, _, err = helper.timed(tls.update_contact, tls, "fault-" .. row[1], { firstName = "a" })
      assert.equal(row[2], err.kind, tostring(err))
      assert.is_true(seconds <= TIMEOUT + LATE, seconds)
      tls:close()
    end)
  end

  it("gives rate limits and Retry-After with a 429", function()
    local _, err = helper.client({ timeout = 1 }):update_contact("fault-retry-7", { firstName = "a" })
    assert.equal(7, err.retry_after)
    assert.same({ scope = "burst", limit = 100, remaining = 0, interval = 10, daily_limit = 200000, daily_remaining = 150000 }, err.rate_limit)
    _, err = helper.client({ timeout = 1 }):update_contact("fault-retry-date", { firstName = "a" })
    assert.is_true(err.retry_after > 25 and err.retry_after <= 30)
    _, err = helper.client():update_contact("fault-daily", { firstName = "a" })
    assert.equal("daily", err.rate_limit.scope)
  end)

  it("keeps the raw body of a failure, cut at 16 KiB", function()
    local _, err = client:update_contact("fault-status-400", { firstName = "a" })
    assert.truthy(err.body:find('"statusCode":400', 1, true))
    _, err = client:update_contact("fault-deep", { firstName = "a" })
    assert.equal(16384, #err.body)
  end)

  it("survives a connection that went stale", function()
    for _ = 1, 3 do
      assert(client:update_contact("fault-stale", { firstName = "a" }))
      local core = require "highlevel.core"
      local until_then = core.now() + 0.12 -- the server closes after 50 ms
      repeat until core.now() >= until_then
      assert(client:update_contact("contact-a", { firstName = "a" }))
    end
  end)

  it("obeys max_response_bytes", function()
    local small = helper.client({ max_response_bytes = 64 })
    local _, err = small:update_contact("contact-a", { firstName = "a" })
    assert.equal("protocol", err.kind)
    assert.truthy(err.message:find("max_response_bytes (64)", 1, true))
  end)
end)

describe("connecting", function()
  local function try(options)
    local client = helper.client(options)
    local seconds, res, err = helper.timed(client.update_contact, client, "contact-a", { firstName = "a" })
    client:close()
    assert.is_nil(res)
    assert.is_true(seconds <= options.timeout + LATE, seconds)
    return err
  end

  it("to a closed port is network, with nothing sent", function()
    local err = try({ base_url = helper.env("REFUSED"), timeout = TIMEOUT })
    assert.equal("network", err.kind)
    assert.equal("connect", err.phase)
    assert.truthy(err.message:find("nothing was sent", 1, true))
  end)

  it("to a name that does not exist is network", function()
    local err = try({ base_url = "https://no-such-host.invalid", timeout = 5 })
    assert.equal("network", err.kind)
    assert.truthy(err.message:find("name was not found", 1, true))
  end)

  for port, says in pairs({
    SELF_SIGNED = "self-signed",
    EXPIRED = "expired",
    WRONG_HOST = "localhost",
    UNKNOWN_CA = "issuer",
  }) do
    it("to a server whose certificate is bad (" .. port .. ") is tls, and no request arrives", function()
      helper.reset()
      local err = try({ base_url = helper.env(port), ca_file = helper.env("CA"), timeout = TIMEOUT })
      assert.equal("tls", err.kind)
      assert.truthy(err.message:find(says, 1, true), err.message)
      assert.equal(0, helper.requests("contact-a"))
    end)
  end

  it("without ca_file to an authority nobody knows is tls", function()
    local err = try({ base_url = helper.env("HTTPS"), timeout = TIMEOUT })
    assert.equal("tls", err.kind)
    assert.truthy(err.message:find("ca_file", 1, true))
  end)

  it("with an unreadable ca_file is tls, naming the option", function()
    local err = try({ base_url = helper.env("HTTPS"), ca_file = "no/such/file.pem", timeout = TIMEOUT })
    assert.equal("tls", err.kind)
    assert.truthy(err.message:find("check ca_file", 1, true))
  end)

  it("by https to a port that speaks http is tls", function()
    local err = try({ base_url = helper.env("NOT_TLS"), ca_file = helper.env("CA"), timeout = TIMEOUT })
    assert.equal("tls", err.kind)
  end)

  it("to a server that never says a word is timeout, in phase connect", function()
    local err = try({ base_url = helper.env("SILENT"), ca_file = helper.env("CA"), timeout = TIMEOUT })
    assert.equal("timeout", err.kind)
    assert.equal("connect", err.phase)
  end)

  it("obeys connect_timeout before timeout", function()
    local client = helper.tls_client("SILENT", { timeout = 5, connect_timeout = 0.3, retries = 0 })
    local seconds, _, err = helper.timed(client.update_contact, client, "contact-a", { firstName = "a" })
    assert.equal("timeout", err.kind)
    assert.is_true(seconds < 1, seconds)
    client:close()
  end)
end)
