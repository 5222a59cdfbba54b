create domain approval_kind as text check (value in (
  'second-factor-reset', 'release-hold', 'bulk-freeze', 'bulk-undo'));
create domain approval_reason as text check (value in ('restored', 'mistake', 'false-positive'));
create domain approval_end as text check (value in (
  'rejected', 'vetoed', 'factor-used', 'frozen', 'contact-restored', 'held', 'not-ready', 'contested', 'released',
  'expired'));
create domain proof_kind as text check (value in (
  'old-address-code', 'phone-code', 'older-factor', 'document', 'video', 'known-transactions'));

-- What an agent asks for and a second one must agree to, or time without the owner's veto. The rows stay: they say who
-- let what happen.
create table approvals (
  id uuid primary key,
  kind approval_kind not null,
  -- Null where it is about many.
  account_id uuid references accounts on delete cascade check ((account_id is null) = (kind like 'bulk-%')),
  case_id uuid references cases on delete cascade check (case_id is not null or kind <> 'second-factor-reset'),
  -- The hold or bulk freeze it is about, where it is about one.
  subject_id uuid check (subject_id is not null or kind = 'second-factor-reset'),
  -- Why the hold is to be released.
  reason_code approval_reason,
  requested_by uuid not null references agents,
  reason text not null,
  requested_at timestamptz not null,
  -- Undecided until then, it ends.
  expires_at timestamptz not null check (expires_at > requested_at),
  -- The second person; none where one person's shop waits in their place.
  decided_by uuid references agents check (decided_by <> requested_by),
  decided_at timestamptz,
  decision_note text,
  -- From then on it is carried out; the owner can veto it until it is.
  effective_at timestamptz check (effective_at >= requested_at),
  executed_at timestamptz check (executed_at >= effective_at),
  ended_at timestamptz,
  end_reason approval_end,
  ended_by uuid references agents,
  end_note text,
  check ((decided_by is null) = (decided_at is null)),
  check (decided_by is null or effective_at is not null),
  check ((ended_at is null) = (end_reason is null)),
  check (ended_at is null or executed_at is null),
  check ((kind = 'release-hold') = (reason_code is not null))
);
-- One open wish per account, kind and subject.
create unique index approvals_open on approvals (account_id, kind, subject_id) nulls not distinct
  where executed_at is null and ended_at is null;
create index approvals_due on approvals ((coalesce(effective_at, expires_at)))
  where executed_at is null and ended_at is null;
create index approvals_case on approvals (case_id);
create index approvals_of_many on approvals (subject_id) where account_id is null;

-- What an agent saw that proves who they talk to. How far it reaches is derived: src/verifications/rules.ts.
create table verifications (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  kind proof_kind not null,
  note text not null,
  -- What it weighed by the policy of that moment, and what was asked for then.
  weight smallint not null check (weight >= 0),
  needed smallint not null check (needed > 0),
  agent_id uuid not null references agents,
  verified_at timestamptz not null
);
create index verifications_case on verifications (case_id, id);
