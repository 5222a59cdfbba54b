-- What an agent asks for and a second one must agree to, or time without the owner's veto. The rows stay: they say who
-- let what happen.
create table approvals (
  id uuid primary key,
  kind text not null check (kind in ('second-factor-reset')),
  account_id uuid not null references accounts on delete cascade,
  case_id uuid not null references cases on delete cascade,
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
  effective_at timestamptz check (effective_at > requested_at),
  executed_at timestamptz check (executed_at >= effective_at),
  ended_at timestamptz,
  end_reason text check (end_reason in
    ('rejected', 'vetoed', 'factor-used', 'frozen', 'contact-restored', 'held', 'expired')),
  ended_by uuid references agents,
  end_note text,
  check ((decided_by is null) = (decided_at is null)),
  check (decided_by is null or effective_at is not null),
  check ((ended_at is null) = (end_reason is null)),
  check (ended_at is null or executed_at is null)
);
-- One open wish per account and kind.
create unique index approvals_open on approvals (account_id, kind) where executed_at is null and ended_at is null;
create index approvals_due on approvals ((coalesce(effective_at, expires_at)))
  where executed_at is null and ended_at is null;
create index approvals_case on approvals (case_id);

-- What an agent saw that proves who they talk to. How far it reaches is derived: src/verifications/rules.ts.
create table verifications (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  kind text not null check (kind in
    ('old-address-code', 'phone-code', 'older-factor', 'document', 'video', 'known-transactions')),
  note text not null,
  agent_id uuid not null references agents,
  verified_at timestamptz not null
);
create index verifications_case on verifications (case_id, id);
