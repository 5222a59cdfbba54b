create domain grant_action as text check (value in ('payment', 'withdrawal', 'security-change'));
create domain grant_factor as text check (value in ('totp', 'passkey'));
create domain grant_void_reason as text check (value in ('altered', 'cancelled', 'held'));

-- Permission for exactly one action, given by a second factor (PSD2 RTS 5). What it is for never changes.
create table grants (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- It dies with the session that asked for it.
  session_id uuid not null references sessions on delete cascade,
  action grant_action not null,
  amount numeric,
  currency text,
  payee_id text,
  payee_name text,
  -- Makes what a passkey signs differ from grant to grant.
  nonce bytea not null,
  -- Where the page that confirms it leads back to.
  return_to text,
  requested_at timestamptz not null,
  -- Of the request, and once it is confirmed of its one use.
  expires_at timestamptz not null,
  attempts integer not null default 0,
  token_hash bytea unique,
  factor grant_factor,
  confirmed_at timestamptz,
  used_at timestamptz,
  voided_at timestamptz,
  void_reason grant_void_reason,
  check (num_nonnulls(amount, currency) = case action when 'security-change' then 0 else 2 end),
  check (payee_id is not null or payee_name is null),
  check (payee_id is null or amount is not null),
  check (num_nonnulls(token_hash, factor, confirmed_at) in (0, 3)),
  check (used_at is null or (confirmed_at is not null and voided_at is null)),
  check (num_nonnulls(voided_at, void_reason) in (0, 2))
);
create index grants_account on grants (account_id);
create index grants_session on grants (session_id);
create index grants_expires on grants (expires_at);
