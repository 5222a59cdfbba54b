create table transactions (
  id uuid primary key,
  transaction_id text not null unique,
  account_id uuid not null references accounts on delete cascade,
  kind text not null check (kind in ('payment', 'withdrawal', 'deposit', 'refund')),
  amount numeric not null,
  currency text not null,
  payee_id text,
  payee_name text,
  occurred_at timestamptz not null,
  ip inet,
  session_id uuid,
  device_id uuid,
  request_hash bytea not null,
  decision text not null check (decision in ('allow', 'challenge', 'review', 'deny')),
  status text not null check (status in ('decided', 'pending-review', 'resolved')),
  score integer not null,
  reasons jsonb not null,
  decided_at timestamptz not null,
  -- What owner or agent says of it; said with a case token alone it is unproven: it may stop, never approve.
  marked_mine boolean,
  marked_at timestamptz,
  marked_by text check (marked_by in ('owner', 'agent')),
  mark_proven boolean,
  mark_note text,
  -- What became of it, as the host tells; what was completed can be reversed later.
  outcome text check (outcome in ('completed', 'failed', 'reversed')),
  outcome_at timestamptz,
  completed_at timestamptz check (completed_at <= outcome_at),
  check (num_nulls(marked_mine, marked_at, marked_by, mark_proven) in (0, 4)),
  check (num_nulls(outcome, outcome_at) in (0, 2)),
  check (outcome is distinct from 'completed' or completed_at is not null)
);
create index transactions_account on transactions (account_id, id desc);
