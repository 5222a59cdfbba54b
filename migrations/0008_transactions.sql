create domain transaction_kind as text check (value in ('payment', 'withdrawal', 'deposit', 'refund'));
create domain transaction_decision as text check (value in ('allow', 'challenge', 'review', 'deny'));
create domain transaction_status as text check (value in ('decided', 'pending-review', 'resolved'));
create domain marker as text check (value in ('owner', 'agent'));
create domain transaction_outcome as text check (value in ('completed', 'failed', 'reversed'));

create table transactions (
  id uuid primary key,
  transaction_id text not null unique,
  account_id uuid not null references accounts on delete cascade,
  kind transaction_kind not null,
  amount numeric not null,
  currency text not null,
  payee_id text,
  payee_name text,
  occurred_at timestamptz not null,
  ip inet,
  session_id uuid,
  device_id uuid,
  request_hash bytea not null,
  decision transaction_decision not null,
  status transaction_status not null,
  score integer not null,
  reasons jsonb not null,
  decided_at timestamptz not null,
  -- What owner or agent says of it; said with a case token alone it is unproven: it may stop, never approve.
  marked_mine boolean,
  marked_at timestamptz,
  marked_by marker,
  mark_proven boolean,
  mark_note text,
  -- What became of it, as the host tells; what was completed can be reversed later.
  outcome transaction_outcome,
  outcome_at timestamptz,
  completed_at timestamptz check (completed_at <= outcome_at),
  check (num_nulls(marked_mine, marked_at, marked_by, mark_proven) in (0, 4)),
  check (num_nulls(outcome, outcome_at) in (0, 2)),
  check (outcome is distinct from 'completed' or completed_at is not null)
);
create index transactions_account on transactions (account_id, id desc);
