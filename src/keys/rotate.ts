import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { makeKey } from '../crypto/keys.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { voidAllLinks } from '../links/links.ts';
import { MINUTE, plus } from '../time.ts';
import { wrapKey } from './key-store.ts';
import * as queries from './queries.ts';
import { announcedKey, isRotationDue, keyInUse, type Purpose } from './rules.ts';

type Rotated = { keyId: string; usedFrom: Date; isNew: boolean };

/** What the operator asked for and cannot be. */
export class KeyError extends Error {}

/**
 * Makes the next key of a purpose; every node has it before it is used. A signing key is announced in the JWKS for
 * `keys.announce` first, or signs at once with `atOnce`; where one is announced already, that is the answer. A new
 * hashing key counts at once and voids what was derived from the old one: refresh and device tokens, links in mails.
 */
export async function rotateKey(
  ctx: Context,
  purpose: Purpose,
  { atOnce }: { atOnce: boolean },
  actor: Actor,
): Promise<Rotated> {
  const now = ctx.clock.now();
  const delay = { signing: atOnce ? 0 : ctx.policy['keys.announce'], encryption: MINUTE, hashing: 0 }[purpose];
  const rotated = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.lockKeys(trx);
    const waiting = announcedKey(await queries.listKeys(trx), purpose, now);
    if (waiting && delay > 0) return { keyId: waiting.id, usedFrom: waiting.used_from, isNew: false };
    return await addKey(trx, ctx, purpose, plus(now, delay), { by: 'command', actor }, now);
  });
  await ctx.keys.reload();
  return rotated;
}

/** Announces the next signing key once it is time: by one of all nodes, whichever comes first. */
export async function rotateWhenDue(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  const times = { rotateEvery: ctx.policy['keys.rotateEvery'], announce: ctx.policy['keys.announce'] };
  if (!isRotationDue(await queries.listKeys(ctx.urgentDb), times, now)) return;
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.lockKeys(trx);
    if (!isRotationDue(await queries.listKeys(trx), times, now)) return;
    const origin = { by: 'schedule', actor: { kind: 'system' } } as const;
    await addKey(trx, ctx, 'signing', plus(now, times.announce), origin, now);
  });
  await ctx.keys.reload();
}

/**
 * For a signing key that leaked: nothing it signed counts any more, on any node, and where it was in use a new one signs
 * at once. Throws KeyError for an id that is no signing key.
 */
export async function revokeSigningKey(
  ctx: Context,
  keyId: string,
  actor: Actor,
): Promise<{ successorId: string | undefined }> {
  const now = ctx.clock.now();
  const successorId = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.lockKeys(trx);
    const before = await queries.listKeys(trx);
    const key = before.find((row) => row.id === keyId);
    if (!key) throw new KeyError(`There is no key ${keyId}`);
    if (key.purpose !== 'signing')
      throw new KeyError(`${keyId} is no signing key: holdfast keys rotate --purpose ${key.purpose} replaces it`);
    if (key.revoked_at !== null) return undefined;
    await queries.revokeKey(trx, keyId, now);
    const after = before.map((row) => (row.id === keyId ? { ...row, revoked_at: now } : row));
    const isNeeded = keyInUse(before, 'signing', now)?.id === keyId || !keyInUse(after, 'signing', now);
    const origin = { by: 'revocation', actor } as const;
    const successor = isNeeded ? await addKey(trx, ctx, 'signing', now, origin, now) : undefined;
    await record(trx, { type: 'key.revoked', actor, detail: { keyId, successorId: successor?.keyId ?? null } }, now);
    await queries.announceChange(trx);
    return successor?.keyId;
  });
  await ctx.keys.reload();
  return { successorId };
}

type Origin = { by: 'command' | 'schedule' | 'revocation'; actor: Actor };

async function addKey(
  trx: Transaction<Database>,
  ctx: Context,
  purpose: Purpose,
  usedFrom: Date,
  { by, actor }: Origin,
  now: Date,
): Promise<Rotated> {
  const row = wrapKey(makeKey(purpose, usedFrom, now), await queries.listKeys(trx), ctx.wrapping);
  await queries.insertKeys(trx, [row]);
  if (purpose === 'hashing') await voidAllLinks(trx, now);
  const detail = { keyId: row.id, purpose, usedFrom: usedFrom.toISOString(), by };
  await record(trx, { type: 'key.rotated', actor, detail }, now);
  await queries.announceChange(trx);
  return { keyId: row.id, usedFrom, isNew: true };
}
