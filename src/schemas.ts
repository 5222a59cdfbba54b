import { z } from '@hono/zod-openapi';
import { phoneKey } from './accounts/identifiers.ts';
import { isSingleAddress } from './notices/mail-address.ts';
import { verificationKinds } from './verifications/rules.ts';

/** What several routes accept or show; each feature keeps its own beside its routes. */

export const email = z
  .string()
  .trim()
  .max(254)
  .refine(isSingleAddress, 'must be one e-mail address')
  .openapi({ example: 'ana@example.com' });

export const username = z
  .string()
  .regex(
    /^(?=.*[\p{L}])[\p{L}\p{N}][\p{L}\p{N}._-]{2,31}$/u,
    'must be 3 to 32 letters, digits, dots, dashes or underscores, with a letter',
  )
  .openapi({ example: 'ana' });

export const phone = z
  .string()
  .max(32)
  .refine((value) => phoneKey(value) !== undefined, 'must be an international number such as +49301234567');

/** Checked for length and blocklist by the policy; here only against floods of bytes. */
export const password = z.string().min(1).max(4096).openapi({ format: 'password' });

export const code = z.string().min(6).max(64).openapi({ description: 'A TOTP or recovery code', example: '123456' });

export const encoded = z.string().regex(/^[\w-]{1,8192}$/, 'must be base64url');

/** What `navigator.credentials.get()` answered, as JSON (WebAuthn Level 3 5.1). */
export const assertion = z
  .object({
    id: encoded,
    rawId: encoded,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: encoded,
      authenticatorData: encoded,
      signature: encoded,
      userHandle: encoded.optional(),
    }),
    clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
    authenticatorAttachment: z.string().max(32).optional(),
  })
  .openapi('PasskeyAssertion', { description: 'The JSON of what the browser answered for a passkey' });

/** The fields by which a request carries a second factor: one of them. */
export const proof = { code: code.optional(), credential: assertion.optional() };

/** What a caller shows who was answered `proof-required`. */
export const shown = z
  .union([
    z.strictObject({ challenge: z.string().max(128), nonce: z.string().max(64) }),
    z.strictObject({ captcha: z.string().min(1).max(8192) }),
  ])
  .openapi('Proof', { description: 'Work done on the challenge, or the answer to the operator’s CAPTCHA' });

export const token = z.string().min(8).max(512);

export const tokens = z
  .enum(['body', 'cookie'])
  .default('body')
  .openapi({ description: '`cookie`: refresh and device token go into `__Host-` cookies instead of the body' });

export const signedIn = z
  .object({
    status: z.literal('signed-in'),
    accessToken: z.string(),
    expiresIn: z.int().openapi({ description: 'Seconds' }),
    refreshToken: z.string().optional(),
    deviceToken: z.string().optional(),
    sessionId: z.uuid(),
    accountId: z.uuid(),
  })
  .openapi('SignedIn');

/** Whether it fits its currency is judged together with it. */
export const amount = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,8})?$/, 'must be a decimal such as "12.34"')
  .openapi({ example: '12.34' });

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
  .openapi({ example: 'EUR' });

export const payee = z.strictObject({
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(200).optional(),
});

/** Why a decision is what it is. */
export const reasons = z.array(z.object({ rule: z.string(), text: z.string() }));

export const locale = z.enum(['en', 'zh-CN']);

export const instant = z.string().openapi({ format: 'date-time' });

export const note = z.string().trim().min(1).max(2000);

export const scope = z.enum(['all', 'sign-in', 'payments', 'withdrawals', 'security-changes']);

export const reasonCode = z.enum([
  'account-takeover',
  'suspected-fraud',
  'unauthorised-transaction',
  'scam',
  'lost-device',
  'owner-request',
  'review',
  'credential-change',
  'recovery',
  'new-payee',
  'legal-order',
  'other',
]);

export const publicHold = z
  .object({ scope, reasonCode, since: instant, until: instant.nullable() })
  .openapi('Hold', { description: 'What stops an account from doing something' });

export const fullHold = publicHold
  .extend({ id: z.uuid(), source: z.enum(['owner', 'agent', 'rule', 'policy', 'legal']) })
  .openapi('FullHold', { description: 'A hold as an agent sees it' });

export const place = z
  .object({
    country: z.string().openapi({ description: 'ISO 3166-1', example: 'DE' }),
    text: z.string().openapi({ example: 'Berlin, Germany' }),
  })
  .openapi('Place', { description: 'Roughly where an address is' });

/** What a browser or an app says of itself; nothing of it is proven. */
export const device = z.object({
  name: z.string().nullable().openapi({ example: 'Firefox on Windows' }),
  browser: z.string().nullable(),
  os: z.string().nullable(),
});

export const nextCursor = z.string().nullable().openapi({ description: 'Give it as `cursor` for the next page' });

/** A mailbox that gets the account's notices and signs nobody in. */
export const noticeAddress = z
  .object({ id: z.uuid(), email: z.string(), confirmed: z.boolean(), addedAt: instant })
  .openapi('NoticeAddress');

/** What host and agents see of an account. */
export const accountFields = {
  id: z.uuid(),
  externalId: z.string().nullable(),
  email: z.string(),
  emailConfirmed: z.boolean(),
  username: z.string().nullable(),
  phone: z.string().nullable(),
  phoneConfirmed: z.boolean(),
  locale,
  createdAt: instant,
};

export const verificationKind = z.enum(verificationKinds);

export const window = z
  .object({ from: instant, until: instant.nullable() })
  .openapi('Window', { description: 'From when until when somebody else may have been in the account' });

export function showWindow({ from, until }: { from: Date; until?: Date | undefined }) {
  return { from: from.toISOString(), until: until?.toISOString() ?? null };
}

export const verification = z
  .object({
    level: z.enum(['none', 'partial', 'verified']),
    weight: z.int(),
    needed: z.int(),
    hasIndependent: z.boolean().openapi({ description: 'Whether a proof needs neither mailbox nor phone' }),
    proofs: z.array(
      z.object({
        id: z.uuid(),
        kind: verificationKind,
        note: z.string(),
        by: z.uuid(),
        at: instant,
        counts: z.boolean().openapi({ description: 'False from before the owner contested what was built on it' }),
      }),
    ),
  })
  .openapi('Verification', { description: 'How far the identity of a case’s owner is verified, and by what' });
