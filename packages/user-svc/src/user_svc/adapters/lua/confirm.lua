-- Lets a session go on under another password version.
-- KEYS[1]: session:{id}.  ARGV: the password version.
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'password_version', ARGV[1])
end
