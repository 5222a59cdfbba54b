import type { Kysely, Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { chainedToken, readChainedToken } from '../crypto/chained-token.ts';
import { newId } from '../crypto/ids.ts';

import type { Database } from '../db/types.ts';
import { addDevice } from '../devices/devices.ts';
import type { EventDetails } from '../events/catalogue.ts';
import { record } from '../events/record.ts';
import { scopesStopping } from '../holds/rules.ts';
import type { Attempt } from '../lockout/attempts.ts';
import { type Assurance, type SignedIn, signAccess } from '../sessions/issue.ts';
import { plus } from '../time.ts';
import { type NewSession, writeReturn, writeSession } from './write-session.ts';

type Opening = {
  accountId: string;
  assurance: Assurance;
  /** Of the password; undefined where none was asked for: then its failures stay. */
  attempt: Attempt | undefined;
  client: Client;
  /** Where what led to it knew its id already. */
  sessionId?: string;
};
/** The token is absent where only an earlier step of the sign-in saw it. */
type Presented = { deviceId: string; deviceToken: string | undefined };
type Seen = { accountVersion: number; passwordSetAt: Date | null };

/**
 * Signs a known browser in, in one statement that asks the gate itself: by itself or in a transaction. Undefined where the
 * account changed since it was `seen`, is held, or the browser is not known any more; then nothing was written.
 */
export async function returnToAccount(
  db: Kysely<Database>,
  ctx: Context,
  opening: Opening,
  presented: Presented,
  seen: Seen,
  now: Date,
): Promise<SignedIn | undefined> {
  const { deviceId, deviceToken } = presented;
  const { session, signedIn } = newSession(ctx, opening, { id: deviceId, isNew: false }, now);
  const shown = deviceToken === undefined ? undefined : readChainedToken(ctx.keys, 'device', deviceToken);
  const generation = await writeReturn(db, session, {
    ...seen,
    stoppingScopes: STOPPING,
    generation: shown?.id === deviceId ? shown.generation : null,
  });
  if (generation === undefined) return undefined;
  return { ...signedIn, deviceToken: chainedToken(ctx.keys, 'device', { id: deviceId, generation }) };
}

const STOPPING = scopesStopping('sign-in');

/** Signs a browser in that becomes a known device by it. Only for a transaction that passed the gate. */
export async function enterFromNewDevice(
  trx: Transaction<Database>,
  ctx: Context,
  opening: Opening,
  now: Date,
): Promise<SignedIn> {
  const { accountId, client } = opening;
  const device = await addDevice(trx, ctx, { accountId, client }, now);
  const { session, signedIn } = newSession(ctx, opening, { id: device.id, isNew: true }, now);
  await writeSession(trx, session);
  const { sessionId } = session;
  if (!device.isFirst) {
    const actor = { kind: 'owner', id: accountId } as const;
    await record(
      trx,
      { type: 'device.added', actor, accountId, sessionId, deviceId: device.id, client, detail: {} },
      now,
    );
  }
  return { ...signedIn, deviceToken: device.token };
}

/** What is to be written, and what is handed out. */
function newSession(
  ctx: Context,
  { accountId, assurance, attempt, client, ...opening }: Opening,
  device: { id: string; isNew: boolean },
  now: Date,
): { session: NewSession; signedIn: Omit<SignedIn, 'deviceToken'> } {
  const sessionId = opening.sessionId ?? newId(now);
  const detail: EventDetails['sign-in.succeeded'] = { amr: assurance.amr, isNewDevice: device.isNew };
  const session = {
    accountId,
    now,
    sessionId,
    deviceId: device.id,
    counterKey: attempt?.key ?? null,
    reservedAt: attempt?.reservedAt ?? null,
    ...assurance,
    expiresAt: plus(now, ctx.policy['session.absolute']),
    ip: client.ip,
    userAgent: client.userAgent ?? null,
    eventId: newId(now),
    requestId: client.requestId,
    eventDetail: JSON.stringify(detail),
  };
  const signedIn = {
    ...signAccess(ctx, { sessionId, accountId, authTime: now, endsAt: session.expiresAt, ...assurance }, now),
    refreshToken: chainedToken(ctx.keys, 'refresh', { id: sessionId, generation: 0 }),
    sessionId,
    accountId,
  };
  return { session, signedIn };
}
