-- Lets a session go on under another password version.
-- KEYS: {sessions}:id:ID.  ARGV: whose it must be, password version.
if redis.call('HGET', KEYS[1], 'user_id') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'password_version', ARGV[2])
end
