-- Moves a pending entry to the dead letters, with further fields such as the cause. An entry that is not pending stays.
-- KEYS: the stream, its dead letters.  ARGV: group, entry id, further fields as names and values.
-- Returns 1 if this call moved the entry, else 0.
local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 or #found == 0 then
  return 0
end
local fields = found[1][2]
for i = 3, #ARGV do
  fields[#fields + 1] = ARGV[i]
end
redis.call('XADD', KEYS[2], '*', 'entry_id', ARGV[2], unpack(fields))
return 1
