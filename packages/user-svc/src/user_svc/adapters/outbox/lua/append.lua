-- Appends entries to a stream, if its head is where the caller believes it to be: then nothing was lost since it looked,
-- and nobody else has appended. The head is the position of the last entry, 0 of none; entries that were trimmed count.
-- KEYS: the stream.  ARGV: the head as the caller knows it, the number of fields of an entry, then for each entry its
-- position and its fields as names and values.
-- Returns the head now.
local head = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      head = tonumber(string.match(info[i + 1], '^%d+'))
    end
  end
end
if head ~= tonumber(ARGV[1]) then
  return head
end
local width = 1 + 2 * ARGV[2]
for i = 3, #ARGV, width do
  redis.call('XADD', KEYS[1], ARGV[i] .. '-0', unpack(ARGV, i + 1, i + width - 1))
  head = tonumber(ARGV[i])
end
return head
