-- Ends every session of a user.
-- KEYS: {sessions}:user:USER, the stream of revocations.  ARGV: user id, life of tokens in ms.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('EXISTS', session_key(id)) == 1 then
    end_session(id, ARGV[1], KEYS[2], ARGV[2])
  end
end
redis.call('DEL', KEYS[1])
