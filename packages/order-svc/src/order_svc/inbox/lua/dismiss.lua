-- Strikes consumers that have nothing in their hands off a group's list: one by its name, and those that nobody has heard
-- of for long. Every process is a consumer of its own, so the list would grow for ever.
-- KEYS: the stream.  ARGV: group, the name ('' for nobody's), how long in ms.
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
