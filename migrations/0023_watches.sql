create domain watch_end as text check (value in ('signed-off', 'relapsed'));

-- The weeks after a restored account: less is believed, and a relapse freezes again.
create table watches (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  case_id uuid not null references cases on delete cascade,
  began_at timestamptz not null,
  until timestamptz not null check (until > began_at),
  -- That its time is over was told.
  due_told_at timestamptz,
  ended_at timestamptz,
  end_reason watch_end,
  signed_off_by uuid references agents,
  sign_off_note text,
  check ((ended_at is null) = (end_reason is null)),
  check ((end_reason is not distinct from 'signed-off') = (signed_off_by is not null)),
  check (signed_off_by is null or ended_at >= until)
);
create unique index watches_open on watches (account_id) where ended_at is null;
create index watches_case on watches (case_id, began_at);
create index watches_due on watches (until) where ended_at is null and due_told_at is null;
