-- Moves an entry from the dead letters back to the group: pending, and idle for so long that a consumer claims it soon.
-- KEYS: the stream, its dead letters.  ARGV: group, id of the dead letter.
-- Returns 1 when done; 0: there is no such dead letter; -1: the entry has left the stream, and the dead letter stays.
local found = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])
if #found == 0 then
  return 0
end
local fields = found[1][2]
for i = 1, #fields, 2 do
  if fields[i] == 'entry_id' then
    local long_ms = 365 * 86400 * 1000
    local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], 'replay', 0, fields[i + 1],
      'IDLE', long_ms, 'RETRYCOUNT', 0, 'FORCE', 'JUSTID')
    if #claimed == 1 then
      return redis.call('XDEL', KEYS[2], ARGV[2])
    end
  end
end
return -1
