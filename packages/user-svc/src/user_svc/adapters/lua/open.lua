-- Opens a session. The user's oldest ones make room for it.
-- KEYS: {sessions}:id:ID, {sessions}:user:USER, the stream of revocations.
-- ARGV: session id, user id, password version, address, agent, idle ms, absolute ms, how many a user may have,
-- life of tokens in ms.
-- Returns {absolute end in ms, ms until the key expires}.
local now = now_ms()
local ends = now + ARGV[7]
local ttl = math.min(ARGV[6], ARGV[7])
redis.call('HSET', KEYS[1],
  'user_id', ARGV[2], 'password_version', ARGV[3], 'ip', ARGV[4], 'user_agent', ARGV[5],
  'counter', 1, 'presented', 0, 'rotated_at_ms', now,
  'created_at_ms', now, 'last_used_at_ms', now, 'absolute_expires_at_ms', ends)
redis.call('PEXPIRE', KEYS[1], ttl)

-- The new one is not among those that may go: after a clock was set back it could look like the oldest.
local others = {}
redis.call('ZREM', KEYS[2], ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', session_key(id)) == 1 then
    others[#others + 1] = id
  else
    redis.call('ZREM', KEYS[2], id)
  end
end
for i = 1, #others + 1 - ARGV[8] do
  end_session(others[i], ARGV[2], KEYS[3], ARGV[9])
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
-- Not before the last of them, which may have been opened under longer terms.
redis.call('PEXPIRE', KEYS[2], math.max(ARGV[7], redis.call('PTTL', KEYS[2])))
return {ends, ttl}
