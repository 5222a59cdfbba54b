create domain report_kind as text check (value in (
  'takeover', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint'));

-- What somebody who proved nothing said of an account. Nobody vouches for `contact`: agents see it as a claim, and nothing
-- is ever sent there. It hangs on a case, so that what is said of one account while one is open comes together.
create table anonymous_reports (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  case_id uuid not null references cases on delete cascade,
  -- The reporter's own: the case's would tell them that there is one.
  reference text not null unique,
  kind report_kind not null,
  message text not null,
  contact text not null,
  channel channel,
  received_at timestamptz not null,
  -- When the owner said that it was they.
  confirmed_at timestamptz
);
create index anonymous_reports_case on anonymous_reports (case_id, id);
create index anonymous_reports_open on anonymous_reports (account_id) where confirmed_at is null;

-- The owner's no to how a case ended, once: somebody else hears it.
create table appeals (
  case_id uuid primary key references cases on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  -- Who had decided it.
  excluded_id uuid references agents,
  -- The case itself, opened again, or the one of its kind that is open by now.
  heard_in uuid not null references cases on delete cascade,
  appealed_at timestamptz not null,
  answer_by timestamptz not null
);
create index appeals_account on appeals (account_id);
create index appeals_heard on appeals (heard_in);

create table case_feedback (
  case_id uuid primary key references cases on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  rating smallint not null check (rating between 1 and 5),
  body text,
  given_at timestamptz not null
);
create index case_feedback_account on case_feedback (account_id);
