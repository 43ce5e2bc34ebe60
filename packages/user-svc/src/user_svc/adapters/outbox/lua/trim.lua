-- Deletes the oldest entries of a stream, which every consumer group has read and acknowledged. Entries that are dead
-- letters of a group are kept until the operator replays or drops them. Without a group, no entry counts as read.
-- KEYS: the stream.  ARGV: the last position that may be deleted, the prefix of the names of dead-letter streams.
-- Returns the last position that was deleted.
local function position_of(id)
  return tonumber(string.match(id, '^%d+'))
end

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local last = #groups > 0 and tonumber(ARGV[1]) or 0
for _, reply in ipairs(groups) do
  local group = {}
  for i = 1, #reply, 2 do
    group[reply[i]] = reply[i + 1]
  end
  last = math.min(last, position_of(group['last-delivered-id']))
  if group['pending'] > 0 then
    last = math.min(last, position_of(redis.call('XPENDING', KEYS[1], group['name'])[2]) - 1)
  end
  for _, dead in ipairs(redis.call('XRANGE', ARGV[2] .. group['name'], '-', '+')) do
    for i = 1, #dead[2], 2 do
      if dead[2][i] == 'entry_id' then
        last = math.min(last, position_of(dead[2][i + 1]) - 1)
      end
    end
  end
end
if last > 0 then
  redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d', last + 1))
end
return last
