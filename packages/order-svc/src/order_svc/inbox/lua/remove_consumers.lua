-- Removes consumers without pending entries from a group: the one with the given name, and those that were idle for long.
-- Every process is a consumer of its own, so that the list would grow without bound.
-- KEYS: the stream.  ARGV: group, name of a consumer ('' for none), idle time in ms.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return
end
for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #reply, 2 do
    consumer[reply[i]] = reply[i + 1]
  end
  local gone = consumer['name'] == ARGV[2] or consumer['idle'] > tonumber(ARGV[3])
  if gone and consumer['pending'] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
  end
end
