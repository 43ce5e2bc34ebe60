-- GCRA in one atomic step, on the store's own clock, so that all gateways agree on the time.
-- KEYS[1]: the key. ARGV[1]: the interval of one request, ARGV[2]: the burst, both in microseconds.
-- Returns {allowed (0 or 1), remaining, retry_after_ms, reset_after_ms}.
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local worked_off_at = tonumber(redis.call('GET', KEYS[1]) or now)
if worked_off_at < now then
  worked_off_at = now
elseif worked_off_at > now + burst then
  -- The clock was set back, or the quota was changed: nobody waits longer than for a whole burst.
  worked_off_at = now + burst
end

local next_at = worked_off_at + interval
local ahead = next_at - now
if ahead > burst then
  return {0, 0, math.ceil((ahead - burst) / 1000), math.ceil((worked_off_at - now) / 1000)}
end
-- tostring() would round a time in microseconds to 14 digits.
redis.call('SET', KEYS[1], string.format('%.0f', next_at), 'PX', math.ceil(ahead / 1000))
return {1, math.floor((burst - ahead) / interval), 0, math.ceil(ahead / 1000)}
