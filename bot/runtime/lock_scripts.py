"""The steps of the ticket lock, each one atomic in Redis.

A conversation has a queue (sorted set: token → ticket number) and leases (hash: token → end in ms of Redis' clock, and
"holder" → token); when the holder leaves or its lease ends, the first in the queue becomes holder.

`pulse` (one key for all conversations) is the time at which a living process was last seen. When it is old, Redis was
away or its clock jumped: leases then say nothing, so that for `grace` nobody is taken for dead and nobody new gets the
lock, while the holders, who never stopped, say again that they are there.

KEYS: queue, leases, pulse, "calm" (until when the grace lasts). ARGV: token, lease ms, grace ms, prefix of wake-up
lists, then what a step needs. Times are Redis' own, so that the clocks of the machines do not matter.
"""

_BEGIN = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local token, lease, grace, wake = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local pulse = tonumber(redis.call('GET', KEYS[3]) or 0)
if math.abs(now - pulse) > lease then redis.call('SET', KEYS[4], now + grace, 'PX', grace) end
if now ~= pulse then redis.call('SET', KEYS[3], now) end
local calm = tonumber(redis.call('GET', KEYS[4]) or now)
if calm - now > grace then calm = now + grace end

local function keep(number)
  redis.call('ZADD', KEYS[1], number, token)
  redis.call('HSET', KEYS[2], token, now + lease)
  redis.call('PEXPIRE', KEYS[1], lease * 10)
  redis.call('PEXPIRE', KEYS[2], lease * 10)
end

local function drop(other)
  redis.call('ZREM', KEYS[1], other)
  redis.call('HDEL', KEYS[2], other)
  if redis.call('HGET', KEYS[2], 'holder') == other then redis.call('HDEL', KEYS[2], 'holder') end
end

local function left(other)
  local rest = tonumber(redis.call('HGET', KEYS[2], other) or 0) - now
  if rest > lease then  -- the clock went back
    redis.call('HSET', KEYS[2], other, now + lease)
    return lease
  end
  return rest
end

local function first() return redis.call('ZRANGE', KEYS[1], 0, 0)[1] end

local function turn()  -- 0: this token has the lock; else look again in so many ms
  local other = redis.call('HGET', KEYS[2], 'holder')
  if other == token then return 0 end
  if calm > now then return calm - now end
  other = other or first()
  while other ~= token do
    local rest = left(other)
    if rest > 0 then return rest end
    drop(other)
    other = first()
  end
  redis.call('HSET', KEYS[2], 'holder', token)
  return 0
end
"""

# → {ticket number, ms to wait}
ENTER = (
    _BEGIN
    + """
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local number = time[1] * 1000000 + time[2]
if last[2] and tonumber(last[2]) >= number then number = tonumber(last[2]) + 1 end
keep(number)
return {string.format('%.0f', number), turn()}
"""
)

# ARGV[5]: the ticket's number, so that who was forgotten comes back to the old place → ms to wait
LOOK = _BEGIN + "keep(tonumber(ARGV[5])) return turn()"

# ARGV[5]: the number; ARGV[6]: whether the ticket holds the lock → 1, or 0 when another has taken it meanwhile
RENEW = (
    _BEGIN
    + """
if ARGV[6] == 'holds' then
  local other = redis.call('HGET', KEYS[2], 'holder')
  if other and other ~= token and left(other) > 0 then return 0 end
  redis.call('HSET', KEYS[2], 'holder', token)
end
keep(tonumber(ARGV[5]))
return 1
"""
)

# → nothing; keeps the pulse going
BEAT = _BEGIN

# ARGV[5]: ms a wake-up is kept → nothing
LEAVE = (
    _BEGIN
    + """
drop(token)
redis.call('DEL', wake .. token)
local head = first()
if head then
  redis.call('RPUSH', wake .. head, 1)
  redis.call('PEXPIRE', wake .. head, ARGV[5])
end
"""
)
