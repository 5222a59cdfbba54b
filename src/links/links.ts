import type { Kysely, Transaction } from 'kysely';
import type { KeyRing } from '../crypto/keys.ts';
import { hashToken } from '../crypto/tokens.ts';
import type { Accounts } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

export type LinkPurpose = queries.LinkRow['purpose'];
export type LinkRow = queries.LinkRow;
type NewLink = {
  purpose: LinkPurpose;
  accountId?: string;
  signUpId?: string;
  /** The change of contact, notice address or approval it is about. */
  subjectId?: string | undefined;
  eventId: string;
  sentTo: string;
  expiresAt: Date;
  /** It is mailed too late to be good for anything. */
  isVoid?: boolean;
};

/**
 * The token a delivery mails. It is derived, not drawn: written again after a crash it is the same link, and its
 * plaintext never touches the database. 256 bits of a keyed hash nobody without the installation's key can compute.
 */
export function linkToken(keys: KeyRing, purpose: LinkPurpose, deliveryId: string): string {
  return `hf_ln_${keys.hash(`link:${purpose}`, deliveryId).toString('base64url')}`;
}

/** Makes the link good; false when this delivery had made it before. */
export async function insertLink(
  trx: Transaction<Database>,
  token: string,
  link: NewLink,
  now: Date,
): Promise<boolean> {
  return await queries.insertLink(trx, {
    token_hash: hashToken(token),
    purpose: link.purpose,
    account_id: link.accountId ?? null,
    sign_up_id: link.signUpId ?? null,
    subject_id: link.subjectId ?? null,
    event_id: link.eventId,
    sent_to: link.sentTo,
    created_at: now,
    expires_at: link.expiresAt,
    voided_at: link.isVoid ? now : null,
  });
}

/** What the link would do; looking changes nothing, so a mail scanner cannot press it. */
export async function findLink(db: Kysely<Database>, token: string, now: Date): Promise<LinkRow | undefined> {
  return await queries.findLink(db, hashToken(token), now);
}

/** Uses the link up. The returned row is the verdict: one of sixteen callers gets it. */
export async function redeemLink(
  trx: Transaction<Database>,
  token: string,
  purpose: LinkPurpose,
  now: Date,
): Promise<LinkRow | undefined> {
  return await queries.redeemLink(trx, hashToken(token), purpose, now);
}

/** Counts a try against a link that asks for a code beside it. Undefined once there were too many, or the link is no good. */
export async function reserveLinkAttempt(
  db: Kysely<Database>,
  token: string,
  purpose: LinkPurpose,
  most: number,
  now: Date,
): Promise<LinkRow | undefined> {
  return await queries.reserveLinkAttempt(db, hashToken(token), purpose, most, now);
}

export async function returnLinkAttempt(db: Kysely<Database>, token: string): Promise<void> {
  await queries.returnLinkAttempt(db, hashToken(token));
}

/** For all accounts: nobody can tell any more whether we made a link. */
export async function voidAllLinks(trx: Transaction<Database>, now: Date): Promise<void> {
  await queries.voidAllLinks(trx, now);
}

export async function voidLinks(
  trx: Transaction<Database>,
  accounts: Accounts,
  purposes: LinkPurpose[],
  now: Date,
): Promise<void> {
  await queries.voidLinks(trx, accounts, purposes, now);
}

/** Voids the links of one purpose that are about one thing: what they could do about it is over. */
export async function voidLinksAbout(
  trx: Transaction<Database>,
  { accountId, subjectId, purpose }: { accountId: string; subjectId: string; purpose: LinkPurpose },
  now: Date,
): Promise<void> {
  await queries.voidLinks(trx, accountId, [purpose], now, subjectId);
}
