-- Of a counter: half of a keyed hash, which is as good as unique.
create domain counter_key as bytea check (octet_length(value) = 16);

-- Guessing counted before the secret is checked. The key is a keyed hash: of an identifier, a device or a factor.
-- No index on what every attempt writes: housekeeping can read the table through, and updates stay in their page.
create table attempt_counters (
  key counter_key primary key,
  failures integer not null default 0,
  in_flight timestamptz[] not null default '{}',
  locks integer not null default 0,
  blocked_until timestamptz,
  touched_at timestamptz not null
);

-- The list without one of its members that are equal to this.
create function without_one(list timestamptz[], one timestamptz) returns timestamptz[] language sql immutable as $$
  select coalesce(list[:array_position(list, one) - 1] || list[array_position(list, one) + 1:], list)
$$;

-- The store of rate-limiter-flexible; its columns are the library's.
create unlogged table rate_limits (
  key text primary key,
  points integer not null default 0,
  expire bigint
);
create index rate_limits_expire on rate_limits (expire);

create table idempotency_keys (
  caller text not null,
  key text not null,
  request_hash bytea not null,
  created_at timestamptz not null,
  in_flight_until timestamptz not null,
  status integer,
  answer text,
  primary key (caller, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
