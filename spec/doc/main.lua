--- Write the manual: lua5.4 spec/doc/main.lua FOLDER, from the project's root.

package.path = "./?.lua;" .. package.path

local manual = require "spec.doc.manual"

local folder = assert(arg[1], "where to?")
local n = 0
for name, text in pairs(manual.files(manual.sources())) do
  local file = assert(io.open(folder .. "/" .. name, "w"))
  assert(file:write(text))
  assert(file:close())
  n = n + 1
end
print(("%s: %d files, %s/index.html first"):format(folder, n, folder))
