-- GCRA in one atomic step, on the store's own clock, so that all gateways agree on the time.
-- KEYS: one key per request. ARGV: for each of them the interval of one unit and the burst, both in microseconds, the
-- units to take, and 1 if they are taken in any case (a charge) or 0 if only where the quota has them (an admission).
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
  local interval = tonumber(ARGV[4 * i - 3])
  local burst = tonumber(ARGV[4 * i - 2])
  local units = tonumber(ARGV[4 * i - 1])
  local is_charge = ARGV[4 * i] == '1'

  -- Charges may go one whole quota beyond the quota.
  local furthest = now + 2 * burst
  local worked_off_at = math.max(tonumber(redis.call('GET', key) or now), now)
  if worked_off_at > furthest then
    -- The clock was set back, or the quota was changed.
    worked_off_at = now + burst
  end

  local next_at = math.min(worked_off_at + units * interval, furthest)
  local ahead = next_at - now
  if ahead > burst and not is_charge then
    answer(0, 0, ahead - burst, worked_off_at - now)
  else
    -- tostring() would round a time in microseconds to 14 digits.
    redis.call('SET', key, string.format('%.0f', next_at), 'PX', math.ceil(ahead / 1000))
    answer(1, math.max(0, math.floor((burst - ahead) / interval)), 0, ahead)
  end
end
return answers
