-- What the scripts share: it stands before each of them.
--
-- All keys have the tag {sessions}, hence one hash slot. That is why a script may name keys that it learns only while
-- it runs: the sessions on a user's list.
--
-- Nothing that is kept here is believed where it would admit a client: who owns a session, until when it lasts and under
-- which password it was opened comes from the verified session key or access token (ARGV). A hash that disagrees about
-- the owner is treated as if it were not there.
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

-- Notes that a session is in use now, and from where if that is known.
local function used(key, now, ttl, address, agent)
  redis.call('HSET', key, 'last_used_at_ms', now)
  if address ~= '' then
    redis.call('HSET', key, 'ip', address, 'user_agent', agent)
  end
  redis.call('PEXPIRE', key, ttl)
end

-- The ids of a user's live sessions, the oldest login first. What is on the list and is none of them is taken off.
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

-- Announces in the stream that the tokens of a session ('sid') or of a signing key ('kid') are not accepted any more.
-- Entries older than the life of tokens say nothing any more: they go, and the stream with its last one.
local function publish(stream, field, id, for_ms)
  redis.call('XADD', stream, 'MINID', math.max(0, now_ms() - for_ms), '*', field, id)
  redis.call('PEXPIRE', stream, for_ms)
end
