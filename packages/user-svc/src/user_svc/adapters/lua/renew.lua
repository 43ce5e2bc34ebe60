-- Trades a session key for its successor: a compare-and-swap on the session's counter.
-- KEYS: {sessions}:id:ID, the stream of revocations.
-- ARGV: session id, the counter of the key presented, idle ms, grace ms, life of tokens in ms.
-- Returns {outcome, user id, counter of the newest key, password version, absolute end in ms, ms until the key expires}
-- with the outcome 'rotated' or 'repeated'; {'reused', user id}; or {'invalid'}.
--
-- counter: of the newest key handed out. presented: the newest key that was seen in use. Sending the same call twice
-- does no harm: the second one finds its key to be the predecessor, and gets the same answer.
local now = now_ms()
local s = redis.call('HMGET', KEYS[1],
  'user_id', 'counter', 'presented', 'rotated_at_ms', 'absolute_expires_at_ms', 'password_version')
if not s[1] then
  return {'invalid'}
end
local key, counter, presented = tonumber(ARGV[2]), tonumber(s[2]), tonumber(s[3])
local rotated, ends = tonumber(s[4]), tonumber(s[5])

if key > counter then
  return {'invalid'} -- genuine, but from a future that this store has lost
end

if rotated > now then -- the clock was set back: the grace begins anew, and does not last until it has caught up
  rotated = now
  redis.call('HSET', KEYS[1], 'rotated_at_ms', now)
end

local outcome
if key == counter then
  outcome = 'rotated'
  counter = counter + 1
  redis.call('HSET', KEYS[1], 'counter', counter, 'presented', key, 'rotated_at_ms', now)
elseif key == counter - 1 and (now - rotated <= tonumber(ARGV[4]) or presented < counter) then
  outcome = 'repeated'
else
  end_session(ARGV[1], s[1], KEYS[2], ARGV[5])
  return {'reused', s[1]}
end

local ttl = math.min(tonumber(ARGV[3]), ends - now)
redis.call('HSET', KEYS[1], 'last_used_at_ms', now)
redis.call('PEXPIRE', KEYS[1], ttl)
return {outcome, s[1], counter, tonumber(s[6]), ends, ttl}
