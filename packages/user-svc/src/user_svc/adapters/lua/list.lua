-- Lists a session among its user's, which comes before it is opened: a session that is on no list could not be revoked
-- with the others.
-- KEYS[1]: user_sessions:{user id}.  ARGV: session id, absolute ms.
-- Returns how many are listed now, those that have ended meanwhile included.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
