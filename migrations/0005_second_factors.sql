create table totp_factors (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  secret text not null,
  name text not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  -- After too many failures in a row it opens nothing, and must be bound anew (NIST 800-63B-4 3.2.2).
  disabled_at timestamptz,
  -- Each time step opens one door once (RFC 6238 5.2).
  last_step integer not null default 0
);
create index totp_factors_confirmed on totp_factors (account_id) where confirmed_at is not null;
create unique index totp_factors_pending on totp_factors (account_id) where confirmed_at is null;

create table passkeys (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  credential_id bytea not null unique,
  public_key bytea not null,
  sign_count bigint not null,
  transports text[] not null,
  aaguid uuid,
  is_backed_up boolean not null,
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index passkeys_account on passkeys (account_id);

-- What an authenticator was asked to sign, and for what: for one answer, once.
create table webauthn_challenges (
  challenge_hash bytea primary key,
  purpose text not null check (purpose in ('registration', 'passkey-sign-in', 'sign-in', 'reset', 'change', 'grant')),
  account_id uuid references accounts on delete cascade,
  -- The very sign-in, session, link or grant that asked.
  subject text,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index webauthn_challenges_expires on webauthn_challenges (expires_at);

-- A phone that may be texted a code, as the restricted factor it is (NIST 800-63B-4 3.2.9).
create table sms_factors (
  account_id uuid primary key references accounts on delete cascade,
  phone text not null,
  created_at timestamptz not null,
  confirmed_at timestamptz
);

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
