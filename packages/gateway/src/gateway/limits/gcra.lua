-- GCRA in one atomic step, on the store's own clock, so that all gateways agree on the time.
-- KEYS: one key per request. ARGV: for each of them the interval of one request and the burst, both in microseconds.
-- Returns for each {allowed (0 or 1), remaining, retry_after_ms, reset_after_ms}, one after the other in one list.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local answers = {}

local function answer(allowed, remaining, retry_after_us, reset_after_us)
  answers[#answers + 1] = allowed
  answers[#answers + 1] = remaining
  answers[#answers + 1] = math.ceil(retry_after_us / 1000)
  answers[#answers + 1] = math.ceil(reset_after_us / 1000)
end

for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[2 * i - 1])
  local burst = tonumber(ARGV[2 * i])

  local worked_off_at = tonumber(redis.call('GET', key) or now)
  if worked_off_at < now then
    worked_off_at = now
  elseif worked_off_at > now + burst then
    -- The clock was set back, or the quota was changed: nobody waits longer than for a whole burst.
    worked_off_at = now + burst
  end

  local next_at = worked_off_at + interval
  local ahead = next_at - now
  if ahead > burst then
    answer(0, 0, ahead - burst, worked_off_at - now)
  else
    -- tostring() would round a time in microseconds to 14 digits.
    redis.call('SET', key, string.format('%.0f', next_at), 'PX', math.ceil(ahead / 1000))
    answer(1, math.floor((burst - ahead) / interval), 0, ahead)
  end
end
return answers
