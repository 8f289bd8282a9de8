--- Requests per token: a sliding window, and the day's budget.
---
--- `limited-N-...` and `daily-N-...` tokens have limits of their own.

local limits = {}

local standard, windows, days

function limits.reset()
  standard = { max = 1000000, interval_ms = 10000, daily = 100000000 }
  windows, days = {}, {}
end

limits.reset()

function limits.configure(given)
  for name, value in pairs(given) do
    standard[name] = value
  end
end

--- Count one request. Sets the headers; false if it is over a limit.
function limits.admit(token)
  local now = ngx.now() * 1000
  local max = tonumber(token:match("^limited%-(%d+)%-")) or standard.max
  local daily = tonumber(token:match("^daily%-(%d+)%-")) or standard.daily
  local window = windows[token] or { first = 1, last = 0 }
  windows[token] = window
  while window.first <= window.last and window[window.first] <= now - standard.interval_ms do
    window[window.first] = nil
    window.first = window.first + 1
  end
  local used, today = window.last - window.first + 1, days[token] or 0
  local over = used >= max or today >= daily
  if not over then
    window.last = window.last + 1
    window[window.last] = now
    used, today = used + 1, today + 1
    days[token] = today
  end
  ngx.header["X-RateLimit-Limit-Daily"] = daily
  ngx.header["X-RateLimit-Daily-Remaining"] = math.max(daily - today, 0)
  ngx.header["X-RateLimit-Interval-Milliseconds"] = standard.interval_ms
  ngx.header["X-RateLimit-Max"] = max
  ngx.header["X-RateLimit-Remaining"] = math.max(max - used, 0)
  if over and standard.retry_after then
    ngx.header["Retry-After"] = standard.retry_after
  end
  return not over
end

return limits
