-- Takes back an attempt that succeeded, and with it what was counted against the account.
-- KEYS: as for login_begin.
-- ARGV: attempt id, ms for which a network is familiar, the network, how many an account is familiar with at most.
--
-- Only the bucket that the attempt was counted in is emptied: whoever logs in from a familiar network must not forgive
-- the failures of those elsewhere.
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
