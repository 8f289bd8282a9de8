--- Requests per token: a sliding window, and the day's budget.
---
--- `limited-N-...` and `daily-N-...` tokens have limits of their own.

local limits = {}

local MAX_TOKENS = 10000 -- more than that and all are forgotten

local standard, accounts, known

function limits.reset()
  standard = { max = 1000000, interval_ms = 10000, daily = 100000000, retry_after = nil }
  accounts, known = {}, 0
end

limits.reset()

function limits.configure(given)
  for _, name in ipairs({ "max", "interval_ms", "daily", "retry_after" }) do
    local value = given[name]
    if value == ngx.null then
      standard[name] = nil
    elseif value ~= nil then
      standard[name] = value
    end
  end
end

function limits.current()
  return standard
end

-- What a token has used. The window is a queue of milliseconds and how many
-- requests came in each: `times[i]`, `counts[i]`, `first` to `last`.
local function account_of(token)
  local account = accounts[token]
  if not account then
    if known >= MAX_TOKENS then
      accounts, known = {}, 0
    end
    account = { times = {}, counts = {}, first = 1, last = 0, used = 0, day = nil, today = 0 }
    accounts[token], known = account, known + 1
  end
  return account
end

local function forget_before(account, time)
  while account.first <= account.last and account.times[account.first] <= time do
    local i = account.first
    account.used = account.used - account.counts[i]
    account.times[i], account.counts[i] = nil, nil
    account.first = i + 1
  end
end

local function count(account, now)
  local last = account.last
  if last >= account.first and account.times[last] == now then
    account.counts[last] = account.counts[last] + 1
  else
    account.last = last + 1
    account.times[last + 1], account.counts[last + 1] = now, 1
  end
  account.used = account.used + 1
  account.today = account.today + 1
end

--- Count one request and set the headers; false if it is over a limit.
function limits.admit(token)
  local now = math.floor(ngx.now() * 1000 + 0.5)
  local account = account_of(token)
  local max = tonumber(token:match("^limited%-(%d+)%-")) or standard.max
  local daily = tonumber(token:match("^daily%-(%d+)%-")) or standard.daily
  local day = math.floor(now / 86400000)
  if account.day ~= day then
    account.day, account.today = day, 0
  end
  forget_before(account, now - standard.interval_ms)
  local admitted = account.used < max and account.today < daily
  if admitted then
    count(account, now)
  elseif standard.retry_after then
    ngx.header["Retry-After"] = standard.retry_after
  end
  limits.headers(max, max - account.used, standard.interval_ms, daily, daily - account.today)
  return admitted
end

function limits.headers(max, remaining, interval_ms, daily, daily_remaining)
  local header = ngx.header
  header["X-RateLimit-Limit-Daily"] = daily
  header["X-RateLimit-Daily-Remaining"] = math.max(daily_remaining, 0)
  header["X-RateLimit-Interval-Milliseconds"] = interval_ms
  header["X-RateLimit-Max"] = max
  header["X-RateLimit-Remaining"] = math.max(remaining, 0)
end

return limits
