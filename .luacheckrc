-- What must run on Lua 5.4 and LuaJIT alike.
std = "max"
max_line_length = 140
files["spec/*_spec.lua"] = { std = "max+busted", max_line_length = 160 }
files["spec/helper.lua"] = { std = "max+busted" }
files["spec/sandbox/lua"] = { std = "ngx_lua", max_line_length = 160 }
files["lua/highlevel/types.lua"] = { ignore = { "211", "631" } }
