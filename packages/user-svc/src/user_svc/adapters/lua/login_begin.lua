-- Admits an attempt to prove a password, unless a bucket is in its delay, and counts it as failed in advance.
-- KEYS: the account's bucket; if the client's network is known, also the bucket of this account from that network, the
-- network's bucket, and the account's familiar networks by the time (ms) at which its password was proved there.
-- ARGV: attempt id, free failures per account, free failures per network, first and longest delay in ms, TTL of a
-- bucket in ms, time for which a network is familiar in ms, the network.
-- Returns {} for an attempt that may be made; else {the bucket that refuses it, the account's before the address's,
-- ms to wait for both, 1 for that bucket's first refusal in this delay}.
--
-- A bucket is a sorted set of the ids of attempts that failed or are in progress, by their time (ms). So the same call
-- may be sent twice: an attempt is in a bucket once.
local id, shortest, longest, memory = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local now = now_ms()
-- How many failures beyond the free ones are kept: more do not make the delay longer.
local KEPT = 32

local own = KEYS[1]
if KEYS[4] then
  local proved = redis.call('ZSCORE', KEYS[4], ARGV[8])
  if proved and proved + ARGV[7] > now then
    own = KEYS[2]
  end
end
if redis.call('ZSCORE', own, id) then
  return {}
end
local buckets = {{'account', own, tonumber(ARGV[2])}}
if KEYS[3] then
  buckets[2] = {'address', KEYS[3], tonumber(ARGV[3])}
end

local function delay(bucket, free)
  local beyond = redis.call('ZCARD', bucket) - free
  if beyond <= 0 then
    return 0
  end
  return math.min(shortest * 2 ^ (beyond - 1), longest)
end

local function last_at(bucket)
  local last = redis.call('ZRANGE', bucket, -1, -1, 'WITHSCORES')
  while last[1] and tonumber(last[2]) > now do -- the clock was set back: the delay does not last until it has caught up
    redis.call('ZADD', bucket, now, last[1])
    last = redis.call('ZRANGE', bucket, -1, -1, 'WITHSCORES')
  end
  return tonumber(last[2] or 0)
end

local refused_by, first, longest_wait = nil, false, 0
for _, bucket in ipairs(buckets) do
  local name, key, free = unpack(bucket)
  local wait = last_at(key) + delay(key, free) - now
  if wait > 0 and not refused_by then
    refused_by = name
    first = redis.call('SET', key .. ':noted', '1', 'NX', 'PX', wait)
  end
  longest_wait = math.max(longest_wait, wait)
end
if refused_by then
  return {refused_by, longest_wait, first and 1 or 0}
end

for _, bucket in ipairs(buckets) do
  local _, key, free = unpack(bucket)
  redis.call('ZREMRANGEBYRANK', key, 0, -(free + KEPT + 1))
  redis.call('ZADD', key, now, id)
  redis.call('PEXPIRE', key, delay(key, free) + memory)
end
return {}
