-- What the revocation stream reads: only events that take something back. The list is that of src/revocations/rules.ts.
create index events_revoking on events (tx, id)
  where type in ('account.frozen', 'account.erased', 'session.ended', 'sessions.revoked', 'refresh.reused',
    'key.revoked');
