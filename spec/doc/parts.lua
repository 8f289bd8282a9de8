--- The manual's parts: a page each, what it begins with (`intro` stands in the
--- contents as well, `notes` do not), and what stands on it in which order. What is public stands on one page, and on one only.

return {
  {
    page = "client", title = "The client",
    intro = [[
Make a client for an account once, keep it, and update contacts with it.

Misuse raises; bad content and what the world does come back as `nil, err`: see [errors](errors.html).
`require "highlevel"` returns the table of the functions below.
]],
    items = {
      "highlevel", "highlevel.new", "highlevel.Client", "client:update_contact", "client:close",
      "highlevel.update_contact", "highlevel.encode", "highlevel.null", "highlevel.array", "highlevel.object",
      "highlevel.Options", "highlevel.CallOptions", "highlevel.EncodeOptions", "highlevel.Token", "highlevel.Pace",
      "highlevel.ApiVersion",
    },
  },
  {
    page = "fields", title = "Fields of an update",
    intro = [[
What a contact's update may hold, do-not-disturb and custom fields included, and what is refused before
anything is sent. `highlevel.encode` shows the body that comes of it.
]],
    items = {
      "highlevel.Fields", "highlevel.CustomField", "highlevel.CustomValue", "highlevel.DndSettings",
      "highlevel.DndChannel", "highlevel.InboundDndSettings", "highlevel.InboundDnd", "highlevel.Null",
    },
  },
  {
    page = "errors", title = "Errors",
    intro = [[
What goes wrong comes back as a value, after nil. Branch on `err.kind`, never on the text.
]],
    items = { "highlevel.Kind", "highlevel.Error", "highlevel.Phase", "highlevel.Duplicate" },
  },
  {
    page = "answers", title = "Answers and info",
    intro = [[
What comes back of an update that was accepted, and what is told of the way there.
]],
    items = {
      "highlevel.Answer", "highlevel.Contact", "highlevel.CustomFieldRead", "highlevel.Info", "highlevel.Attempt",
      "highlevel.RateLimit",
    },
  },
  {
    page = "many", title = "Many at once",
    intro = [[
Any number of updates, some of them at a time, in constant memory and at the pace that the rate limit
allows. `examples/import_csv.lua` is a program that does it with a whole file.
]],
    items = {
      "client:update_contacts", "highlevel.Item", "highlevel.BulkOptions", "highlevel.Summary", "highlevel.Failure",
    },
  },
  {
    page = "nginx", title = "nginx, event loops, status",
    intro = [[
Within nginx and OpenResty `client:update_contact` and `client:update_contacts` let a handler wait while its
worker goes on, in the phases `server_rewrite`, `rewrite`, `access`, `content`, timers and `ssl_certificate`.
In others they raise, and name `client:update_contact_later`. In event loops of plain Lua the option `wait`
does the same for any loop that can wait for a descriptor. `highlevel.status` counts what goes on.
]],
    notes = [[
- With `lua_check_client_abort on`, a call ends with the request whose client hung up. (That takes
  `ngx.on_abort`; a handler that sets its own first keeps it, and its calls run to their end.)
- On reload, an old worker leaves once its calls are done, which is by their timeouts at the latest.
- Each worker has its own connections and its own pace under the rate limit; they learn of each other by
  the `X-RateLimit` headers.
]],
    items = { "client:update_contact_later", "highlevel.Wait", "highlevel.status", "highlevel.Status" },
  },
}
