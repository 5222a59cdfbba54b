import type { Revocation } from './follow.ts';

type Claims = { sid: string; sub: string; iat: number };

/** What is revoked, for as long as a token of it can still be alive. `now` is monotonic, in milliseconds. */
export type Revoked = {
  add(revocation: Revocation, now: number): void;
  has(claims: Claims): boolean;
  /** Forgets what came more than this ago: no token of it is alive. */
  forget(windowMs: number, now: number): void;
  size(): number;
};

export function openRevoked(): Revoked {
  // In the order of their coming, so that the oldest are first.
  const sessions = new Map<string, number>();
  const accounts = new Map<string, { until: number; came: number }>();

  return {
    add({ accountId, sessionId, at }, now) {
      if (sessionId !== undefined) {
        sessions.delete(sessionId);
        sessions.set(sessionId, now);
        return;
      }
      const until = Math.max(Date.parse(at), accounts.get(accountId)?.until ?? 0);
      accounts.delete(accountId);
      accounts.set(accountId, { until, came: now });
    },
    has({ sid, sub, iat }) {
      if (sessions.has(sid)) return true;
      const account = accounts.get(sub);
      // A token of the same second counts as one from before.
      return account !== undefined && iat * 1000 <= account.until;
    },
    forget(windowMs, now) {
      for (const [id, came] of sessions) {
        if (now - came <= windowMs) break;
        sessions.delete(id);
      }
      for (const [id, { came }] of accounts) {
        if (now - came <= windowMs) break;
        accounts.delete(id);
      }
    },
    size: () => sessions.size + accounts.size,
  };
}
