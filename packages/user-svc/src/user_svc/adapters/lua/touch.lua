-- Notes that a session is in use.
-- KEYS[1]: {sessions}:id:ID.
-- ARGV: user id, the counter of the key that the client is known to hold (0: unknown), idle ms.
-- Returns 1; 0: the user has no such live session.
local s = redis.call('HMGET', KEYS[1], 'user_id', 'counter', 'presented', 'absolute_expires_at_ms')
if s[1] ~= ARGV[1] then
  return 0
end
local now = now_ms()
local held = tonumber(ARGV[2])
if held > tonumber(s[3]) and held <= tonumber(s[2]) then
  redis.call('HSET', KEYS[1], 'presented', held)
end
redis.call('HSET', KEYS[1], 'last_used_at_ms', now)
redis.call('PEXPIRE', KEYS[1], math.min(tonumber(ARGV[3]), s[4] - now))
return 1
