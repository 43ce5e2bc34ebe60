-- What all scripts share; it is prepended to each of them.
--
-- All keys have the tag {sessions}, hence one hash slot. So a script may use keys that are not in KEYS: those of the
-- sessions on a user's list.
--
-- The data in Redis is not trusted to admit a client: a session's owner, end and password version come from the
-- verified session key or access token (ARGV). A hash with another owner is treated as missing.
local function session_key(session_id)
  return '{sessions}:id:' .. session_id
end

local function list_key(user_id)
  return '{sessions}:user:' .. user_id
end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Records that a session is in use now, and from where if that is known.
local function used(key, now, ttl, address, agent)
  redis.call('HSET', key, 'last_used_at_ms', now)
  if address ~= '' then
    redis.call('HSET', key, 'ip', address, 'user_agent', agent)
  end
  redis.call('PEXPIRE', key, ttl)
end

-- Returns the ids of a user's live sessions, the oldest login first. Other ids are removed from the list.
local function live_sessions(list, user_id)
  local live = {}
  for _, id in ipairs(redis.call('ZRANGE', list, 0, -1)) do
    if redis.call('HGET', session_key(id), 'user_id') == user_id then
      live[#live + 1] = id
    else
      redis.call('ZREM', list, id)
    end
  end
  return live
end

-- Publishes in the stream that the tokens of a session ('sid') or of a signing key ('kid') are no longer accepted.
-- Entries older than the lifetime of tokens are trimmed; the stream expires with its last entry.
local function publish(stream, field, id, for_ms)
  redis.call('XADD', stream, 'MINID', math.max(0, now_ms() - for_ms), '*', field, id)
  redis.call('PEXPIRE', stream, for_ms)
end
