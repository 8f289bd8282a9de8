--- For processes of the specs that run out of descriptors: taking them all but
--- a few, and counting those that are left.

local room = {}

local FULL = "/dev/null"

--- Take all that are left, but for so many. Returns what `free` wants.
function room.take(left)
  local taken = {}
  for file in function() return (io.open(FULL)) end do
    taken[#taken + 1] = file
  end
  for _ = 1, math.min(left, #taken) do
    table.remove(taken):close()
  end
  return taken
end

function room.free(taken)
  for _, file in ipairs(taken) do
    file:close()
  end
end

--- How many are left.
function room.left()
  local taken = room.take(0)
  room.free(taken)
  return #taken
end

--- `f(...)` with but so many left; what it returns.
function room.within(left, f, ...)
  local taken = room.take(left)
  local function after(...)
    room.free(taken)
    return ...
  end
  return after(f(...))
end

return room
