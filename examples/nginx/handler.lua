--- What nginx.conf calls: one client for all workers and requests.

local cjson = require "cjson.safe"
local highlevel = require "highlevel"

local handler = {}

local client = highlevel.new({
  token = os.getenv("HIGHLEVEL_TOKEN"),
  base_url = os.getenv("HIGHLEVEL_BASE_URL"), -- nil: HighLevel itself
  timeout = 10,
})

local FORM = [[
<!doctype html><title>Update a contact</title>
<form action="/update" method="post">
  <p><label>Contact <input name="id" value="ocQHyuzHvysMo5N5VsXc" required></label>
  <p><label>First name <input name="firstName"></label>
  <p><label>Email <input name="email" type="email"></label>
  <p><button>Update</button>
</form>
]]

-- What a visitor may change: nothing else of what is posted is passed on.
local ALLOWED = { "firstName", "lastName", "email", "phone", "city" }

-- How an error of ours is an answer of theirs.
local STATUS = { invalid = 422, rejected = 422, duplicate = 409, not_found = 404, rate_limited = 429, timeout = 504 }

local function answer(status, value)
  ngx.status = status
  ngx.say(cjson.encode(value))
end

function handler.form()
  ngx.print(FORM)
end

--- A form was posted: the visitor waits for the update, the worker does not.
function handler.update()
  ngx.req.read_body()
  local posted = ngx.req.get_post_args()
  local fields = {}
  for _, name in ipairs(ALLOWED) do
    if type(posted[name]) == "string" and posted[name] ~= "" then
      fields[name] = posted[name]
    end
  end
  local res, err, info = client:update_contact(tostring(posted.id or ""), fields)
  if not res then
    ngx.log(ngx.WARN, "update failed: ", tostring(err))
    return answer(STATUS[err.kind] or 502, {
      error = err.kind, message = err.message, messages = err.messages[1] and err.messages or nil,
    })
  end
  answer(200, { contact = { firstName = res.contact.firstName, email = res.contact.email }, attempts = info.attempts })
end

--- A webhook: who sends it has its answer at once ...
function handler.webhook()
  ngx.req.read_body()
  local event = cjson.decode(ngx.req.get_body_data() or "")
  if type(event) ~= "table" or type(event.contactId) ~= "string" then
    return answer(400, { error = "a JSON object with a contactId is needed" })
  end
  ngx.ctx.event = event
  answer(202, { accepted = true })
end

--- ... and the update is made afterwards. A failure goes to the error log.
function handler.after_webhook()
  local event = ngx.ctx.event
  if event then
    local ok, err = client:update_contact_later(event.contactId, { tags = { "seen" } })
    if not ok then
      ngx.log(ngx.ERR, "webhook: ", tostring(err))
    end
  end
end

--- For the operator: what goes on in the worker that was asked.
function handler.status()
  answer(200, highlevel.status(client))
end

return handler
