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
  decided_at timestamptz not null
);
create index transactions_account on transactions (account_id, id desc);
