-- Opens a session.
-- KEYS: {sessions}:id:ID, {sessions}:user:USER.
-- ARGV: session id, user id, address, agent, idle ms, absolute ms, most sessions of a user, password version.
-- Returns {time of opening in ms, ms until the key expires, {the ids of the user's oldest sessions beyond the limit}}.
local now = now_ms()
local ttl = math.min(ARGV[5], ARGV[6])
redis.call('HSET', KEYS[1],
  'user_id', ARGV[2], 'ip', ARGV[3], 'user_agent', ARGV[4],
  'counter', 1, 'presented', 0, 'rotated_at_ms', now, 'created_at_ms', now, 'last_used_at_ms', now,
  'absolute_expires_at_ms', now + ARGV[6], 'password_version', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ttl)

-- The new session is not counted: after the clock was set back, it could be the oldest by time.
redis.call('ZREM', KEYS[2], ARGV[1])
local others = live_sessions(KEYS[2], ARGV[2])
local too_many = {}
for i = 1, #others + 1 - ARGV[7] do
  too_many[i] = others[i]
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
-- The list lives as long as its last session, which may have been opened under longer limits.
redis.call('PEXPIRE', KEYS[2], math.max(ARGV[6], redis.call('PTTL', KEYS[2])))
return {now, ttl, too_many}
