create table totp_factors (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  secret text not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  -- Each time step opens one door once (RFC 6238 5.2).
  last_step integer not null default 0
);
create unique index totp_factors_confirmed on totp_factors (account_id) where confirmed_at is not null;
create unique index totp_factors_pending on totp_factors (account_id) where confirmed_at is null;

create table recovery_codes (
  account_id uuid not null references accounts on delete cascade,
  selector text not null,
  code_hash text not null,
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (account_id, selector)
);

-- A sign-in whose password was right and whose second factor is still owed.
create table challenges (
  token_hash bytea primary key,
  account_id uuid not null references accounts on delete cascade,
  device_id uuid,
  counter_key bytea not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index challenges_account on challenges (account_id);
create index challenges_expires on challenges (expires_at);
