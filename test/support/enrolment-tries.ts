import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../../src/crypto/ids.ts';
import { newAuthenticator } from './authenticator.ts';
import type { Kit, Try } from './gate-tries.ts';
import { type Answer, type Harness, totpCode } from './harness.ts';
import { originOf } from './passkeys.ts';
import { newAccount, type Seeded } from './seed.ts';

export type EnrollingAccount = Seeded & { token: string; secret: string; credential: object };

/** As the sign-in leaves it where a second factor is required, which it is not for all of the walk. */
export async function openEnrolment(h: Harness, { accountId }: Seeded): Promise<string> {
  const token = `hf_en_${randomBytes(32).toString('base64url')}`;
  const now = h.clock.now();
  await h.pool.query(
    `insert into challenges (token_hash, account_id, owes, password_set_at, session_id, counter_key, created_at, expires_at)
     select $1, p.account_id, 'enrolment', date_trunc('milliseconds', p.set_at), $3, $4, $5, $6
     from passwords p where p.account_id = $2`,
    [
      createHash('sha256').update(token).digest(),
      accountId,
      newId(now),
      randomBytes(16),
      now,
      new Date(now.getTime() + 600_000),
    ],
  );
  return token;
}

/** Two accounts that are about to bind their first factor: an authenticator, and a passkey. */
export async function prepareEnrolling(h: Harness): Promise<{ byApp: EnrollingAccount; byKey: EnrollingAccount }> {
  const [app, key] = [await newAccount(h), await newAccount(h)];
  const [appToken, keyToken] = [await openEnrolment(h, app), await openEnrolment(h, key)];
  const shown = await h.post('/v1/auth/enrolment/totp', { enrolmentToken: appToken });
  const asked = await h.post('/v1/auth/enrolment/passkey', { enrolmentToken: keyToken });
  const credential = newAuthenticator(originOf(h)).create(asked.body);
  return {
    byApp: { ...app, token: appToken, secret: shown.body.secret, credential: {} },
    byKey: { ...key, token: keyToken, secret: '', credential },
  };
}

const isDone = ({ status }: Answer) => status < 300;

function attempt(operation: string, what: string, go: (h: Harness, kit: Kit) => Promise<boolean>): Try {
  return { operation, what, action: 'enrol', go };
}

/** In this order none of them spoils the next, refused or not. */
export const enrolmentTries: Try[] = [
  attempt('POST /v1/auth/enrolment/totp', 'start', async (h, { enrolling: { byApp } }) => {
    const answer = await h.post('/v1/auth/enrolment/totp', { enrolmentToken: byApp.token });
    byApp.secret = answer.body.secret ?? byApp.secret;
    return isDone(answer);
  }),
  attempt('POST /v1/auth/enrolment/totp/confirm', 'started before', async (h, { enrolling: { byApp } }) => {
    const code = totpCode(byApp.secret, h.clock.now());
    return isDone(await h.post('/v1/auth/enrolment/totp/confirm', { enrolmentToken: byApp.token, code }));
  }),
  attempt('POST /v1/auth/enrolment/passkey', 'start', async (h, { enrolling: { byKey } }) =>
    isDone(await h.post('/v1/auth/enrolment/passkey', { enrolmentToken: byKey.token })),
  ),
  attempt('POST /v1/auth/enrolment/passkey/confirm', 'asked before', async (h, { enrolling: { byKey } }) => {
    const body = { enrolmentToken: byKey.token, credential: byKey.credential };
    return isDone(await h.post('/v1/auth/enrolment/passkey/confirm', body));
  }),
];
