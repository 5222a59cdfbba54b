-- What the host told that it saw: each once, by the id it gave. What it saw stands in the event.
create table host_events (
  host_event_id text primary key,
  account_id uuid not null references accounts on delete cascade,
  at timestamptz not null
);
create index host_events_account on host_events (account_id);
create index host_events_at on host_events (at);

-- Since when somebody else may have been in the account, as the press of "this wasn't me" says; only an agent sets a window.
create table window_proposals (
  case_id uuid primary key references cases on delete cascade,
  from_at timestamptz not null,
  event_id uuid not null references events,
  proposed_at timestamptz not null
);

-- Up to where the rules have read the spine: what they did about it is committed with it.
create table rule_cursor (
  is_one boolean primary key default true check (is_one),
  tx xid8 not null,
  id uuid not null
);
-- What was there before this table stays as it was judged then.
insert into rule_cursor (tx, id) values (pg_current_xact_id(), '00000000-0000-0000-0000-000000000000');

-- What rules did lately, for their limits per hour and the counts of each.
create index events_rules on events (type, id) where actor_kind = 'rule';
