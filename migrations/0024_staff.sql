create domain staff_change_kind as text check (value in ('make', 'role', 'reset', 'enable', 'disable', 'unlock'));
create domain staff_change_end as text check (value in ('rejected', 'expired', 'unfit', 'requester-gone'));

-- What an admin wants changed about who works here: another admin agrees to it, or time passes where there is none. The rows
-- stay: they say who let whom in.
create table staff_changes (
  id uuid primary key,
  kind staff_change_kind not null,
  -- Of somebody to be made: once they are.
  agent_id uuid references agents,
  email text check ((email is not null) = (kind = 'make')),
  email_key text check ((email_key is not null) = (kind = 'make')),
  name text check ((name is not null) = (kind = 'make')),
  locale locale,
  role agent_role,
  requested_by uuid not null references agents,
  reason text not null,
  requested_at timestamptz not null,
  -- Undecided until then, it ends.
  expires_at timestamptz not null check (expires_at > requested_at),
  -- The second person; none for what one may do alone, and where time stands in.
  decided_by uuid references agents check (decided_by <> requested_by),
  decided_at timestamptz,
  decision_note text,
  -- From then on it is carried out.
  effective_at timestamptz check (effective_at >= requested_at),
  executed_at timestamptz check (executed_at >= effective_at),
  ended_at timestamptz,
  end_reason staff_change_end,
  ended_by uuid references agents,
  end_note text,
  check ((locale is not null) = (kind = 'make')),
  check ((role is not null) = (kind in ('make', 'role'))),
  check ((decided_by is null) = (decided_at is null)),
  check (decided_by is null or decided_by is distinct from agent_id),
  check (kind not in ('role', 'reset', 'enable', 'unlock') or requested_by <> agent_id),
  check (agent_id is not null or (kind = 'make' and executed_at is null)),
  check ((ended_at is null) = (end_reason is null)),
  check (ended_at is null or executed_at is null)
);
-- One open wish per agent and kind.
create unique index staff_changes_open on staff_changes (kind, coalesce(agent_id::text, email_key))
  where executed_at is null and ended_at is null;
create index staff_changes_due on staff_changes ((coalesce(effective_at, expires_at)))
  where executed_at is null and ended_at is null;
create index staff_changes_agent on staff_changes (agent_id);

-- The way in for an agent who was made or reset: a mailed token, with which they set a password and bind an authenticator.
-- Both are kept here, and open nothing, until a code confirms them.
create table agent_enrolments (
  id uuid primary key,
  agent_id uuid not null references agents,
  token_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at),
  password_hash text,
  totp_secret text,
  -- Codes tried.
  attempts integer not null default 0,
  used_at timestamptz,
  voided_at timestamptz,
  check ((password_hash is null) = (totp_secret is null)),
  check (num_nonnulls(used_at, voided_at) < 2),
  check (num_nonnulls(used_at, voided_at) = 0 or totp_secret is null)
);
-- The newest alone is good.
create unique index agent_enrolments_open on agent_enrolments (agent_id) where used_at is null and voided_at is null;

-- Which counters of guesses locked an agent out: they are keyed by addresses that nobody can list.
create table agent_locks (
  counter_key counter_key primary key,
  agent_id uuid not null references agents,
  locked_until timestamptz not null
);
create index agent_locks_agent on agent_locks (agent_id);
