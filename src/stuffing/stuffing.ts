import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { addressBlock } from '../lockout/address-block.ts';
import { MINUTE, plus, SECOND } from '../time.ts';
import { demandProof, type Shown } from './demand.ts';
import * as queries from './queries.ts';
import { type Cause, isAtLeast, judge, type Suspicion } from './rules.ts';

const WITHIN = 10 * MINUTE;
const LATELY = 5 * MINUTE;
/** What has not come to its end by then never will: who was asked for work and went away. */
const OPEN_FOR = 10 * SECOND;
/** Longer than tries live: what an attack tried is forgotten before the next one takes its alarm's row. */
const QUIET = 20 * MINUTE;

type Stranger = { identifier: Buffer; password: string; client: Client; shown: Shown | undefined };
/** A try that was noted. One that leads to no sign-in is in vain: at once where something given was wrong, else soon. */
export type Meeting = { tryId: string; isSuspected: boolean };

/**
 * Looks at a try from an unknown device before its password is checked: one more round trip. Throws `proof-required` with
 * work to do, and `too-many-attempts`, when guessing across accounts is under way; only notes it where `stuffing.mode` is
 * `shadow`. Undefined where that is `off`.
 */
export async function meetStranger(ctx: Context, stranger: Stranger, now: Date): Promise<Meeting | undefined> {
  const mode = ctx.policy['stuffing.mode'];
  if (mode === 'off') return undefined;
  const attempt = hashTry(ctx, stranger, now);
  const times = { since: plus(now, -WITHIN), lately: plus(now, -LATELY), openSince: plus(now, -OPEN_FOR) };
  const sighting = await queries.noteTry(ctx.limitsDb, attempt, now, times);
  const suspicion = judge(sighting, await ctx.strangers.normal(now));
  for (const cause of suspicion.causes) await raise(ctx, cause, attempt, suspicion, now);
  if (mode !== 'live') return { tryId: attempt.id, isSuspected: false };
  await demandProof(ctx, stranger, suspicion, now);
  return { tryId: attempt.id, isSuspected: isAtLeast(suspicion.step, 'factor') };
}

/** The stranger signed in after all. */
export async function noteSuccess(ctx: Context, tryId: string | undefined): Promise<void> {
  if (tryId) await queries.noteSuccess(ctx.limitsDb, tryId, ctx.clock.now());
}

/** What the stranger gave was wrong. */
export async function noteFailure(ctx: Context, tryId: string | undefined): Promise<void> {
  if (tryId) await queries.noteFailure(ctx.limitsDb, tryId, ctx.clock.now());
}

/**
 * Whether a right password that such a stranger gives must be taken for a stolen one: not where the account was at home
 * before, for people lose cookies more often than thieves come from next door.
 */
export async function isTakenForStolen(ctx: Context, meeting: Meeting | undefined, accountId: string, client: Client) {
  if (!meeting?.isSuspected) return false;
  return !(await queries.isFamiliarNetwork(ctx.reader, accountId, client.ip));
}

/** Tells agents of an attack when it begins; as long as it goes on, once. */
async function raise(ctx: Context, cause: Cause, attempt: queries.Try, suspicion: Suspicion, now: Date): Promise<void> {
  const subject = cause === 'address' ? attempt.block : cause === 'password' ? attempt.password : Buffer.alloc(8);
  if (!ctx.strangers.isDue(`${cause}:${subject.toString('hex')}`, now)) return;
  const id = newId(now);
  const isNew = await queries.noteAlarm(ctx.limitsDb, { id, cause, subject }, now, plus(now, -QUIET));
  if (!isNew) return;
  const detail = { cause, step: suspicion.step, mode: ctx.policy['stuffing.mode'] };
  await transact(ctx.db, ctx.ring, (trx) =>
    record(trx, { type: 'stuffing.detected', actor: { kind: 'system' }, detail }, now),
  );
}

/** The password's hash has a key of its ten minutes: with those it is gone for good. */
function hashTry(ctx: Context, { identifier, password, client }: Stranger, now: Date): queries.Try {
  const bucket = Math.floor(now.getTime() / WITHIN);
  return {
    id: newId(now),
    block: ctx.keys.hash('stuffing-block', addressBlock(client.ip)).subarray(0, 8),
    identifier,
    password: ctx.keys.hash(`stuffing-password:${bucket}`, password).subarray(0, 8),
  };
}
