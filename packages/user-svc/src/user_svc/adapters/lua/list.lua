-- Lists the live sessions of a user, and takes off the list those whose time ran out.
-- KEYS[1]: {sessions}:user:USER.
-- Returns {session id, created at in ms, last used at in ms, address, agent} of each, the oldest login first.
local live = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local s = redis.call('HMGET', session_key(id), 'created_at_ms', 'last_used_at_ms', 'ip', 'user_agent')
  if s[1] then
    live[#live + 1] = {id, s[1], s[2], s[3], s[4]}
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return live
