-- Ends sessions of a user, and publishes that atomically.
-- KEYS: {sessions}:user:USER, the stream of revocations.
-- ARGV: user id, lifetime of tokens in ms, the ids of the sessions.
-- Returns the ids of those that were live and the user's.
local ended = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if redis.call('HGET', session_key(id), 'user_id') == ARGV[1] then
    redis.call('DEL', session_key(id))
    publish(KEYS[2], 'sid', id, ARGV[2])
    ended[#ended + 1] = id
  end
  redis.call('ZREM', KEYS[1], id)
end
return ended
