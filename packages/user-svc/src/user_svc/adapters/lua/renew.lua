-- Trades a session key for its successor: a compare-and-swap on the session's counter.
-- KEYS[1]: {sessions}:id:ID.
-- ARGV: the facts of the verified key (user id, counter, time of issue and absolute end in ms); idle ms, grace ms,
-- lifetime of keys in ms; address and agent of the client.
-- Returns {outcome, counter of the newest key, its time of issue in ms, ms until it expires} with the outcome 'rotated'
-- or 'repeated'; {'reused'}: the session must be ended; {'invalid'}; or {'foreign'}: the hash has another owner or is
-- damaged.
--
-- counter: of the newest key that was issued. presented: the newest key that was seen in use. The same call may be sent
-- twice: the second one presents the predecessor, and gets the same result.
local now = now_ms()
local owner, key, issued, ends = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local s = redis.call('HMGET', KEYS[1], 'user_id', 'counter', 'presented', 'rotated_at_ms')
local counter, presented, rotated = tonumber(s[2]), tonumber(s[3]), tonumber(s[4])
if not s[1] or now >= ends or now - issued > tonumber(ARGV[7]) then
  return {'invalid'}
end
if s[1] ~= owner or not (counter and presented and rotated) then
  return {'foreign'}
end
if key > counter then
  return {'invalid'} -- genuine, but newer than what this store has kept
end

if rotated > now then -- the clock was set back: the grace begins again now, and does not last until it has caught up
  rotated = now
  redis.call('HSET', KEYS[1], 'rotated_at_ms', now)
end

local outcome
if key == counter then
  outcome = 'rotated'
  counter = counter + 1
  rotated = now
  redis.call('HSET', KEYS[1], 'counter', counter, 'presented', key, 'rotated_at_ms', now)
elseif key == counter - 1 and (now - rotated <= tonumber(ARGV[6]) or presented < counter) then
  outcome = 'repeated'
else
  return {'reused'}
end

local ttl = math.min(tonumber(ARGV[5]), ends - now)
used(KEYS[1], now, ttl, ARGV[8], ARGV[9])
return {outcome, counter, rotated, ttl}
