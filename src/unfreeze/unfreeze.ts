import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Hold, requirePassage } from '../holds/gate.ts';
import { returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { redeemProof } from '../second-factors/check-proof.ts';
import { plus } from '../time.ts';
import { endUnfreeze } from './end.ts';
import { liftOwnHolds } from './lift.ts';
import { isUnfreezeCode } from './mailed-code.ts';
import { type Asker, findShown, owesProof, type Shown } from './proof.ts';
import * as queries from './queries.ts';
import { isGoodProof, requireOwnHolds } from './standing.ts';

type Started = { expiresAt: Date };
type Given = { code?: string | undefined; mailCode: string };
type Confirmed = { effectiveAt: Date };

/**
 * The owner wishes to lift what they hold: a code goes to a mailbox older than the compromise. A code of a factor can come now
 * or with the mailed one. Throws `hold-not-releasable`, `too-early`, `account-held` under a legal hold, `proof-too-new`,
 * `invalid-code`, `too-many-attempts`, `too-many-requests`, `insufficient-authentication`.
 */
export async function startUnfreeze(ctx: Context, asker: Asker, code: string | undefined): Promise<Started> {
  const { accountId, client } = asker;
  const now = ctx.clock.now();
  await ctx.limits.takeForAccount('unfreeze', accountId);
  await requireOwnHolds(ctx.reader, ctx, accountId, now);
  const id = newId(now);
  const shown = await findShown(ctx, asker, code, id);
  return await withShown(ctx, asker, shown, now, async (trx) => {
    const actor = { kind: 'owner', id: accountId } as const;
    await endUnfreeze(trx, { accountId }, { reason: 'replaced', actor, client }, now);
    const { expires_at: expiresAt } = await queries.insertUnfreeze(trx, {
      id,
      account_id: accountId,
      proven_by: shown?.proof.kind ?? null,
      proof_born_at: shown?.proof.bornAt ?? null,
      requested_at: now,
      expires_at: plus(now, ctx.policy['unfreeze.codeTtl']),
    });
    const event = { type: 'unfreeze.code-requested', actor, accountId, client, payload: { subjectId: id } } as const;
    await record(trx, { ...event, detail: { unfreezeId: id } }, now);
    return { expiresAt };
  });
}

/**
 * The mailed code, with a factor's where none came before: lifts the owner's holds at once, or, where the account has no second
 * factor, after a delay in which the owner can veto it. Each try counts before it is looked at. Throws `invalid-code` also for
 * a code that is over, `second-factor-required`, and what `startUnfreeze` throws.
 */
export async function confirmUnfreeze(ctx: Context, asker: Asker, { code, mailCode }: Given): Promise<Confirmed> {
  const { accountId, client } = asker;
  const now = ctx.clock.now();
  await ctx.limits.takeForAddress('other', client.ip);
  await requireOwnHolds(ctx.reader, ctx, accountId, now);
  const wish = await queries.reserveAttempt(ctx.urgentDb, accountId, ctx.policy['unfreeze.attempts'], now);
  if (!wish) throw new Problem('invalid-code');
  const actor = { kind: 'owner', id: accountId } as const;
  if (!isUnfreezeCode(ctx.keys, wish.id, mailCode)) {
    const detail = { unfreezeId: wish.id, attempts: wish.attempts };
    const event = { type: 'unfreeze.failed', actor, accountId, client, detail } as const;
    await transact(ctx.urgentDb, ctx.ring, (trx) => record(trx, event, now));
    throw new Problem('invalid-code');
  }
  const shown =
    code === undefined
      ? (shownBefore(wish) ?? (await findShown(ctx, asker, code, wish.id)))
      : await findShown(ctx, asker, code, wish.id);
  if (!shown) throw await owesProof(ctx, accountId);
  return await withShown(ctx, asker, shown, now, async (trx) => {
    const { kind: provenBy, bornAt } = shown.proof;
    const effectiveAt = provenBy === 'password' ? plus(now, ctx.policy['unfreeze.delay']) : now;
    const confirmed = await queries.confirmUnfreeze(trx, wish.id, { provenBy, bornAt, effectiveAt }, now);
    if (!confirmed) throw new Problem('invalid-code');
    if (effectiveAt > now) {
      const detail = { unfreezeId: wish.id, until: effectiveAt.toISOString() };
      const payload = { subjectId: wish.id };
      await record(trx, { type: 'unfreeze.scheduled', actor, accountId, client, detail, payload }, now);
    } else if (await queries.redeem(trx, wish.id, now)) {
      await liftOwnHolds(trx, ctx, confirmed, { actor, client }, now);
    }
    return { effectiveAt };
  });
}

function shownBefore({ proven_by: kind, proof_born_at: bornAt }: queries.UnfreezeRow): Shown | undefined {
  return kind && bornAt ? { proof: { kind, bornAt } } : undefined;
}

/** Under the account's lock and past the gate: what was shown must lift what stands, and a code is spent with it. */
async function withShown<T>(
  ctx: Context,
  { accountId }: Asker,
  shown: Shown | undefined,
  now: Date,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const attempts = shown?.spends?.candidate.attempts ?? [];
  const done = await returnOnError(ctx, [...attempts], async () =>
    transact(ctx.urgentDb, ctx.ring, async (trx) => {
      await requirePassage(trx, accountId, 'recover', now);
      const own: Hold[] = await requireOwnHolds(trx, ctx, accountId, now);
      if (shown && !(await isGoodProof(trx, ctx, { accountId, own, proof: shown.proof }, now)))
        throw new Problem('proof-too-new');
      const { spends } = shown ?? {};
      if (spends && !(await redeemProof(trx, spends.prover, spends.candidate, now))) return undefined;
      return { result: await work(trx) };
    }),
  );
  if (!done) throw new Problem('invalid-code');
  return done.result;
}
