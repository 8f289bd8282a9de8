--- Ends the sandbox when the process that it was started for is gone, even if
--- that was killed and could not do it itself.

local ffi = require "ffi"

local owner = {}

ffi.cdef("int kill(int pid, int sig); int getpid(void); int getppid(void);")

local SIGTERM, ESRCH = 15, 3

local master

local function check(premature, pid)
  if premature then
    return
  elseif ffi.C.getppid() ~= master then
    ffi.C.kill(ffi.C.getpid(), SIGTERM) -- nginx itself is gone
  elseif pid > 0 and ffi.C.kill(pid, 0) ~= 0 and ffi.errno() == ESRCH then
    ffi.C.kill(master, SIGTERM)
  end
end

--- Look now and then whether `pid` is still there; 0 is nobody.
function owner.watch(pid)
  master = ffi.C.getppid()
  assert(ngx.timer.every(0.5, check, pid))
end

return owner
