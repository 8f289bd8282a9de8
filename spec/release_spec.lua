--- What must agree wherever it is written down.

local highlevel = require "highlevel"
local read = require("snippets").read

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
