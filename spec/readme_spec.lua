--- README's snippets do what they say. Each block is run, or its lines are among
--- those that cannot be run here.

local helper = require "helper"
local nginx_server = require "nginx_server"
local snippets = require "snippets"

local blocks = snippets.blocks(snippets.read("README.md"))

local sanitized = package.cpath:find("/san/", 1, true) ~= nil
local luajit = type(rawget(_G, "jit")) == "table"

-- Lines that need another machine, or that run all of this.
local elsewhere = {
  "apt-get install -y git make",
  "git clone https://github.com/lua-highlevel/lua-highlevel.git",
  "cd lua-highlevel",
  "make demo",
  "make test",
  "apt-get install -y gcc make pkg-config libcurl4-openssl-dev libcjson-dev liblua5.4-dev",
}

local function is_elsewhere(line)
  for _, other in ipairs(elsewhere) do
    if line == other then
      return true
    end
  end
  return false
end

-------------------------------------------------------------- a folder to run in

local root = snippets.shell("pwd"):gsub("\n$", "")
local folder

-- A folder that looks like the project's, with a copy of what was built, so that
-- what is made stays out of the real one.
setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert.equal(0, select(2, snippets.shell(([[
    set -e
    mkdir -p %s/build && cd %s
    for f in %s/*; do [ "${f##*/}" = build ] || ln -s "$f" .; done
    cd %s/build
    for f in core lua5.4 luajit libhighlevel.*; do [ ! -e "$f" ] || cp -a "$f" %s/build; done
  ]]):format(folder, folder, root, root, folder))))
end)

teardown(function()
  os.execute("rm -rf " .. folder)
end)

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "w"))
  file:write(text)
  file:close()
end

-- Run lines as a script there. What it prints is kept in a file, as what it
-- leaves behind would hold a pipe open.
local function script(before, code)
  write("script", "set -eu\n" .. before .. "\n" .. code)
  local _, status = snippets.shell(("cd %s && bash script >log 2>&1"):format(folder))
  return snippets.read(folder .. "/log"), status
end

local function runs(before, code)
  local printed, status = script(before, code)
  assert.equal(0, status, printed)
  return printed
end

-- What an import or a program of the folder is given.
local function account()
  return ("export HIGHLEVEL_TOKEN=%s HIGHLEVEL_BASE_URL=%s"):format(helper.TOKEN, helper.env("HTTP"))
end

-------------------------------------------------------------- blocks of shell

-- By a block's first line: what runs it, and whether it can be run here.
local programs = {
  ["cc -o update_contact examples/update_contact.c $(pkg-config --cflags --libs highlevel)"] = {
    possible = not sanitized and not luajit, -- once is enough
    run = function(code)
      local before = account() .. "\nmake -s install-c PREFIX=$PWD/prefix\n"
        .. "export PKG_CONFIG_PATH=$PWD/prefix/lib/pkgconfig LD_LIBRARY_PATH=$PWD/prefix/lib"
      local printed = runs(before, code .. "./update_contact contact-readme-c\n")
      assert.truthy(printed:find("city: Dolomite", 1, true), printed)
    end,
  },
  ["HIGHLEVEL_TOKEN=pit-... lua5.4 examples/import_csv.lua --dry-run people.csv"] = {
    possible = true,
    run = function(code)
      helper.reset()
      write("people.csv", "contact_id,firstName\ncontact-readme-1,Ann\ncontact-readme-2,Bob\n")
      code = code:gsub("lua5%.4", helper.interpreter)
      local dry, real = code:match("^([^\n]+)\n([^\n]+)\n$")
      runs(account(), dry)
      assert.equal(0, helper.requests("contact-readme-2"))
      runs(account(), real)
      assert.equal(1, helper.requests("contact-readme-2"))
    end,
  },
  ["spec/sandbox/sandbox with examples/nginx/start"] = {
    possible = nginx_server.is_possible(),
    run = function(code)
      local port = nginx_server.free_port() -- others may have the one that is written down
      local before = ([[
        [ ! -L examples ] || { rm examples; cp -r %s/examples .; }
        sed -i 's/127\.0\.0\.1:8080/127.0.0.1:%d/' examples/nginx/nginx.conf
      ]]):format(root, port)
      local page = ("exec 3<>/dev/tcp/127.0.0.1/%d && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"):format(port)
      local printed = runs(before, code:gsub("\n$", " &\n") .. ([[
        for i in $(seq 200); do
          sleep 0.05
          if (%s) >page 2>&1; then break; fi
        done
        kill -TERM $!  # a background job takes no interrupt
        wait $! || true
        cat page
      ]]):format(page))
      assert.truthy(printed:find("<form", 1, true), printed)
    end,
  },
  ["make LUA=lua5.4"] = {
    possible = not sanitized and not luajit,
    run = function(code)
      local printed = runs("trap 'spec/sandbox/sandbox stop' EXIT", code)
      assert.truthy(printed:find("updated contact-1 in ", 1, true), printed)
    end,
  },
}

describe("README:", function()
  local used, n = {}, { lua = 0, sh = 0, nginx = 0, [""] = 0 }

  before_each(helper.reset)

  for _, block in ipairs(blocks) do
    local name = ("the %s at line %d"):format(block.lang == "" and "text" or block.lang, block.line)
    n[block.lang] = (n[block.lang] or 0) + 1
    if block.lang == "lua" then
      it(name .. " does what it says", function()
        local printed, status = snippets.lua(block.code)
        assert.is_nil(snippets.complaint(block.code, printed, status))
        assert.truthy(printed:find("%S"), "it prints nothing")
      end)
    elseif block.lang == "sh" then
      local program = programs[block.lines[1]]
      used[block.lines[1]] = true
      if program and program.possible then
        it(name .. " does what it says", function()
          program.run(block.code)
        end)
      elseif not program then
        it(name .. " can be run elsewhere only", function()
          for _, line in ipairs(block.lines) do
            assert.is_true(is_elsewhere(line), line)
          end
        end)
      end
    elseif block.lang == "nginx" and nginx_server.is_possible() then
      it(name .. " loads, and answers", function()
        -- the sandbox in place of HighLevel, and a name for the variable
        local code = block.code:gsub("highlevel\"%)%.new { ", function(new)
          return new .. 'base_url = "' .. helper.env("HTTP") .. '", '
        end)
        local at = code:find("\nlocation ")
        local server = nginx_server.start({
          main = "env HIGHLEVEL_TOKEN=" .. helper.TOKEN .. ";\n", http = code:sub(1, at), server = code:sub(at),
        })
        local said = server:get("/update?id=contact-readme&name=Rosan")
        local log = server:log()
        server:quit()
        server:remove()
        assert.equal("Rosan\n", said, log)
        assert.equal(1, helper.requests("contact-readme"))
      end)
    end
  end

  it("has the blocks that are known here, and no other", function()
    assert.same({ lua = 3, sh = 6, nginx = 1, [""] = 1 }, n)
    for line in pairs(programs) do
      assert.is_true(used[line], "README has it no more: " .. line)
    end
    local lines = {}
    for _, block in ipairs(blocks) do
      for _, line in ipairs(block.lang == "sh" and block.lines or {}) do
        lines[line] = true
      end
    end
    for _, line in ipairs(elsewhere) do
      assert.is_true(lines[line], "README has it no more: " .. line)
    end
  end)

  it("a promise or an error is not overlooked", function()
    assert.is_nil(snippets.complaint("print(1) --> 1\n", "1\n", 0))
    assert.truthy(snippets.complaint("print(1) --> 2\n", "1\n", 0))
    assert.truthy(snippets.complaint("", "", 1))
    assert.truthy(snippets.complaint("", "3\tnot_found: HighLevel has no such contact\n", 0))
    assert.truthy(snippets.broken_promise("--> a\n--> b\n", "b\na\n"))
  end)
end)

describe("README's claims of speed", function()
  it("are figures of spec/bench/README.md", function()
    local claims = assert(snippets.read("README.md"):match("\n## Speed\n(.-)\n## "))
    local figures = assert(snippets.read("spec/bench/README.md"):match("\n## Figures\n(.-)\n## "))
    local n = 0
    for number in claims:gmatch("%f[%w]%d+%.%d+%f[^%w%.]") do
      n = n + 1
      assert.truthy(figures:find("%f[%d]" .. number:gsub("%.", "%%.") .. "%f[^%d]"), number)
    end
    assert.is_true(n > 10, n)
  end)
end)
