-- wrk: everybody in PEOPLE (token and chat on a line) in turn, METHOD GET for the newest 50 messages or POST for one more.
-- Says one line of JSON at the end.
local people, turn = {}, 0
for line in io.lines(os.getenv("PEOPLE")) do
  local token, chat = line:match("(%S+) (%S+)")
  people[#people + 1] = {
    path = "/api/v1/chats/" .. chat .. "/messages",
    headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token },
  }
end
local method = os.getenv("METHOD")
math.randomseed(tonumber(os.getenv("SEED")))
local run = string.format("%08x-%04x-4000-8000-", math.random(0, 0x7ffffffe), math.random(0, 0xffff))
local text = "The quick brown fox jumps over the lazy dog and keeps running through the meadow until the sun goes down."

request = function()
  turn = turn + 1
  local person = people[turn % #people + 1]
  local body
  if method == "POST" then
    body = string.format('{"client_id":"%s%012x","text":"%s"}', run, turn, text)
  end
  return wrk.format(method, person.path, person.headers, body)
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.3f,"p50_ms":%.2f,"p99_ms":%.2f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
