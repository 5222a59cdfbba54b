import { randomBytes, randomInt } from 'node:crypto';
import type { Try } from './gate-tries.ts';
import { type Answer, type Harness, someEmail } from './harness.ts';
import { mailedToken, newSignedIn, type SignedIn } from './seed.ts';

/** An account in the middle of changing every contact it has, and with a change that can be undone. */
export type Moving = SignedIn & { address: string; notice: string; code: string; undo: string };

export async function prepareMoving(h: Harness): Promise<Moving> {
  const username = () => `m${randomBytes(6).toString('hex')}`;
  const owner = await newSignedIn(h, { username: username() });
  const call = { token: owner.accessToken };
  await h.call('PUT', '/v1/me/username', { body: { username: username() }, ...call });
  const [newEmail, email] = [someEmail(), someEmail()];
  const newPhone = `+49151${randomInt(10_000_000, 99_999_999)}`;
  await h.post('/v1/me/email-change', { newEmail }, call);
  await h.post('/v1/me/notice-addresses', { email }, call);
  await h.post('/v1/me/phone-change', { newPhone }, call);
  return {
    ...owner,
    address: await mailedToken(h, newEmail, 'confirm-address'),
    notice: await mailedToken(h, email, 'confirm-notice-address'),
    code: /\d{6}/.exec((await h.mails(newPhone))[0]?.text ?? '')?.[0] ?? '',
    undo: await mailedToken(h, owner.email, 'undo'),
  };
}

const isDone = ({ status }: Answer) => status < 300;

function attempt(operation: string, action: string, body: (moving: Moving) => object | undefined): Try {
  const [method = '', path = ''] = operation.split(' ');
  const go: Try['go'] = async (h, { moving }) =>
    isDone(await h.call(method, path, { body: body(moving), token: moving.accessToken }));
  return { operation, what: 'session from before', action, go };
}

/** In this order none of them spoils the next, refused or not. */
export const contactTries: Try[] = [
  attempt('GET /v1/me/contacts', 'use-session', () => undefined),
  attempt('GET /v1/me/notice-addresses', 'use-session', () => undefined),
  attempt('POST /v1/me/email-change/confirm', 'security-change', ({ address }) => ({ token: address })),
  attempt('POST /v1/me/phone-change/confirm', 'security-change', ({ code }) => ({ code })),
  attempt('POST /v1/me/notice-addresses/confirm', 'security-change', ({ notice }) => ({ token: notice })),
  attempt('POST /v1/me/email-change', 'security-change', () => ({ newEmail: someEmail() })),
  attempt('POST /v1/me/phone-change', 'security-change', () => ({ newPhone: '+4930123456' })),
  attempt('PUT /v1/me/username', 'security-change', () => ({ username: `n${randomBytes(6).toString('hex')}` })),
  attempt('POST /v1/me/notice-addresses', 'security-change', () => ({ email: someEmail() })),
  {
    operation: 'DELETE /v1/me/notice-addresses/{id}',
    what: 'session from before',
    action: 'security-change',
    async go(h, { moving }) {
      const { rows } = await h.pool.query('select id from notice_addresses where account_id = $1 limit 1', [
        moving.accountId,
      ]);
      const path = `/v1/me/notice-addresses/${rows[0]?.id ?? moving.accountId}`;
      return isDone(await h.call('DELETE', path, { body: {}, token: moving.accessToken }));
    },
  },
  {
    operation: 'POST /v1/auth/link/use',
    what: 'undo link',
    action: 'recover',
    go: async (h, { moving }) => isDone(await h.post('/v1/auth/link/use', { token: moving.undo, confirm: true })),
  },
];
