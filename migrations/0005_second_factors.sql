create domain webauthn_purpose as text check (value in (
  'registration', 'passkey-sign-in', 'sign-in', 'reset', 'change', 'grant'));
create domain challenge_debt as text check (value in ('second-factor', 'email-code', 'undisclosed', 'enrolment'));
create domain wrong_code_gate as text check (value in ('password', 'reset-link'));

create table totp_factors (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  secret text not null,
  name text not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  -- Whether another factor was proven when it was shown; without one it is good only where none is bound by then.
  is_proven boolean not null default false,
  -- The one that goes the moment this one is confirmed.
  replaces uuid references totp_factors on delete cascade check (confirmed_at is null or replaces is null),
  -- Wrong codes in a row that it was asked about: strangers do not start anew when a known device was right, nor it by them.
  stranger_failures integer not null default 0,
  known_failures integer not null default 0,
  -- After too many of them it opens nothing, and must be bound anew (NIST 800-63B-4 3.2.2).
  disabled_at timestamptz,
  last_used_at timestamptz,
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
  purpose webauthn_purpose not null,
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

-- A sign-in that is half done.
create table challenges (
  token_hash bytea primary key,
  -- Null where nothing can ever answer it: of an identifier that nobody has, or what it was opened on changed.
  account_id uuid references accounts on delete cascade,
  -- Undisclosed: nobody who tries is told what would answer it, nor whether the password before it was right.
  owes challenge_debt not null,
  -- Of the password that was right before it; null where a wrong one was.
  password_set_at timestamptz,
  device_id uuid,
  -- The session that an enrolment will open.
  session_id uuid check ((owes = 'enrolment') = (session_id is not null)),
  counter_key bytea not null,
  -- How the stranger's try is noted among those of all strangers.
  try_id uuid,
  attempts integer not null default 0,
  codes_sent integer not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  check (owes = 'undisclosed' or (account_id is not null and password_set_at is not null))
);
create index challenges_account on challenges (account_id);
create index challenges_expires on challenges (expires_at);

-- What strangers guessed: how often in how long is asked of these rows.
create table wrong_codes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- What was right before it: the password that stands, or the link of a reset.
  behind wrong_code_gate not null,
  -- A code is a guess at each authenticator that it is held against.
  guesses integer not null check (guesses >= 0),
  at timestamptz not null
);
create index wrong_codes_account on wrong_codes (account_id, at);
create index wrong_codes_at on wrong_codes (at);
