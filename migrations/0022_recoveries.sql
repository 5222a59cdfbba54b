-- The way back of an owner whose identity an agent verified: a mailed link, then a token that sets a new password and binds a
-- new factor while the account stays frozen. It is no sign-in.
create table recoveries (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  offered_by uuid not null references agents,
  offered_at timestamptz not null,
  -- Once the link was opened.
  token_hash bytea unique,
  expires_at timestamptz,
  -- Wrong codes of the new authenticator.
  attempts integer not null default 0,
  password_set_at timestamptz,
  factor_bound_at timestamptz,
  ended_at timestamptz,
  check ((token_hash is null) = (expires_at is null)),
  check (token_hash is not null or num_nonnulls(password_set_at, factor_bound_at) = 0)
);
-- A new link takes the place of the one before it.
create unique index recoveries_open on recoveries (case_id) where ended_at is null;
create index recoveries_account on recoveries (account_id);
