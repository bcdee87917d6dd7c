-- The load of `cargo xtask bench`: sends one prepared call over and over, with a new reference each time, or several in turn.
--
--     wrk -s load.lua URL -- CALL_FILE PREFIX LIMIT
--
-- CALL_FILE holds method, path and headers line by line, an empty line, and the body. Where it says PLACEHOLDER, each
-- call says PREFIX and ten digits, which are as long. Several calls have a line with a form feed between them and are sent
-- in turn, as they are. LIMIT ends the run after that many answers; 0 leaves the end to wrk's own -d. The last line of the output is one JSON object.

local PLACEHOLDER = "@@@@@@@@@@@@@@@@"

local function call(text)
  local method, path, lines, body = text:match("^(.-)\n(.-)\n(.-\n)\n(.*)$")
  local headers = {}
  for name, value in lines:gmatch("([^:\n]+): ([^\n]*)") do headers[name] = value end
  return wrk.format(method, path, headers, body ~= "" and body or nil)
end

local function read(file)
  local input = assert(io.open(file, "rb"))
  local all, calls, start = input:read("*a"), {}, 1
  input:close()
  while true do
    local from, to = all:find("\n\f\n", start, true)
    calls[#calls + 1] = call(all:sub(start, from and from - 1))
    if not from then return calls end
    start = to + 1
  end
end

local function pieces(text)
  local found, start = {}, 1
  while true do
    local from, to = text:find(PLACEHOLDER, start, true)
    found[#found + 1] = text:sub(start, from and from - 1)
    if not from then return found end
    start = to + 1
  end
end

-- Stopping wrk's thread leaves its main thread asleep until -d is over; SIGINT, 2 on Linux, wakes it.
local function interrupt()
  local ffi = require("ffi")
  ffi.cdef("int getpid(void); int kill(int pid, int signal);")
  ffi.C.kill(ffi.C.getpid(), 2)
end

function init(arguments)
  local calls = read(arguments[1])
  local prefix, limit = arguments[2], tonumber(arguments[3])
  local parts = pieces(calls[1])
  local sent = 0

  -- Global functions are wrk's hooks, and having them costs time: only those that this run needs come into being.
  function request()
    sent = sent + 1
    if #parts == 1 then return calls[sent % #calls + 1] end
    return table.concat(parts, string.format("%s%010d", prefix, sent))
  end

  if limit > 0 then
    local answered = 0
    function response()
      answered = answered + 1
      if answered == limit then
        wrk.thread:stop()
        interrupt()
      end
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
