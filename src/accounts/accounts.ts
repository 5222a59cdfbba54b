import { isIP } from 'node:net';
import { z } from 'zod';
import type { Client, Context } from '../context.ts';
import { readHash } from '../crypto/foreign-hashes/read-hash.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import type { Locale } from '../languages/languages.ts';
import { acceptPassword } from '../passwords/check-password.ts';
import { Problem } from '../problem.ts';
import { FEW_RECOVERY_CODES } from '../second-factors/rules.ts';
import { emailKey, phoneKey, readIdentifier, usernameKey } from './identifiers.ts';
import * as queries from './queries.ts';

type AccountRow = queries.AccountRow;
type NewAccount = {
  email: string;
  externalId?: string | undefined;
  username?: string | undefined;
  phone?: string | undefined;
  locale?: Locale | undefined;
  emailConfirmed?: boolean | undefined;
  password?: string | undefined;
  /** In place of a password: a hash that another system made of it. */
  passwordHash?: string | undefined;
};

/**
 * The host makes an account it answers for. Throws `account-exists` when an identifier is taken, `weak-password`, and
 * `invalid-request` for a hash of no known form or one too expensive to check.
 */
export async function createAccount(
  ctx: Context,
  input: NewAccount,
  apiKeyId: string,
  client: Client,
): Promise<AccountRow> {
  const now = ctx.clock.now();
  const hash = await hashOf(ctx, input, client);
  const id = newId(now);
  const confirmedAt = input.emailConfirmed ? now : null;
  const identifiers = [
    { value: emailKey(input.email), kind: 'email' as const, account_id: id, confirmed_at: confirmedAt },
  ];
  const username = input.username === undefined ? null : usernameKey(input.username);
  try {
    return await transact(ctx.db, ctx.ring, async (trx) => {
      const account = await queries.insertAccount(trx, {
        id,
        external_id: input.externalId ?? null,
        email: input.email.normalize('NFC').trim(),
        email_confirmed_at: confirmedAt,
        username,
        phone: input.phone === undefined ? null : (phoneKey(input.phone) ?? null),
        locale: input.locale ?? 'en',
        created_at: now,
      });
      const wanted =
        username === null
          ? identifiers
          : [...identifiers, { value: username, kind: 'username' as const, account_id: id, confirmed_at: now }];
      const claimed = await queries.claimIdentifiers(trx, wanted, now);
      if (claimed.length < wanted.length) throw new Problem('account-exists');
      if (hash) await queries.setPasswordHash(trx, id, hash, now);
      const detail = { externalId: input.externalId ?? null, emailConfirmed: confirmedAt !== null };
      const actor = { kind: 'host', id: apiKeyId } as const;
      await record(
        trx,
        { type: 'account.created', actor, accountId: id, client, detail, isSilent: confirmedAt !== null },
        now,
      );
      return account;
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new Problem('account-exists');
    throw error;
  }
}

async function hashOf(ctx: Context, input: NewAccount, client: Client): Promise<string | undefined> {
  if (input.passwordHash !== undefined) {
    const read = readHash(input.passwordHash);
    if (!('fault' in read)) return read.stored;
    throw new Problem('invalid-request', { errors: [{ pointer: '/passwordHash', detail: read.fault }] });
  }
  const asked = { owner: input, locale: client.locale, field: 'password' };
  return input.password === undefined
    ? undefined
    : await ctx.hasher.hash((await acceptPassword(ctx, input.password, asked)).text);
}

const uuid = z.uuid();

/** By id, or by `external:…`. Throws `not-found`. */
export async function findAccount(ctx: Context, reference: string): Promise<AccountRow> {
  const external = reference.startsWith('external:') ? reference.slice('external:'.length) : undefined;
  const account =
    external === undefined
      ? uuid.safeParse(reference).success && (await queries.findAccount(ctx.reader, reference))
      : await queries.findAccountByExternalId(ctx.reader, external);
  if (!account) throw new Problem('not-found');
  return account;
}

/** The account as its owner sees it. Throws `unauthorized` where it is gone or closed. */
export async function describeOwner(ctx: Context, accountId: string): Promise<queries.ProfileRow> {
  const profile = await queries.findProfile(ctx.reader, accountId);
  if (!profile) throw new Problem('unauthorized');
  return profile;
}

/** The profile that an access token names, or undefined; whether its session lives is for others to ask. */
export async function findOwnProfile(ctx: Context, accessToken: string): Promise<queries.ProfileRow | undefined> {
  const claims = await ctx.signer.verify('owner', accessToken, ctx.clock.now());
  return claims && (await queries.findProfile(ctx.reader, claims.sub as string));
}

/** What an agent searched for, by whole values only: nobody browses accounts. */
export async function searchAccounts(ctx: Context, query: string, limit: number): Promise<AccountRow[]> {
  const text = query.trim();
  const sought = {
    text,
    identifier: readIdentifier(text),
    id: uuid.safeParse(text).success ? text : null,
    // A zone id is no part of an address that a database keeps.
    ip: isIP(text) && !text.includes('%') ? text : null,
  };
  return await queries.searchAccounts(ctx.urgentDb, sought, limit);
}

/** `m…@example.com`: enough to recognise an address that one knows already. */
export function maskEmail(email: string): string {
  const [local = '', domain = ''] = email.split('@');
  return `${local.slice(0, 1)}…@${domain}`;
}

export function maskPhone(phone: string): string {
  return `${phone.slice(0, 3)}…${phone.slice(-2)}`;
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** The account as host and agents see it. */
export function showAccount(account: AccountRow) {
  return {
    id: account.id,
    externalId: account.external_id,
    email: account.email,
    emailConfirmed: account.email_confirmed_at !== null,
    username: account.username,
    phone: account.phone,
    phoneConfirmed: account.phone_confirmed_at !== null,
    locale: account.locale,
    createdAt: account.created_at.toISOString(),
  };
}

/** What the account has beside its password. */
export function showSecondFactor(profile: queries.ProfileRow) {
  const { has_totp: totp, passkeys, has_sms: sms, recovery_codes_left: left } = profile;
  const recoveryCodesLow = (totp || passkeys > 0) && left <= FEW_RECOVERY_CODES;
  return { totp, passkeys, sms, recoveryCodesLeft: left, recoveryCodesLow };
}
