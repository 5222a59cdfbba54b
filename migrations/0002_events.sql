create domain actor_kind as text check (value in ('anonymous', 'owner', 'agent', 'host', 'rule', 'system'));
create domain delivery_kind as text check (value in ('ticket', 'notice', 'mail', 'text'));

-- The spine: one row for everything that happened, written in the transaction of the change itself.
create table events (
  id uuid primary key,
  -- Ids are taken before commit; readers go by (tx, id) and stop before the oldest open transaction.
  tx xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  type text not null,
  account_id uuid,
  actor_kind actor_kind not null,
  actor_id uuid,
  session_id uuid,
  device_id uuid,
  case_id uuid,
  ip inet,
  user_agent text,
  request_id text,
  detail jsonb not null default '{}',
  -- Seals cover a salted hash of detail and origin. Erasing those leaves this hash, and the chain verifiable.
  salt bytea not null default uuid_send(gen_random_uuid()),
  erased_hash bytea
);

create function refuse_event_change() returns trigger language plpgsql as $$
begin
  -- The one change there is: what may be erased is emptied, and its hash takes its place, once.
  if tg_op = 'UPDATE' and old.erased_hash is null
    and new.erased_hash = sha256(old.salt || convert_to(
      concat_ws(E'\n', old.detail::text, coalesce(host(old.ip), ''), coalesce(old.user_agent, '')), 'utf8'))
    and new.detail = '{}' and new.ip is null and new.user_agent is null and new.salt = ''
    and (new.id, new.tx, new.at, new.type, new.actor_kind) = (old.id, old.tx, old.at, old.type, old.actor_kind)
    and (new.account_id, new.actor_id, new.session_id, new.device_id, new.case_id, new.request_id)
      is not distinct from (old.account_id, old.actor_id, old.session_id, old.device_id, old.case_id, old.request_id)
  then
    return new;
  end if;
  raise exception 'events are append-only';
end $$;
create trigger events_append_only before update or delete on events for each row execute function refuse_event_change();
create trigger events_no_truncate before truncate on events for each statement execute function refuse_event_change();
create index events_cursor on events (tx, id);
create index events_account on events (account_id, id desc) where account_id is not null;
create index events_case on events (case_id, id) where case_id is not null;
create index events_actor on events (actor_id, id desc) where actor_id is not null;
create index events_type on events (type, id desc);

create table seals (
  number integer primary key,
  first_tx xid8 not null,
  first_id uuid not null,
  last_tx xid8 not null,
  last_id uuid not null,
  event_count integer not null,
  hash bytea not null,
  sealed_at timestamptz not null
);

-- A reaction to an event that must reach somebody: it exists exactly when its event does.
create table deliveries (
  id uuid primary key,
  event_id uuid not null references events,
  kind delivery_kind not null,
  reaction text not null,
  -- A notice to several mailboxes is a delivery to each; the first has none here, the others a pseudonym.
  recipient text not null default '',
  account_id uuid,
  case_id uuid,
  payload jsonb not null default '{}',
  created_at timestamptz not null,
  next_attempt_at timestamptz not null,
  attempts integer not null default 0,
  leased_until timestamptz,
  leased_by uuid,
  delivered_at timestamptz,
  failed_at timestamptz,
  last_error text,
  unique (event_id, reaction, recipient)
);
create index deliveries_due on deliveries (kind, next_attempt_at) where delivered_at is null and failed_at is null;
create index deliveries_failed on deliveries (id desc) where failed_at is not null;
create index deliveries_account on deliveries (account_id, created_at) where account_id is not null;
