--- One answer of a usual size for whatever is asked: measures clients, and not
--- the sandbox.

local bench = {}

local custom = {}
for i = 1, 14 do
  custom[i] = ('{"id":"%020d","value":"%s"}'):format(i, ("value of a custom field "):rep(3))
end

local ANSWER = '{"succeded":true,"contact":{"id":"ocQHyuzHvysMo5N5VsXc","name":"rosan Deo",'
  .. '"locationId":"ve9EPM428h8vShlRW1KT","firstName":"rosan","lastName":"Deo",'
  .. '"email":"rosan@deos.com","emailLowerCase":"rosan@deos.com","timezone":"America/Chihuahua",'
  .. '"phone":"+18888888888","dnd":true,"dndSettings":{"Call":{"status":"active","message":"string",'
  .. '"code":"string"},"Email":{"status":"active","message":"string","code":"string"},'
  .. '"SMS":{"status":"active","message":"string","code":"string"}},"type":"lead",'
  .. '"source":"public api","assignedTo":"y0BeYjuRIlDwsDcOHOJo","address1":"3535 1st St N",'
  .. '"city":"Dolomite","state":"AL","country":"US","postalCode":"35061",'
  .. '"website":"https://www.tesla.com","tags":["nisi sint commodo amet","consequat"],'
  .. '"dateOfBirth":"1990-09-25","dateAdded":"2021-07-02T05:18:26.704Z",'
  .. '"dateUpdated":"2021-07-02T05:18:26.704Z","attachments":[],"customFields":['
  .. table.concat(custom, ",") .. "]}}"

function bench.handle()
  ngx.req.read_body()
  ngx.header.content_length = #ANSWER
  ngx.print(ANSWER)
end

return bench
