create domain import_format as text check (value in ('holdfast', 'auth0', 'firebase', 'keycloak', 'django'));

-- A file of accounts that is taken over: how far, written with the accounts themselves, so that whoever goes on after a
-- crash goes on there.
create table imports (
  id uuid primary key,
  -- SHA-256 of the file, whatever its name; null for a stream, which nobody can read twice.
  fingerprint bytea check (octet_length(fingerprint) = 32),
  format import_format not null,
  -- Up to here every line became an account or was reported.
  line integer not null default 0,
  imported integer not null default 0,
  skipped integer not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  unique (fingerprint, format)
);

-- Accounts of which nothing personal is left. What the law has kept goes later, and this row last.
create table erasures (
  account_id uuid primary key references accounts on delete cascade,
  erased_at timestamptz not null
);

-- Events of nobody's account, by the keyed hash of whom they are about: an erasure must find them.
create index events_about on events ((coalesce(detail->>'identifier', detail->>'email', detail->>'query')))
  where account_id is null and type in ('password-reset.requested', 'sign-up.requested', 'accounts.searched');
