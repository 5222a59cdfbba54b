create domain unfreeze_proof as text check (value in ('totp', 'recovery-code', 'passkey', 'password'));
create domain unfreeze_end as text check (value in ('vetoed', 'replaced', 'frozen', 'held', 'too-new', 'released'));

-- An owner's wish to lift the holds they placed: a code by mail beside a factor older than the compromise, or beside a
-- password older than it, and then time with a veto. The rows stay: they say what opened an account.
create table unfreezes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- What was shown, and since when it is the owner's; null until something is.
  proven_by unfreeze_proof,
  proof_born_at timestamptz,
  -- Codes tried; each counts before it is looked at.
  attempts integer not null default 0,
  requested_at timestamptz not null,
  -- The code is good until then.
  expires_at timestamptz not null check (expires_at > requested_at),
  confirmed_at timestamptz,
  -- From then on it is carried out; the owner can veto it until it is.
  effective_at timestamptz check (effective_at >= confirmed_at),
  executed_at timestamptz check (executed_at >= effective_at),
  ended_at timestamptz,
  end_reason unfreeze_end,
  check ((proven_by is null) = (proof_born_at is null)),
  check ((confirmed_at is null) = (effective_at is null)),
  check (confirmed_at is null or proven_by is not null),
  check ((ended_at is null) = (end_reason is null)),
  check (ended_at is null or executed_at is null)
);
-- One open wish per account.
create unique index unfreezes_open on unfreezes (account_id) where executed_at is null and ended_at is null;
create index unfreezes_due on unfreezes (effective_at) where executed_at is null and ended_at is null;
