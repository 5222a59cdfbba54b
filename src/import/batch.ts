import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { type Actor, recordMany } from '../events/record.ts';
import { totpSecretRow } from '../second-factors/rules.ts';
import type { NewAccount } from './account-line.ts';
import { LineFault } from './fault.ts';
import * as queries from './queries.ts';

export type NumberedAccount = { number: number; account: NewAccount };
export type BadLine = { line: number; field: string; reason: string };

/** Under what an account can be found: each of these is somebody's once. */
export function identifiersOf(
  account: NewAccount,
): { kind: 'email' | 'username' | 'phone'; value: string; field: string }[] {
  const { emailKey, username, phone, phoneConfirmed } = account;
  return [
    { kind: 'email', value: emailKey, field: '/email' } as const,
    ...(username === undefined ? [] : [{ kind: 'username', value: username, field: '/username' } as const]),
    // As everywhere, a number nobody confirmed identifies nobody.
    ...(phone === undefined || !phoneConfirmed ? [] : [{ kind: 'phone', value: phone, field: '/phone' } as const]),
  ];
}

/** Tells those whose identifiers are free from those whose are not: in the database, or by an earlier line of this batch. */
export async function withoutTaken(
  ctx: Context,
  lines: readonly NumberedAccount[],
): Promise<{ free: NumberedAccount[]; bad: BadLine[] }> {
  const identifiers = lines.flatMap(({ account }) => identifiersOf(account).map(({ value }) => value));
  const externalIds = lines.flatMap(({ account }) => account.externalId ?? []);
  const taken = await queries.findTaken(ctx.db, identifiers, externalIds, ctx.clock.now());
  const free: NumberedAccount[] = [];
  const bad: BadLine[] = [];
  for (const line of lines) {
    const fault = findTaken(line.account, taken);
    if (fault) bad.push({ line: line.number, field: fault.field, reason: fault.message });
    else {
      free.push(line);
      for (const { value } of identifiersOf(line.account)) taken.identifiers.add(value);
      if (line.account.externalId !== undefined) taken.externalIds.add(line.account.externalId);
    }
  }
  return { free, bad };
}

const TAKEN = 'belongs to an account already, or to an earlier line';

function findTaken(
  account: NewAccount,
  taken: { identifiers: Set<string>; externalIds: Set<string> },
): LineFault | undefined {
  const mine = identifiersOf(account).find(({ value }) => taken.identifiers.has(value));
  if (mine) return new LineFault(mine.field, TAKEN);
  return account.externalId !== undefined && taken.externalIds.has(account.externalId)
    ? new LineFault('/externalId', TAKEN)
    : undefined;
}

type Writing = { importId: string; actor: Actor; sendMails: boolean };

/** Writes the accounts with their events and mails. False where somebody took an identifier meanwhile: then roll back. */
export async function writeBatch(
  trx: Transaction<Database>,
  ctx: Context,
  lines: readonly NumberedAccount[],
  { importId, actor, sendMails }: Writing,
  now: Date,
): Promise<boolean> {
  const rows = lines.map(({ account }) => ({ id: newId(now), account }));
  if (rows.length === 0) return true;
  const isWhole = await queries.insertBatch(
    trx,
    {
      accounts: rows.map(({ id, account }) => ({
        id,
        external_id: account.externalId ?? null,
        email: account.email,
        email_confirmed_at: account.emailConfirmed ? now : null,
        username: account.username ?? null,
        phone: account.phone ?? null,
        phone_confirmed_at: account.phone !== undefined && account.phoneConfirmed ? now : null,
        locale: account.locale,
        created_at: account.createdAt,
      })),
      identifiers: rows.flatMap(({ id, account }) =>
        identifiersOf(account).map(({ kind, value }) => ({
          value,
          kind,
          account_id: id,
          confirmed_at: kind === 'email' && !account.emailConfirmed ? null : now,
        })),
      ),
      passwords: rows.flatMap(({ id, account }) =>
        account.hash ? [{ account_id: id, hash: account.hash.stored, set_at: now }] : [],
      ),
      totpFactors: rows.flatMap(({ id, account }) =>
        account.totpSecret === undefined ? [] : [totpFactor(ctx, id, account.totpSecret, now)],
      ),
    },
    now,
  );
  if (!isWhole) return false;
  const events = rows.map(({ id, account }) => ({
    type: 'account.created' as const,
    actor,
    accountId: id,
    detail: {
      externalId: account.externalId ?? null,
      emailConfirmed: account.emailConfirmed,
      importId,
      ...(account.totpSecret === undefined ? {} : { secondFactor: 'totp' as const }),
    },
    isSilent: account.emailConfirmed || !sendMails,
  }));
  await recordMany(trx, events, now);
  return true;
}

function totpFactor(ctx: Context, accountId: string, secret: string, now: Date) {
  const id = newId(now);
  const sealed = ctx.keys.encrypt(secret, totpSecretRow(id));
  return { id, account_id: accountId, name: 'Authenticator', secret: sealed, created_at: now, confirmed_at: now };
}
