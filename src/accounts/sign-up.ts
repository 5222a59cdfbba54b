import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Locale, text } from '../languages/languages.ts';
import { findLink, redeemLink } from '../links/links.ts';
import { acceptPassword } from '../passwords/check-password.ts';
import { Problem } from '../problem.ts';
import { emailKey, phoneKey, usernameKey } from './identifiers.ts';
import * as queries from './queries.ts';

type SignUp = {
  email: string;
  password: string;
  phone?: string | undefined;
  username?: string | undefined;
  locale?: Locale | undefined;
};

/**
 * Remembers the wish for an account and has the address confirm it. Known and unknown addresses get the same answer
 * after the same work; the worker tells them apart when it writes the mail. Throws `weak-password`, and
 * `email-not-accepted` for a disposable mailbox where the policy refuses those.
 */
export async function signUp(ctx: Context, input: SignUp, client: Client): Promise<void> {
  await ctx.limits.takeForAddress('sign-up', client.ip);
  const isDisposable = await ctx.isDisposable(input.email);
  if (isDisposable && ctx.policy['signUp.disposable'] === 'refuse') {
    throw new Problem('email-not-accepted', {
      errors: [{ pointer: '/email', detail: text(client.locale, 'sign-up.email-disposable') }],
    });
  }
  const now = ctx.clock.now();
  const asked = { owner: input, locale: client.locale, field: 'password' };
  const hash = await ctx.hasher.hash((await acceptPassword(ctx, input.password, asked)).text);
  const id = newId(now);
  const email = input.email.normalize('NFC').trim();
  await transact(ctx.db, ctx.ring, async (trx) => {
    await queries.replaceSignUp(trx, {
      id,
      email,
      email_key: emailKey(email),
      username: input.username === undefined ? null : usernameKey(input.username),
      phone: input.phone === undefined ? null : (phoneKey(input.phone) ?? null),
      locale: input.locale ?? client.locale,
      password_hash: hash,
      created_at: now,
    });
    const detail = { email: ctx.keys.pseudonym('sign-up-email', emailKey(email)), isDisposable };
    await record(
      trx,
      { type: 'sign-up.requested', actor: { kind: 'anonymous' }, client, detail, payload: { signUpId: id } },
      now,
    );
  });
}

/** Makes the account of a sign-up, or confirms the address of one the host made. One caller of many; throws `invalid-token`. */
export async function confirmEmail(ctx: Context, token: string, client: Client): Promise<void> {
  await ctx.limits.takeForAddress('other', client.ip);
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const found = await findLink(trx, token, now);
    if (found?.sign_up_id && !(await queries.lockSignUp(trx, found.sign_up_id))) throw new Problem('invalid-token');
    const link = await redeemLink(trx, token, 'confirm-email', now);
    if (!link) throw new Problem('invalid-token');
    const accountId = link.account_id ?? (await openAccount(trx, link.sign_up_id as string, now));
    if (link.account_id && !(await queries.confirmEmail(trx, accountId, now))) throw new Problem('invalid-token');
    const account = await queries.findAccount(trx, accountId);
    const actor = { kind: 'owner', id: accountId } as const;
    const isDisposable = account !== undefined && (await ctx.isDisposable(account.email));
    const detail = { username: account?.username ?? null, isDisposable };
    await record(trx, { type: 'sign-up.confirmed', actor, accountId, client, detail }, now);
  });
}

async function openAccount(trx: Transaction<Database>, signUpId: string, now: Date): Promise<string> {
  const signUp = await queries.takeSignUp(trx, signUpId);
  if (!signUp) throw new Problem('invalid-token');
  const id = newId(now);
  const account = {
    id,
    email: signUp.email,
    email_confirmed_at: now,
    username: signUp.username,
    phone: signUp.phone,
    locale: signUp.locale,
    created_at: now,
  };
  await queries.insertAccount(trx, account);
  const wanted = [{ value: signUp.email_key, kind: 'email' as const, account_id: id, confirmed_at: now }];
  const claimed = await queries.claimIdentifiers(
    trx,
    signUp.username === null
      ? wanted
      : [...wanted, { value: signUp.username, kind: 'username' as const, account_id: id, confirmed_at: now }],
    now,
  );
  // Somebody confirmed the same address a moment ago.
  if (!claimed.includes(signUp.email_key)) throw new Problem('invalid-token');
  // A username that was taken meanwhile is not shown as this account's.
  if (claimed.length < (signUp.username === null ? 1 : 2)) await queries.dropUsername(trx, id);
  await queries.setPasswordHash(trx, id, signUp.password_hash, now);
  return id;
}
