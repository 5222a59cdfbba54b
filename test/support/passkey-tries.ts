import { type AssertionJson, type Authenticator, newAuthenticator, type RegistrationJson } from './authenticator.ts';
import type { Try } from './gate-tries.ts';
import { type Answer, type Harness, PASSWORD } from './harness.ts';
import { enterByPasskey, originOf, plantPasskey, proveByPasskey } from './passkeys.ts';
import { mailedToken, newSignedIn, type SignedIn, signIn } from './seed.ts';

/** An account whose factors are two passkeys, with everything asked and signed that a hold must find in vain. */
export type Holding = SignedIn & {
  authenticator: Authenticator;
  passkeyIds: [string, string];
  made: RegistrationJson;
  alone: AssertionJson;
  challenge: string;
  second: AssertionJson;
  reset: string;
};

export async function prepareHolding(h: Harness): Promise<Holding> {
  const owner = await newSignedIn(h);
  const { email, accountId, deviceToken } = owner;
  const [spare, { authenticator, id }] = [await plantPasskey(h, accountId), await plantPasskey(h, accountId)];
  const session = (await enterByPasskey(h, authenticator, { deviceToken })).body;
  const token = session.accessToken;
  const asked = await h.post('/v1/me/passkeys/options', await proveByPasskey(h, token, authenticator), { token });
  const { challenge } = await signIn(h, email);
  await h.post('/v1/auth/password-reset', { identifier: email });
  return {
    ...owner,
    ...session,
    authenticator,
    passkeyIds: [spare.id, id],
    made: newAuthenticator(originOf(h)).create(asked.body),
    challenge,
    second: authenticator.get((await h.post('/v1/auth/passkey/options', { challenge })).body),
    alone: authenticator.get((await h.post('/v1/auth/passkey/options')).body),
    reset: await mailedToken(h, email, 'reset'),
  };
}

const isDone = ({ status }: Answer) => status < 300;

function attempt(
  operation: string,
  what: string,
  action: string,
  go: (h: Harness, holding: Holding) => Promise<Answer>,
): Try {
  return { operation, what, action, go: async (h, { holding }) => isDone(await go(h, holding)) };
}

/** Signed anew for a change; where the session may not even ask, there is nothing to sign. */
async function proof(h: Harness, { accessToken: token, authenticator }: Holding): Promise<object> {
  const { status, body } = await h.post('/v1/me/passkey/options', undefined, { token });
  return status === 200 ? { credential: authenticator.get(body) } : {};
}

const call = ({ accessToken }: Holding, body?: object) => ({ token: accessToken, ...(body ? { body } : {}) });

/** In this order none of them spoils the next, refused or not. */
export const passkeyTries: Try[] = [
  attempt('POST /v1/auth/second-factor', 'a passkey, challenge from before', 'sign-in', (h, { challenge, second }) =>
    h.post('/v1/auth/second-factor', { challenge, factor: 'passkey', credential: second }),
  ),
  attempt('POST /v1/auth/passkey', 'signed before', 'sign-in', (h, { alone, deviceToken }) =>
    h.post('/v1/auth/passkey', { credential: alone, deviceToken }),
  ),
  attempt('POST /v1/auth/passkey', 'signed now, on a new browser', 'sign-in', (h, { authenticator }) =>
    enterByPasskey(h, authenticator),
  ),
  attempt('GET /v1/me/passkeys', 'session from before', 'use-session', (h, k) =>
    h.get('/v1/me/passkeys', k.accessToken),
  ),
  attempt('POST /v1/me/passkey/options', 'session from before', 'use-session', (h, k) =>
    h.post('/v1/me/passkey/options', undefined, call(k)),
  ),
  attempt('PUT /v1/me/passkeys/{id}', 'session from before', 'security-change', (h, k) =>
    h.call('PUT', `/v1/me/passkeys/${k.passkeyIds[0]}`, call(k, { name: 'Other' })),
  ),
  attempt('POST /v1/me/passkeys/options', 'session from before', 'security-change', async (h, k) =>
    h.post('/v1/me/passkeys/options', await proof(h, k), call(k)),
  ),
  attempt('POST /v1/me/passkeys', 'asked for before', 'security-change', (h, k) =>
    h.post('/v1/me/passkeys', { credential: k.made }, call(k)),
  ),
  attempt('DELETE /v1/me/passkeys/{id}', 'session from before', 'security-change', async (h, k) =>
    h.call('DELETE', `/v1/me/passkeys/${k.passkeyIds[0]}`, call(k, await proof(h, k))),
  ),
  attempt('POST /v1/auth/password-reset/confirm', 'with a passkey', 'reset-password', async (h, k) => {
    const { body } = await h.post('/v1/auth/password-reset/passkey-options', { token: k.reset });
    const credential = k.authenticator.get(body);
    return h.post('/v1/auth/password-reset/confirm', {
      token: k.reset,
      newPassword: `${PASSWORD} anew`,
      credential,
    });
  }),
];
