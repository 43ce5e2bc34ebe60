-- Lists the live sessions of a user.
-- KEYS[1]: {sessions}:user:USER.  ARGV[1]: user id.
-- Returns {session id, created at in ms, last used at in ms, address, agent, password version} of each, the oldest
-- login first.
local listed = {}
for _, id in ipairs(live_sessions(KEYS[1], ARGV[1])) do
  local s = redis.call('HMGET', session_key(id), 'created_at_ms', 'last_used_at_ms', 'ip', 'user_agent',
    'password_version')
  listed[#listed + 1] = {id, tonumber(s[1]) or 0, tonumber(s[2]) or 0, s[3] or '', s[4] or '', tonumber(s[5]) or 0}
end
return listed
