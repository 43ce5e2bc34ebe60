-- Removes an attempt that succeeded, and the failures that were counted against the account.
-- KEYS: as for login_begin.
-- ARGV: attempt id, time for which a network is familiar in ms, the network, how many networks are familiar at most.
--
-- Empties only the account's bucket that the attempt was counted in: a login from a familiar network must not clear the
-- failures from elsewhere.
for i = 1, math.min(#KEYS, 2) do
  if redis.call('ZSCORE', KEYS[i], ARGV[1]) then
    redis.call('DEL', KEYS[i])
  end
end
if KEYS[3] then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZADD', KEYS[4], now_ms(), ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -(ARGV[4] + 1))
  redis.call('PEXPIRE', KEYS[4], ARGV[2])
end
