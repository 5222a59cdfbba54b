create domain channel as text check (value in ('web', 'mail', 'chat', 'phone', 'social'));
create domain contact_party as text check (value in ('owner', 'host', 'bank', 'police', 'other'));
create domain evidence_kind as text check (value in ('text', 'reference', 'file'));
create domain media_type as text check (value in (
  'image/png', 'image/jpeg', 'image/webp', 'application/pdf', 'text/plain'));

-- Who was spoken to about a case, how, and what was agreed.
create table case_contacts (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  channel channel not null,
  party contact_party not null,
  summary text not null,
  agreed text,
  agent_id uuid not null references agents,
  at timestamptz not null
);
create index case_contacts_case on case_contacts (case_id, id);

-- What supports or contradicts a case. Files stay here, bounded, under the hash they had when they came.
create table case_evidence (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  kind evidence_kind not null,
  title text not null,
  body text,
  media_type media_type,
  content bytea check (octet_length(content) between 1 and 5242880),
  sha256 bytea not null check (octet_length(sha256) = 32),
  added_by uuid not null references agents,
  added_at timestamptz not null,
  check ((kind = 'file') = (content is not null)),
  check ((kind = 'file') = (media_type is not null)),
  check ((kind = 'file') = (body is null))
);
create index case_evidence_case on case_evidence (case_id, id);
-- Its bytes are compressed already.
alter table case_evidence alter column content set storage external;

-- What accounts have in common.
create index transactions_payee on transactions (payee_id) where payee_id is not null;
create index transactions_device on transactions (device_id) where device_id is not null;
create index transactions_ip on transactions (ip) where ip is not null;
