/**
 * The statement that takes a place under a limit, for whatever gives the counter's key; $2 is now, $3 the limit. A counter
 * that was neither touched nor blocked since $4 starts anew: a long block must not end its growth.
 */
export const reserving = (key: string) =>
  `insert into attempt_counters as c (key, in_flight, touched_at) values (${key}, array[$2::timestamptz], $2)
   on conflict (key) do update set
     failures = case when greatest(c.touched_at, c.blocked_until) < $4 then 0 else c.failures end,
     locks = case when greatest(c.touched_at, c.blocked_until) < $4 then 0 else c.locks end,
     in_flight = case when greatest(c.touched_at, c.blocked_until) < $4 then array[$2::timestamptz] else c.in_flight || $2::timestamptz end,
     touched_at = $2
   where coalesce(c.blocked_until <= $2, true)
     and (greatest(c.touched_at, c.blocked_until) < $4 or c.failures + cardinality(c.in_flight) < $3)
   returning key`;
