import { randomInt } from 'node:crypto';
import { newId } from '../../src/crypto/ids.ts';
import { totpSecretRow } from '../../src/second-factors/rules.ts';
import type { Kit, Try } from './gate-tries.ts';
import { type Answer, type Harness, strengthen, totpCode } from './harness.ts';
import { newSignedIn, type SignedIn, signIn } from './seed.ts';

export type Texted = SignedIn & { phone: string; secret: string; challenge: string };

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** An owner with an authenticator, written as it is kept: recovery codes would cost ten hashes. */
export async function newBound(h: Harness): Promise<SignedIn & { secret: string }> {
  const owner = await newSignedIn(h);
  const id = newId(h.clock.now());
  const row = 'insert into totp_factors (id, account_id, secret, name, created_at, confirmed_at)';
  const sealed = h.instance.ctx.keys.encrypt(SECRET, totpSecretRow(id));
  await h.pool.query(`${row} values ($1, $2, $3, 'App', $4, $4)`, [id, owner.accountId, sealed, h.clock.now()]);
  await strengthen(h, owner.accessToken);
  return { ...owner, secret: SECRET };
}

/** Codes of two time steps pass at once: the one before, then the present one. */
const codeOf = (h: Harness, back = 0) => totpCode(SECRET, new Date(h.clock.now().getTime() - back));

const codeFrom = async (h: Harness, phone: string) => /\d{6}/.exec((await h.mails(phone))[0]?.text ?? '')?.[0] ?? '';

/** An owner whose number is about to be a factor beside an authenticator: its code is texted. */
export async function prepareTexting(h: Harness): Promise<Texted> {
  const phone = `+49151${randomInt(10_000_000, 99_999_999)}`;
  const owner = await newBound(h);
  const since = new Date(h.clock.now().getTime() - 2 * 86_400_000);
  const known = 'update accounts set phone = $2, phone_confirmed_at = $3 where id = $1';
  await h.pool.query(known, [owner.accountId, phone, since]);
  await h.post('/v1/me/sms', { code: codeOf(h, 30_000) }, { token: owner.accessToken });
  return { ...owner, phone, challenge: '' };
}

/** As `prepareTexting`, with the number enrolled, and a sign-in that waits for its second step. */
export async function prepareTexted(h: Harness): Promise<Texted> {
  const owner = await prepareTexting(h);
  await h.post('/v1/me/sms/confirm', { code: await codeFrom(h, owner.phone) }, { token: owner.accessToken });
  return { ...owner, challenge: (await signIn(h, owner.email)).challenge };
}

const isDone = ({ status }: Answer) => status < 300;

function attempt(operation: string, action: string, go: (h: Harness, kit: Kit) => Promise<boolean>): Try {
  return { operation, what: 'from before', action, go };
}

/** In this order none of them spoils the next, refused or not. */
export const smsTries: Try[] = [
  attempt('POST /v1/auth/second-factor/send', 'sign-in', async (h, { texted }) => {
    const { length } = await h.mails(texted.phone);
    await h.post('/v1/auth/second-factor/send', { challenge: texted.challenge, factor: 'sms' });
    return (await h.mails(texted.phone)).length > length;
  }),
  attempt('DELETE /v1/me/sms', 'security-change', async (h, { texted }) => {
    const call = { body: { code: codeOf(h) }, token: texted.accessToken };
    return isDone(await h.call('DELETE', '/v1/me/sms', call));
  }),
  attempt('POST /v1/me/sms', 'security-change', async (h, { texting }) =>
    isDone(await h.post('/v1/me/sms', { code: codeOf(h) }, { token: texting.accessToken })),
  ),
  attempt('POST /v1/me/sms/confirm', 'security-change', async (h, { texting }) => {
    const code = await codeFrom(h, texting.phone);
    return isDone(await h.post('/v1/me/sms/confirm', { code }, { token: texting.accessToken }));
  }),
];
