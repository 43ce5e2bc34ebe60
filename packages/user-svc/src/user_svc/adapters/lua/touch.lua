-- Records that a session is in use.
-- KEYS[1]: {sessions}:id:ID.
-- ARGV: user id, the counter of the key that the client is known to hold (0: unknown), idle ms, address, agent.
-- Returns 1, or 0 if the user has no such live session.
local s = redis.call('HMGET', KEYS[1], 'user_id', 'counter', 'presented', 'absolute_expires_at_ms')
local counter, presented, ends = tonumber(s[2]), tonumber(s[3]), tonumber(s[4])
if s[1] ~= ARGV[1] or not (counter and presented and ends) then
  return 0
end
local now = now_ms()
local held = tonumber(ARGV[2])
if held > presented and held <= counter then
  redis.call('HSET', KEYS[1], 'presented', held)
end
used(KEYS[1], now, math.min(tonumber(ARGV[3]), ends - now), ARGV[4], ARGV[5])
return 1
