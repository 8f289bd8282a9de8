rockspec_format = "3.0"
package = "lua-highlevel"
version = "scm-1"

source = {
  url = "git+https://github.com/lua-highlevel/lua-highlevel.git",
  branch = "main",
}

description = {
  summary = "Update contacts in HighLevel (GoHighLevel, LeadConnector)",
  detailed = [[
    Checks an update before it leaves, sends it exactly as meant, and says of
    every failure what happened and what to do. A C core over libcurl and cJSON.
  ]],
  homepage = "https://github.com/lua-highlevel/lua-highlevel",
  license = "MIT",
  labels = { "highlevel", "gohighlevel", "leadconnector", "crm", "curl" },
}

dependencies = { "lua >= 5.1, < 5.5" }

external_dependencies = {
  -- Debian keeps curl's headers where compilers look and LuaRocks does not
  CURL = { library = "curl" },
  CJSON = { header = "cjson/cJSON.h", library = "cjson" },
}

-- Listed by hand, so that nothing ships by accident; `make lint` compares.
build = {
  type = "builtin",
  modules = {
    ["highlevel"] = "lua/highlevel.lua",
    ["highlevel.bulk"] = "lua/highlevel/bulk.lua",
    ["highlevel.call"] = "lua/highlevel/call.lua",
    ["highlevel.errors"] = "lua/highlevel/errors.lua",
    ["highlevel.later"] = "lua/highlevel/later.lua",
    ["highlevel.options"] = "lua/highlevel/options.lua",
    ["highlevel.types"] = "lua/highlevel/types.lua",
    ["highlevel.wait"] = "lua/highlevel/wait.lua",
    ["highlevel.wait_nginx"] = "lua/highlevel/wait_nginx.lua",
    ["highlevel.core"] = {
      sources = {
        "core/answer.c",
        "core/call.c",
        "core/carrier.c",
        "core/client.c",
        "core/contact.c",
        "core/contact_open.c",
        "core/country.c",
        "core/date.c",
        "core/engine.c",
        "core/failure.c",
        "core/json.c",
        "core/json_block.c",
        "core/json_token.c",
        "core/json_tree.c",
        "core/mailbox.c",
        "core/orders.c",
        "core/pace.c",
        "core/policy.c",
        "core/poller.c",
        "core/problems.c",
        "core/process.c",
        "core/queue.c",
        "core/result.c",
        "core/schema.c",
        "core/settings.c",
        "core/status.c",
        "core/text.c",
        "core/thread.c",
        "core/transfer.c",
        "lua/highlevel/core.c",
        "lua/highlevel/mailbox.c",
        "lua/highlevel/push.c",
        "lua/highlevel/push_json.c",
        "lua/highlevel/read.c",
      },
      defines = { "_GNU_SOURCE" },
      incdirs = { "core", "$(CURL_INCDIR)", "$(CJSON_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(CJSON_LIBDIR)" },
      libraries = { "curl", "cjson", "m", "pthread" },
    },
  },
}

test = { type = "command", command = "make test" }
