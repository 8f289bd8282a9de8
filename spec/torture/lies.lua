--- What a server may say that is not so, and what the caller gets for it.
---
--- `bytes` is the whole answer, `endless` what follows it for ever, `later`
--- what follows a moment after it, `after` what becomes of the connection
--- (nil: kept). `kind` is how the call ends ("ok"), `says` a part of its
--- message. `quick`: long before its deadline. `closes`: the client is to send
--- nothing for a while. `spoils`: how the next call on the connection ends.

local GOOD = '{"succeded":true,"contact":{"id":"x"}}'
local EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"succeded":true,"contact":{"id":"evil"}}'

local list = {}

local function lie(name, row)
  row.name = name
  if row.quick == nil then
    row.quick = row.kind ~= "timeout"
  end
  list[#list + 1] = row
end

-- An answer with these header lines.
local function answer(headers, body, status)
  return ("HTTP/1.1 %s\r\n%s\r\n%s"):format(status or "200 OK", headers, body or GOOD)
end

local LENGTH = "Content-Length: " .. #GOOD .. "\r\n"

-- The same, and the right length.
local function sized(headers, status)
  return answer(LENGTH .. headers, GOOD, status)
end

-------------------------------------------------------------------- lengths

lie("length-short", { bytes = answer("Content-Length: 10\r\n"), kind = "protocol", says = "JSON" })
lie("length-zero", { bytes = answer("Content-Length: 0\r\n"), kind = "protocol", says = "empty" })
lie("length-long-kept", { bytes = answer("Content-Length: 100\r\n"), kind = "timeout" })
lie("length-long-closed", { bytes = answer("Content-Length: 100\r\n"), after = "close", kind = "network" })
lie("length-long-reset", { bytes = answer("Content-Length: 100\r\n"), after = "reset", kind = "network" })
lie("length-twice", { bytes = sized(LENGTH), kind = "ok" })
lie("length-two-kinds", { bytes = sized("Content-Length: 7\r\n"), kind = { "protocol", "ok" } })
lie("length-negative", { bytes = answer("Content-Length: -5\r\n"), kind = "protocol" })
lie("length-text", { bytes = answer("Content-Length: many\r\n"), kind = { "protocol", "network", "ok" }, after = "close" })
lie("length-empty", { bytes = answer("Content-Length:\r\n"), kind = { "protocol", "network", "ok" }, after = "close" })
lie("length-2e70", { bytes = answer("Content-Length: 1180591620717411303424\r\n"), kind = { "protocol", "ok" }, after = "close" })
lie("length-2e63", { bytes = answer("Content-Length: 9223372036854775807\r\n"), kind = "network", after = "close" })
lie("length-hex", { bytes = answer("Content-Length: 0x26\r\n"), kind = { "protocol", "ok" } })
lie("length-none-kept", { bytes = answer(""), kind = "timeout" })
lie("length-none-closed", { bytes = answer(""), after = "close", kind = "ok" })
lie("more-than-one-answer", { bytes = sized("") .. EVIL, kind = "ok" })
lie("another-answer-later", { bytes = sized(""), later = EVIL, kind = "ok", spoils = "protocol" })
lie("bytes-later", { bytes = sized(""), later = "\r\n\r\nnonsense", kind = "ok", spoils = "protocol" })

------------------------------------------------------------------ encodings

lie("gzip-that-is-none", { bytes = sized("Content-Encoding: gzip\r\n"), kind = "protocol", says = "compression" })
lie("br-that-is-none", { bytes = sized("Content-Encoding: br\r\n"), kind = "protocol" })
lie("deflate-that-is-none", { bytes = sized("Content-Encoding: deflate\r\n"), kind = "protocol" })
lie("encoding-unknown", { bytes = sized("Content-Encoding: rot13\r\n"), kind = "protocol" })
lie("encoding-identity", { bytes = sized("Content-Encoding: identity\r\n"), kind = "ok" })
lie("encoding-many", { bytes = sized("Content-Encoding: " .. ("gzip, "):rep(200) .. "gzip\r\n"), kind = "protocol" })
lie("chunked-with-length", {
  bytes = answer("Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", ("%x\r\n%s\r\n0\r\n\r\n"):format(#GOOD, GOOD)),
  kind = "ok",
})
lie("chunked-that-is-none", { bytes = sized("Transfer-Encoding: chunked\r\n"), kind = { "protocol", "network" } })
lie("chunk-of-2e70", { bytes = answer("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFFF\r\nx"), kind = { "protocol", "network" } })
lie("chunk-trailers", {
  bytes = answer("Transfer-Encoding: chunked\r\n", ("%x\r\n%s\r\n0\r\nX-A: b\r\nRetry-After: 9\r\n\r\n"):format(#GOOD, GOOD)),
  kind = "ok",
})
lie("chunk-trailers-endless", {
  bytes = answer("Transfer-Encoding: chunked\r\n", ("%x\r\n%s\r\n0\r\n"):format(#GOOD, GOOD)),
  endless = ("X-A: b\r\n"):rep(1000), kind = { "protocol", "timeout" }, quick = false,
})
lie("transfer-encoding-unknown", { bytes = sized("Transfer-Encoding: rot13\r\n"), kind = { "protocol", "ok", "timeout" }, quick = false })
lie("type-image", { bytes = sized("Content-Type: image/png\r\n"), kind = "ok" })
lie("type-html", { bytes = sized("Content-Type: text/html\r\n"), kind = "ok" })
lie("type-charset", { bytes = sized("Content-Type: application/json; charset=utf-16\r\n"), kind = "ok" })

---------------------------------------------------------------- rate limits

for name, value in pairs({
  negative = "-5", huge = "9223372036854775807", huger = ("9"):rep(60), nan = "NaN", infinite = "inf", text = "plenty",
  empty = "", float = "1e3", fraction = "7.5", plus = "+7", spaced = "7 7", hex = "0x10", zero = "0",
}) do
  local all = ""
  for _, header in ipairs({ "Max", "Remaining", "Interval-Milliseconds", "Limit-Daily", "Daily-Remaining" }) do
    all = all .. "X-RateLimit-" .. header .. ": " .. value .. "\r\n"
  end
  lie("rate-" .. name, { bytes = sized(all), kind = "ok" })
end
lie("rate-twice", { bytes = sized(("X-RateLimit-Max: 100\r\nX-RateLimit-Remaining: 99\r\n"):rep(50)), kind = "ok" })
lie("rate-more-left-than-there-is", { bytes = sized("X-RateLimit-Max: 5\r\nX-RateLimit-Remaining: 500\r\n"), kind = "ok" })
lie("rate-for-an-hour", {
  bytes = sized("X-RateLimit-Max: 1\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Interval-Milliseconds: 3600000\r\n"),
  kind = "ok", closes = true,
})
lie("rate-for-a-year", {
  bytes = sized("X-RateLimit-Max: 100\r\nX-RateLimit-Remaining: 90\r\nX-RateLimit-Interval-Milliseconds: 31536000000\r\n"),
  kind = "ok",
})

---------------------------------------------------------------- Retry-After

for name, value in pairs({
  negative = "-1", ["1e30"] = "1e30", huge = ("9"):rep(30), long = ("9"):rep(18), nan = "NaN", garbage = "soon, perhaps", empty = "",
  year0 = "Fri, 31 Dec 0000 23:59:59 GMT", year9999 = "Fri, 31 Dec 9999 23:59:59 GMT", past = "Thu, 01 Jan 1970 00:00:00 GMT",
  feb30 = "Tue, 30 Feb 2027 00:00:00 GMT", day = "86400", control = "\1\2\3", utf8 = "\195\188",
}) do
  local header = "Retry-After: " .. value .. "\r\n"
  lie("retry-503-" .. name, { bytes = sized(header, "503 Busy"), kind = "server", retries = 1 })
  lie("retry-429-" .. name, {
    bytes = sized(header, "429 Many"), kind = "rate_limited", retries = 1, closes = name ~= "past" and name ~= "year0" or nil,
  })
  lie("retry-200-" .. name, { bytes = sized(header), kind = "ok" })
end

------------------------------------------------------------------ redirects

for _, status in ipairs({ "300 Choices", "301 Moved", "302 Found", "303 Other", "305 Proxy", "307 Temporary", "308 Permanent" }) do
  lie("redirect-" .. status:sub(1, 3), {
    bytes = sized("Location: http://127.0.0.1:@ELSEWHERE@/contacts/x\r\n", status), kind = "protocol", says = "not followed", elsewhere = true,
  })
end
lie("redirect-controls", { bytes = sized("Location: http://a/\27[2J\7\1b\127\r\n", "302 Found"), kind = "protocol" })
lie("redirect-not-utf8", { bytes = sized("Location: http://a/\255\192\128\r\n", "302 Found"), kind = "protocol" })
lie("redirect-cut-utf8", { bytes = sized("Location: http://a/" .. ("\195\188"):rep(200) .. "\r\n", "302 Found"), kind = "protocol" })
lie("redirect-200", { bytes = sized("Location: http://127.0.0.1:@ELSEWHERE@/\r\nRefresh: 0; url=http://127.0.0.1:@ELSEWHERE@/\r\n"), kind = "ok", elsewhere = true })
lie("alt-svc", { bytes = sized('Alt-Svc: h2="127.0.0.1:@ELSEWHERE@"; ma=99\r\nStrict-Transport-Security: max-age=99\r\n'), kind = "ok", elsewhere = true })

------------------------------------------------------------------ the head

-- a line beyond 100 KB: libcurl 7.88 says that memory ran out
lie("header-100k", { bytes = sized("X-Long: " .. ("x"):rep(100 * 1024) .. "\r\n"), kind = { "protocol", "memory" } })
lie("header-99k", { bytes = sized("X-Long: " .. ("x"):rep(99 * 1024) .. "\r\n"), kind = "ok" })
lie("header-endless", { bytes = "HTTP/1.1 200 OK\r\nX-Long: ", endless = ("x"):rep(60000), kind = { "protocol", "memory" } })
lie("headers-10000", { bytes = sized(("X-H: value\r\n"):rep(10000)), kind = "ok" })
lie("headers-50000", { bytes = sized(("X-H: value\r\n"):rep(50000)), kind = "protocol" })
lie("headers-endless", { bytes = "HTTP/1.1 200 OK\r\n", endless = ("X-H: value\r\n"):rep(5000), kind = "protocol" })
lie("cookie", { bytes = sized("Set-Cookie: a=b; path=/\r\n"), kind = "ok" })
lie("close-but-kept", { bytes = sized("Connection: close\r\n"), kind = "ok" })
lie("close-kept-no-length", { bytes = answer("Connection: close\r\n"), kind = "timeout" })
lie("keep-alive-but-closed", { bytes = sized("Connection: keep-alive\r\nKeep-Alive: timeout=9999999999999\r\n"), after = "close", kind = "ok" })
lie("http10", { bytes = sized(""):gsub("HTTP/1.1", "HTTP/1.0"), kind = "ok" })
lie("http10-no-length", { bytes = answer(""):gsub("HTTP/1.1", "HTTP/1.0"), after = "close", kind = "ok" })
lie("http2-in-clear", { bytes = sized(""):gsub("HTTP/1.1", "HTTP/2"), kind = { "protocol", "ok" } })
lie("http99", { bytes = sized(""):gsub("HTTP/1.1", "HTTP/9.9"), kind = "protocol" })
lie("http09", { bytes = GOOD, after = "close", kind = "protocol" })
lie("nothing-but-ends", { bytes = "\r\n\r\n\r\n", kind = "protocol", after = "close" })
lie("upgrade", { bytes = answer("Upgrade: h2c\r\nConnection: Upgrade\r\n", "", "101 Switching Protocols"), kind = { "protocol", "timeout" }, quick = false })
lie("continue-1000", { bytes = ("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"):rep(1000) .. sized(""), kind = "ok" })
lie("continue-endless", { bytes = "", endless = ("HTTP/1.1 100 Continue\r\n\r\n"):rep(1000), kind = { "protocol", "timeout" }, quick = false })
lie("continue-only", { bytes = ("HTTP/1.1 100 Continue\r\n\r\n"):rep(3), after = "close", kind = "network" })
for _, status in ipairs({ "000 None", "001 Odd", "099 Odd", "600 Odd", "777 Odd", "999 Odd" }) do
  lie("status-" .. status:sub(1, 3), { bytes = sized("", status), kind = "protocol" })
end
for name, status in pairs({ ["two-digits"] = "42 Odd", ["four-digits"] = "2000 Odd", negative = "-20 Odd", letters = "OK" }) do
  lie("status-" .. name, { bytes = sized("", status), kind = "protocol" })
end
lie("status-204-with-body", { bytes = sized("", "204 None"), kind = "protocol", says = "empty" })
lie("status-304-with-body", { bytes = sized("", "304 Same"), kind = "protocol" })
lie("status-alone", { bytes = "HTTP/1.1 200\r\n" .. LENGTH .. "\r\n" .. GOOD, kind = "ok" })
lie("reason-odd", { bytes = sized("", "200 \27[31m\255\1"), kind = "ok" })
lie("reason-odd-500", { bytes = sized("", "500 \27[31m\255\1"), kind = "server" })
lie("nul-in-value", { bytes = sized("X-A: a\0b\r\n"), kind = "protocol" })
lie("nul-in-name", { bytes = sized("X-\0A: b\r\n"), kind = "protocol" })
lie("nul-in-status", { bytes = sized("", "200 \0OK"), kind = "protocol" })
lie("not-ascii", { bytes = sized("X-\195\188: \255\254\r\n\195\188: x\r\n"), kind = "ok" })
lie("no-colon", { bytes = sized("nonsense\r\n"), kind = { "ok", "protocol" } })
lie("no-name", { bytes = sized(": value\r\n"), kind = { "ok", "protocol" } })
lie("space-before-colon", { bytes = sized("Retry-After : 99999\r\n"), kind = { "ok", "protocol" } })
lie("folded", { bytes = sized("X-A: a\r\n b\r\n\tc\r\n"), kind = { "ok", "protocol" } })
lie("line-feeds", { bytes = sized("X-A: b\r\n"):gsub("\r\n", "\n"), kind = "ok" })
lie("carriage-returns", { bytes = answer("X-A: b\r\n"):gsub("\r\n", "\r"), after = "close", kind = { "protocol", "network" } })
-- libcurl takes the end of the connection for that of the head
lie("head-cut", { bytes = "HTTP/1.1 200 OK\r\nContent-Le", after = "close", kind = "protocol", says = "empty" })
lie("head-kept-back", { bytes = "HTTP/1.1 200 OK\r\nContent-Le", kind = "timeout" })

return list
