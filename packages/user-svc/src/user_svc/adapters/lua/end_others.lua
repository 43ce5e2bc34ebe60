-- Ends every session of a user but one, which goes on under another password version.
-- KEYS: {sessions}:user:USER, {sessions}:id:ID of the one, the stream of revocations.
-- ARGV: user id, id of the one, password version, life of tokens in ms.
-- Returns the ids of those that were ended.
if redis.call('HGET', KEYS[2], 'user_id') == ARGV[1] then
  redis.call('HSET', KEYS[2], 'password_version', ARGV[3])
end
local ended = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if id ~= ARGV[2] and redis.call('EXISTS', session_key(id)) == 1 then
    end_session(id, ARGV[1], KEYS[3], ARGV[4])
    ended[#ended + 1] = id
  end
end
return ended
