create domain key_purpose as text check (value in ('signing', 'encryption', 'hashing'));
create domain agent_role as text check (value in ('agent', 'lead', 'admin', 'auditor'));
create domain assurance_level as text check (value in ('aal1', 'aal2'));

-- Keys that protect everything else.
create table keys (
  id text primary key,
  purpose key_purpose not null,
  -- The key, sealed by a secret of the installation; of a retired signing key its public half alone.
  wrapped bytea not null,
  -- The name of that secret, which tells nothing of it.
  secret_id text not null,
  created_at timestamptz not null,
  -- Everybody knows it before it is used.
  used_from timestamptz not null check (used_from >= created_at),
  retired_at timestamptz,
  revoked_at timestamptz,
  check (purpose = 'signing' or num_nonnulls(retired_at, revoked_at) = 0)
);

create table agents (
  id uuid primary key,
  email text not null,
  email_key text not null unique,
  name text not null,
  role agent_role not null,
  -- The language of mails to them.
  locale locale not null default 'en',
  -- Both at once, or neither: who has not enrolled signs in with nothing.
  password_hash text,
  totp_secret text,
  totp_last_step integer not null default 0,
  created_at timestamptz not null,
  created_by uuid references agents,
  disabled_at timestamptz,
  signed_in_at timestamptz,
  check ((password_hash is null) = (totp_secret is null))
);

create table api_keys (
  id uuid primary key,
  name text not null,
  key_hash bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null,
  revoked_at timestamptz
);

-- A browser or phone that has signed in with every required factor, known by its token.
create table devices (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- Which of its derived tokens is the current one.
  token_generation integer not null default 0,
  user_agent text,
  ip inet,
  created_at timestamptz not null,
  last_seen_at timestamptz not null
);
create index devices_account on devices (account_id);

-- How many devices an account ever had. Whoever adds one holds this row: two sign-ins at once keep to the limit.
create table device_counts (
  account_id uuid primary key references accounts on delete cascade,
  added integer not null
);

create table sessions (
  id uuid primary key,
  account_id uuid references accounts on delete cascade,
  agent_id uuid references agents on delete cascade,
  device_id uuid,
  acr assurance_level not null,
  amr text[] not null,
  auth_time timestamptz not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  -- Its holder came back after a pause: it may read, and is good for money and changes once they authenticate anew.
  lapsed_at timestamptz,
  expires_at timestamptz not null,
  -- Which of its refresh tokens is the current one; they are derived, so this is all there is to keep.
  refresh_generation integer not null default 0,
  -- When that one came to be: for a moment after it the one before may ask for it again.
  refreshed_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  ip inet,
  user_agent text,
  check (num_nonnulls(account_id, agent_id) = 1)
);
create index sessions_account on sessions (account_id) where ended_at is null;
create index sessions_agent on sessions (agent_id) where ended_at is null and agent_id is not null;
create index sessions_ip on sessions (ip) where account_id is not null;
create index sessions_expired on sessions (expires_at);
