-- A code texted to a phone, for the one thing it was asked for. The six digits are derived from the id and stand nowhere.
create table sms_codes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- The very sign-in that asked, or the enrolment. The newest code replaces the one before it.
  subject text not null,
  phone text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  unique (account_id, subject)
);
create index sms_codes_expires on sms_codes (expires_at);
