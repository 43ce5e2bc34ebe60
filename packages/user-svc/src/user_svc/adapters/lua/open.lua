-- Opens a session.
-- KEYS[1]: session:{id}.  ARGV: user id, password version, address, agent, idle ms, absolute ms.
-- Returns {now in ms, absolute end in ms, ms until the key expires}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ends = now + ARGV[6]
local ttl = math.min(ARGV[5], ARGV[6])
redis.call('HSET', KEYS[1],
  'user_id', ARGV[1], 'password_version', ARGV[2], 'ip', ARGV[3], 'user_agent', ARGV[4],
  'counter', 1, 'presented', 0, 'rotated_at_ms', now,
  'created_at_ms', now, 'last_used_at_ms', now, 'absolute_expires_at_ms', ends)
redis.call('PEXPIRE', KEYS[1], ttl)
return {now, ends, ttl}
