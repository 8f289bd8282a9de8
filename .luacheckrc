-- What runs under Lua 5.4 and LuaJIT may use what both have.
std = "min"
max_line_length = 120
cache = false

-- newer than 5.1, looked for before it is used
read_globals = { math = { other_fields = true }, table = { other_fields = true } }

-- annotations only; nothing is used at run time
files["lua/highlevel/types.lua"] = { ignore = { "211", "212" } }

-- the only ones that run within nginx alone; wait.lua asks whether it does
files["examples/nginx/handler.lua"] = { std = "min+ngx_lua" }
files["lua/highlevel/wait_nginx.lua"] = { std = "min+ngx_lua" }
files["lua/highlevel/later.lua"] = { std = "min+ngx_lua" }
files["lua/highlevel/wait.lua"] = { std = "min+ngx_lua" }

files["spec"] = { max_line_length = 170 } -- tables of cases
files["spec/**/*_spec.lua"] = { std = "min+busted" }
files["spec/sandbox/lua/*.lua"] = { std = "ngx_lua" }
files["spec/sweep/nginx_tasks.lua"] = { std = "ngx_lua" }
files["spec/bench/cosocket.lua"] = { std = "min+ngx_lua" }
files["spec/bench/handlers.lua"] = { std = "min+ngx_lua" }
files["**/*.rockspec"] = { std = "rockspec" }
files[".luacheckrc"] = { std = "luacheckrc" }
