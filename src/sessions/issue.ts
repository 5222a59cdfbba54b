import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { SECOND } from '../time.ts';
import type * as queries from './queries.ts';

export type Assurance = queries.Assurance;

/** What a completed sign-in hands out. Nothing of it can be had again: only hashes are kept. */
export type SignedIn = {
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  deviceToken: string;
  sessionId: string;
  accountId: string;
};

type Access = Assurance & { sessionId: string; accountId: string; authTime: Date; endsAt: Date };

/**
 * An access token of at most five minutes (RFC 9068) that ends with its session at the latest: who checks it offline sees
 * no other limit. Every request here looks its session up all the same.
 */
export function signAccess(ctx: Context, access: Access, now: Date): { accessToken: string; expiresIn: number } {
  const claims = {
    client_id: 'holdfast',
    sid: access.sessionId,
    jti: newId(now),
    auth_time: Math.floor(access.authTime.getTime() / 1000),
    acr: access.acr,
    amr: access.amr,
  };
  const left = access.endsAt.getTime() - now.getTime();
  const expiresIn = Math.ceil(Math.min(ctx.policy['access.ttl'], left) / SECOND);
  return { accessToken: ctx.signer.sign('owner', access.accountId, claims, expiresIn * SECOND, now), expiresIn };
}
