-- Lists of words are domains: a connection keeps their checks compiled, where those of a table are read anew by each statement.
create domain locale as text check (value in ('en', 'zh-CN'));
create domain identifier_kind as text check (value in ('email', 'username', 'phone'));

-- An account exists once its address is confirmed or its host made it; a sign-up waiting for confirmation is no account yet.
create table accounts (
  id uuid primary key,
  external_id text unique,
  email text not null,
  email_confirmed_at timestamptz,
  username text,
  phone text,
  phone_confirmed_at timestamptz,
  locale locale not null default 'en',
  created_at timestamptz not null,
  closed_at timestamptz,
  -- Goes up whenever somebody takes the account for a change: what was read before it is known to be stale.
  version integer not null default 0
);

-- What a person types to sign in, normalised. One value belongs to one account, whatever its kind.
create table identifiers (
  value text primary key,
  kind identifier_kind not null,
  account_id uuid not null references accounts on delete cascade,
  confirmed_at timestamptz,
  -- It was changed for another: until then it is nobody else's, and signs nobody in.
  reserved_until timestamptz,
  check (reserved_until is null or confirmed_at is null)
);
create unique index identifiers_current on identifiers (account_id, kind) where reserved_until is null;
create index identifiers_account on identifiers (account_id);
create index identifiers_reserved on identifiers (reserved_until) where reserved_until is not null;

create table passwords (
  account_id uuid primary key references accounts on delete cascade,
  hash text not null,
  set_at timestamptz not null,
  consecutive_failures integer not null default 0,
  disabled_at timestamptz,
  -- Shorter than a password alone must be: good only beside a second factor (NIST 800-63B-4 3.1.1.2).
  is_short boolean not null default false,
  -- When a list of breached passwords was last asked and did not have it; null: ask when it is next typed.
  breach_checked_at timestamptz,
  -- Since when it opens nothing before a reset, though whoever knows it is told so.
  change_required_at timestamptz
);

-- The address is the key, so a new sign-up replaces the one before it and voids its link.
create table sign_ups (
  email_key text primary key,
  id uuid not null unique,
  email text not null,
  username text,
  phone text,
  locale locale not null,
  password_hash text not null,
  created_at timestamptz not null
);
create index sign_ups_created_at on sign_ups (created_at);
