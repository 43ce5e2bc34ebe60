-- What the scripts share: it stands before each of them.
--
-- All keys have the tag {sessions}, hence one hash slot. That is why a script may name keys that it learns only while
-- it runs: the session's owner's list, the sessions on a list.
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

-- Says in the stream that the tokens of a session ('sid') or of a signing key ('kid') are good no more. Entries older
-- than the life of tokens say nothing any more: they go, and the stream with its last one.
local function publish(stream, field, id, for_ms)
  redis.call('XADD', stream, 'MINID', math.max(0, now_ms() - for_ms), '*', field, id, 'for_ms', for_ms)
  redis.call('PEXPIRE', stream, for_ms)
end

-- Ends a live session, and says so in the same moment: there is no state in between that anybody could see or keep.
local function end_session(session_id, user_id, stream, for_ms)
  redis.call('DEL', session_key(session_id))
  redis.call('ZREM', list_key(user_id), session_id)
  publish(stream, 'sid', session_id, for_ms)
end
