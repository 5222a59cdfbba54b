create domain link_purpose as text check (value in (
  'confirm-email', 'reset-password', 'freeze-account', 'unlock-sign-in', 'case-access', 'confirm-contact',
  'confirm-notice-address', 'undo-contact-change', 'veto', 'confirm-report', 'recovery'));

-- What a mailed link can do, once. Only the token's hash is here; the worker derives the token when it writes the mail.
create table links (
  token_hash bytea primary key,
  purpose link_purpose not null,
  account_id uuid references accounts on delete cascade,
  sign_up_id uuid references sign_ups (id) on delete cascade,
  -- The change of contact, notice address, approval or report it is about, where it is about one.
  subject_id uuid,
  event_id uuid not null,
  sent_to text not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  voided_at timestamptz,
  check (num_nonnulls(account_id, sign_up_id) = 1)
);
create index links_account on links (account_id) where used_at is null and voided_at is null;
create index links_sign_up on links (sign_up_id);
create index links_expires on links (expires_at);
