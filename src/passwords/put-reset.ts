import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import type { CoolDownReason } from '../holds/rules.ts';
import { voidLinks } from '../links/links.ts';
import { counterKey, forgetFailures } from '../lockout/attempts.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import { endEverything } from '../sessions/end.ts';
import { type Accepted, acceptPassword, weakPassword } from './check-password.ts';
import * as queries from './queries.ts';

type Wanted = { accountId: string; newPassword: string; client: Client };

/** A password that may be set in place of one that is forgotten. Undefined for no account; throws `weak-password`. */
export async function acceptNew(
  ctx: Context,
  { accountId, newPassword, client }: Wanted,
): Promise<Accepted | undefined> {
  const asked = await findAsked(ctx, accountId, client);
  return asked && (await acceptPassword(ctx, newPassword, asked));
}

/** Its hash. One that opened nothing any more cannot be set again: throws `weak-password`, and `busy`. */
export async function hashNew(ctx: Context, { accountId, client }: Omit<Wanted, 'newPassword'>, accepted: Accepted) {
  const spent = await queries.findSpentHash(ctx.db, accountId);
  if (spent !== undefined && (await ctx.hasher.verify(spent, accepted.text))) {
    throw weakPassword(ctx, 'unchanged', { locale: client.locale, field: 'newPassword' });
  }
  return { ...accepted, hash: await ctx.hasher.hash(accepted.text) };
}

async function findAsked(ctx: Context, accountId: string, client: Client) {
  const owner = await queries.findOwner(ctx.db, accountId);
  if (!owner) return undefined;
  return {
    owner,
    hasSecondFactor: await hasSecondFactor(ctx.db, accountId),
    locale: client.locale,
    field: 'newPassword',
  };
}

type Reset = {
  accountId: string;
  caseId?: string | undefined;
  client: Client;
  password: Awaited<ReturnType<typeof hashNew>>;
  /** What stood for the password. */
  amr: string[];
  coolDown?: CoolDownReason | undefined;
};

/**
 * Puts the password in place, under the account's lock: its lockouts, every session, device, challenge and other reset link
 * are gone, withdrawals wait, the owner is told.
 */
export async function putReset(trx: Transaction<Database>, ctx: Context, reset: Reset, now: Date): Promise<void> {
  const { accountId, caseId, client, password, amr, coolDown } = reset;
  await forgetPasswordFailures(trx, ctx, accountId);
  await queries.setPassword(trx, accountId, password, now);
  await voidLinks(trx, accountId, ['reset-password'], now);
  await endEverything(trx, accountId, 'password-reset', now);
  await startCoolDown(trx, ctx, accountId, client, now, coolDown);
  const actor = { kind: 'owner', id: accountId } as const;
  await record(trx, { type: 'password.reset', actor, accountId, caseId, client, detail: { amr } }, now);
}

/** Opens the strangers' counters of every identifier of the account, and the one over them. */
export async function forgetPasswordFailures(
  trx: Transaction<Database>,
  ctx: Context,
  accountId: string,
): Promise<void> {
  const values = await queries.listIdentifiers(trx, accountId);
  const keys = values.map((value) => counterKey(ctx, 'identifier', value));
  await forgetFailures(trx, [...keys, counterKey(ctx, 'account', accountId)]);
}
