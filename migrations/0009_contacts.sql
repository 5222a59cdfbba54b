-- A change of the address, number or name that an account signs in with. Once confirmed it is in force; until
-- `undo_until` whoever reads the old one can take it back. The rows stay: they are the ledger of what was whose when.
create table contact_changes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  kind text not null check (kind in ('email', 'username', 'phone')),
  -- As it was shown, and as identifiers are compared; null where there was none.
  old_value text,
  old_key text,
  new_value text not null,
  new_key text not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  -- Codes tried against a change of number.
  attempts integer not null default 0,
  confirmed_at timestamptz,
  undo_until timestamptz,
  undone_at timestamptz,
  check ((old_value is null) = (old_key is null)),
  check ((confirmed_at is null) = (undo_until is null)),
  check (undone_at is null or confirmed_at is not null)
);
-- One waits per account and kind; the newest replaces the one before it.
create unique index contact_changes_waiting on contact_changes (account_id, kind) where confirmed_at is null;
create index contact_changes_account on contact_changes (account_id, confirmed_at);
create index contact_changes_expired on contact_changes (expires_at) where confirmed_at is null;

-- Mailboxes that get every notice beside the one that signs in. A removed one gets them for the undo window more.
create table notice_addresses (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  email text not null,
  email_key text not null,
  added_at timestamptz not null,
  confirmed_at timestamptz,
  removed_at timestamptz
);
create unique index notice_addresses_current on notice_addresses (account_id, email_key) where removed_at is null;
create index notice_addresses_removed on notice_addresses (removed_at) where removed_at is not null;
