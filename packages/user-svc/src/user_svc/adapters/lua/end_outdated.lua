-- Ends the sessions of a user that were opened under an earlier password version.
-- KEYS: {sessions}:user:USER, the stream of revocations.  ARGV: user id, password version, life of tokens in ms.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local version = redis.call('HGET', session_key(id), 'password_version')
  if version and tonumber(version) < tonumber(ARGV[2]) then
    end_session(id, ARGV[1], KEYS[2], ARGV[3])
  end
end
