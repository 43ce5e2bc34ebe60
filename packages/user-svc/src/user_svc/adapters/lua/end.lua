-- Ends a session.
-- KEYS: {sessions}:id:ID, the stream of revocations.
-- ARGV: session id, whose it must be ('' for anybody's), life of tokens in ms.
-- Returns the owner; nil: there was none to end.
local owner = redis.call('HGET', KEYS[1], 'user_id')
if not owner or (ARGV[2] ~= '' and ARGV[2] ~= owner) then
  return nil
end
end_session(ARGV[1], owner, KEYS[2], ARGV[3])
return owner
