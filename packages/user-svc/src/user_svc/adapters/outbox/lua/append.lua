-- Appends entries to a stream if its head is the expected one: since the caller read the head, nothing was lost and no
-- other process has appended. The head is the position of the last entry, trimmed or not, and 0 without one.
-- KEYS: the stream.  ARGV: the expected head, the number of fields of an entry, then for each entry its position and
-- its fields as names and values.
-- Returns the head after that.
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
