-- Ends a session.
-- KEYS[1]: session:{id}.  ARGV: whose it must be; '' for anybody's.
-- Returns the owner; nil: there was none to end.
local owner = redis.call('HGET', KEYS[1], 'user_id')
if not owner or (ARGV[1] ~= '' and ARGV[1] ~= owner) then
  return nil
end
redis.call('DEL', KEYS[1])
return owner
