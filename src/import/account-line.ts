import { z } from 'zod';
import { emailKey, phoneKey, usernameKey } from '../accounts/identifiers.ts';
import { readHash } from '../crypto/foreign-hashes/read-hash.ts';
import type { Locale } from '../languages/languages.ts';
import * as schemas from '../schemas.ts';
import { matchTotp } from '../second-factors/rules.ts';
import { LineFault } from './fault.ts';

/** One account in the project's own form: what every other format is brought into first. */
const AccountLine = z.strictObject({
  email: schemas.email,
  emailConfirmed: z.boolean().default(false),
  username: schemas.username.optional(),
  phone: schemas.phone.optional(),
  phoneConfirmed: z.boolean().default(false),
  locale: schemas.locale.default('en'),
  externalId: z.string().min(1).max(200).optional(),
  passwordHash: z.string().min(1).max(1024).optional(),
  createdAt: z.iso.datetime({ offset: true }).optional(),
  totp: z.strictObject({ secret: z.string().min(1).max(256) }).optional(),
});

/** An account as it will stand in the tables. */
export type NewAccount = {
  email: string;
  emailKey: string;
  emailConfirmed: boolean;
  username: string | undefined;
  phone: string | undefined;
  phoneConfirmed: boolean;
  locale: Locale;
  externalId: string | undefined;
  hash: { stored: string; form: string; isWeak: boolean } | undefined;
  createdAt: Date;
  totpSecret: string | undefined;
};

/** Throws LineFault for what the HTTP contract would refuse too, and for a hash nobody here can check. */
export function readAccount(line: unknown, now: Date): NewAccount {
  const parsed = AccountLine.safeParse(line, { error: reasonOf });
  if (!parsed.success) throw faultOf(parsed.error.issues);
  const account = parsed.data;
  for (const [field, value] of Object.entries(account)) requireStorable(field, value);
  const createdAt = account.createdAt === undefined ? now : new Date(account.createdAt);
  if (createdAt > now) throw new LineFault('/createdAt', 'lies in the future');
  return {
    email: account.email.normalize('NFC').trim(),
    emailKey: emailKey(account.email),
    emailConfirmed: account.emailConfirmed,
    username: account.username === undefined ? undefined : usernameKey(account.username),
    phone: account.phone === undefined ? undefined : phoneKey(account.phone),
    phoneConfirmed: account.phoneConfirmed,
    locale: account.locale,
    externalId: account.externalId,
    hash: account.passwordHash === undefined ? undefined : hashOf(account.passwordHash),
    createdAt,
    totpSecret: account.totp === undefined ? undefined : readSecret(account.totp.secret, now),
  };
}

/** For what the schema itself has no words for. */
function reasonOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return `must be a ${issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return undefined;
}

function faultOf(issues: z.core.$ZodIssue[]): LineFault {
  const [issue] = issues;
  if (issue?.code === 'unrecognized_keys') return new LineFault(`/${issue.keys[0]}`, 'is not known here');
  return new LineFault(
    (issue?.path ?? []).map((part) => `/${String(part)}`).join(''),
    issue?.message ?? 'is not valid',
  );
}

/** JSON can write what no text column can hold. */
function requireStorable(field: string, value: unknown): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
    throw new LineFault(`/${field}`, 'has a character that cannot be stored');
}

function hashOf(text: string): { stored: string; form: string; isWeak: boolean } {
  const read = readHash(text);
  if ('fault' in read) throw new LineFault('/passwordHash', read.fault);
  return { stored: read.stored, form: read.form, isWeak: read.isWeak };
}

/** 16 to 64 bytes (RFC 4226 section 4 asks for the 16), spelled as the library that checks the codes reads it. */
function readSecret(text: string, now: Date): string {
  const secret = text.toUpperCase().replace(/[\s=-]/g, '');
  try {
    matchTotp(secret, '000000', now);
    return secret;
  } catch {
    throw new LineFault('/totp/secret', 'must be base32 of 16 to 64 bytes');
  }
}
