import type { EventType } from '../events/catalogue.ts';

/** What an event takes back: its own session, the sessions or the key its detail names, or all an account had before it. */
type Revoked = 'session' | 'sessions' | 'account' | 'key';

/**
 * The one table: event type → what it revokes. A verifier refuses every token of it from then on. A freeze names its
 * sessions too, by the event of their end: those are exact where clocks of nodes differ.
 */
// biome-ignore format: a table reads as one
const revoking = {
  'account.frozen':   'account',
  'account.erased':   'account',
  'session.ended':    'session',
  'sessions.revoked': 'sessions',
  'refresh.reused':   'session',
  'key.revoked':      'key',
} as const satisfies { readonly [type in EventType]?: Revoked };

type RevokingType = keyof typeof revoking;
export const revokingTypes = Object.keys(revoking) as RevokingType[];

export function isRevoking(type: EventType): type is RevokingType {
  return type in revoking;
}

/** One entry of the stream: this session, or everything the account had at that time, is over; or all a key signed. */
export type Revocation =
  | { accountId: string; sessionId?: string; at: string; reason: string }
  | { keyId: string; at: string };

export type RevokingEvent = {
  type: RevokingType;
  at: Date;
  account_id: string | null;
  session_id: string | null;
  detail: { reason?: string; sessionIds?: string[]; keyId?: string };
};

/** What verifiers must be told of this event. Nothing for an agent's session: no verifier accepts its tokens. */
export function revocationsOf({ type, at, account_id, session_id, detail }: RevokingEvent): Revocation[] {
  if (detail.keyId !== undefined) return [{ keyId: detail.keyId, at: at.toISOString() }];
  if (account_id === null) return [];
  const entry = { accountId: account_id, at: at.toISOString(), reason: detail.reason ?? plainReasons[type] };
  const kind = revoking[type];
  if (kind === 'account') return [entry];
  const sessionIds = kind === 'sessions' ? (detail.sessionIds ?? []) : session_id === null ? [] : [session_id];
  return sessionIds.map((sessionId) => ({ accountId: account_id, sessionId, at: entry.at, reason: entry.reason }));
}

/** For events whose detail gives none. */
const plainReasons: Record<RevokingType, string> = {
  'account.frozen': 'frozen',
  'account.erased': 'erased',
  'session.ended': 'ended',
  'sessions.revoked': 'ended',
  'refresh.reused': 'refresh-reused',
  'key.revoked': 'revoked',
};
