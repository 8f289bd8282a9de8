--- What must agree wherever it is written down.

local highlevel = require "highlevel"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local version = read("core/highlevel.h"):match('#define HL_VERSION "([^"]+)"')

describe("the version", function()
  it("is the header's, in the module, the rockspec and the changelog", function()
    assert.equal("lua-highlevel " .. version, highlevel._VERSION)
    local rockspec = read("rockspec/lua-highlevel-" .. version .. "-1.rockspec")
    assert.truthy(rockspec:find('version = "' .. version .. '-1"', 1, true))
    assert.truthy(rockspec:find('tag = "v' .. version .. '"', 1, true))
    assert.equal(version, read("CHANGELOG.md"):match("\n## %[?([%d.]+)"))
  end)
end)

describe("the rockspecs", function()
  it("build the same", function()
    local function build(name)
      return read("rockspec/lua-highlevel-" .. name .. "-1.rockspec"):match("\nbuild = (%b{})")
    end
    assert.equal(build("scm"), build(version))
  end)
end)

describe("the annotations", function()
  local types = read("lua/highlevel/types.lua")

  it("know every option, and every kind of error", function()
    for name in read("lua/highlevel/options.lua"):match("local of_client = (%b{})"):gmatch("\n%s+([%w_]+) =") do
      assert.truthy(types:find("field " .. name .. "?", 1, true), name)
    end
    for kind in read("core/result.c"):match("hl_kind_name.-(%b{})"):match("names%[%] = (%b{})"):gmatch('"([%w_]+)"') do
      if kind ~= "ok" then
        assert.truthy(types:find('"' .. kind .. '"', 1, true), kind)
      end
    end
  end)

  it("know the twenty fields", function()
    local n = 0
    for name in read("core/schema.c"):match("contact_members%[%] = (%b{})"):gmatch('\n%s+%u+%("(%w+)"') do
      n = n + 1
      assert.truthy(types:find("field " .. name .. "?", 1, true), name)
    end
    assert.equal(20, n)
  end)
end)
