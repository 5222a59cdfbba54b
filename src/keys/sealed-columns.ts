/** Every column that holds what `KeyRing.encrypt` made, with its table's primary key: so another key can take over. */
export const sealedColumns = {
  'totp_factors.secret': ['id'],
  'agents.totp_secret': ['id'],
  'agent_enrolments.totp_secret': ['id'],
  'idempotency_keys.answer': ['caller', 'key'],
} as const;

export type SealedColumn = keyof typeof sealedColumns;
/** What a sealed value is bound to: its column, and the primary key of its row with colons between its parts. */
export type SealedRow = `${SealedColumn}:${string}`;
