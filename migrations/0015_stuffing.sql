create domain stuffing_cause as text check (value in ('address', 'password', 'service'));

-- What strangers tried of late. Everything in it is a keyed hash, and lives minutes: a crash may forget it.
create unlogged table stranger_tries (
  id uuid primary key,
  at timestamptz not null,
  block bytea not null,
  identifier bytea not null,
  password bytea not null,
  succeeded_at timestamptz,
  -- Without either it is under way, for some seconds.
  failed_at timestamptz
);
create index stranger_tries_block on stranger_tries (block, at);
create index stranger_tries_password on stranger_tries (password, at);
create index stranger_tries_at on stranger_tries (at);

-- How strangers fared hour by hour while nobody attacked: what is normal here.
create table stranger_hours (
  hour timestamptz primary key,
  failed integer not null,
  succeeded integer not null
);

-- Attacks that were seen, one row for each as long as it lasts.
create table stuffing_alarms (
  id uuid primary key,
  cause stuffing_cause not null,
  -- The address or password, as its keyed hash; of the service there is one.
  subject bytea not null,
  began_at timestamptz not null,
  seen_at timestamptz not null
);
create unique index stuffing_alarms_subject on stuffing_alarms (cause, subject);

create unlogged table spent_work (
  challenge_hash bytea primary key,
  expires_at timestamptz not null
);
create index spent_work_expires on spent_work (expires_at);

-- The challenge of the sign-in at which the password was taken for stolen: whoever answers it is the owner.
alter table passwords add column distrusted_by bytea,
  add constraint passwords_distrusted check (distrusted_by is null or change_required_at is not null);
