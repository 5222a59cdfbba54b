-- An account exists once its address is confirmed or its host made it; a sign-up waiting for confirmation is no account yet.
create table accounts (
  id uuid primary key,
  external_id text unique,
  email text not null,
  email_confirmed_at timestamptz,
  username text,
  phone text,
  phone_confirmed_at timestamptz,
  locale text not null default 'en' check (locale in ('en', 'zh-CN')),
  created_at timestamptz not null,
  closed_at timestamptz,
  -- Goes up whenever somebody takes the account for a change: what was read before it is known to be stale.
  version integer not null default 0
);

-- What a person types to sign in, normalised. One value belongs to one account, whatever its kind.
create table identifiers (
  value text primary key,
  kind text not null check (kind in ('email', 'username', 'phone')),
  account_id uuid not null references accounts on delete cascade,
  confirmed_at timestamptz,
  unique (account_id, kind)
);

create table passwords (
  account_id uuid primary key references accounts on delete cascade,
  hash text not null,
  set_at timestamptz not null,
  consecutive_failures integer not null default 0,
  -- When unknown devices gave a wrong code after this password: so many in a month, and somebody else has it.
  wrong_codes_at timestamptz[] not null default '{}',
  disabled_at timestamptz
);

-- The address is the key, so a new sign-up replaces the one before it and voids its link.
create table sign_ups (
  email_key text primary key,
  id uuid not null unique,
  email text not null,
  username text,
  phone text,
  locale text not null check (locale in ('en', 'zh-CN')),
  password_hash text not null,
  created_at timestamptz not null
);
create index sign_ups_created_at on sign_ups (created_at);
