import { newAuthenticator } from './authenticator.ts';
import type { Try } from './gate-tries.ts';
import { type Answer, type Harness, totpCode } from './harness.ts';
import { originOf, register } from './passkeys.ts';
import { confirm, decide, move, newPayer, type Payer, request, shoes } from './payer.ts';
import { hostKey } from './seed.ts';

const actions = ['payment', 'withdrawal', 'security-change'] as const;
type Action = (typeof actions)[number];
const wish = (action: Action) => (action === 'security-change' ? { action } : { action, ...shoes });

/** Somebody who asked for grants of every kind, and confirmed one of each. */
export type Paying = Payer & { asked: Record<Action, string>; granted: Record<Action, string> };

export async function preparePaying(h: Harness): Promise<Paying> {
  const payer = await newPayer(h);
  const proof = { code: payer.recoveryCodes[0] };
  await register(h, payer.accessToken, newAuthenticator(originOf(h)), { proof });
  const ask = async (action: Action) => (await request(h, payer, wish(action))).body.grantId as string;
  const each = async (work: (action: Action) => Promise<string>) => {
    const made = [];
    for (const action of actions) made.push([action, await work(action)] as const);
    return Object.fromEntries(made) as Record<Action, string>;
  };
  await h.pool.query('update holds set released_at = since where account_id = $1', [payer.accountId]);
  const granted = await each(async (action) => {
    const grantId = await ask(action);
    return (await confirm(h, payer, grantId, { code: await freshCode(h, payer) })).body.grant;
  });
  return { ...payer, granted, asked: await each(ask) };
}

/** The code of now, though it was used: the walk does not wait for time steps. */
async function freshCode(h: Harness, { accountId, secret }: Payer): Promise<string> {
  await h.pool.query('update totp_factors set last_step = 0 where account_id = $1', [accountId]);
  return totpCode(secret, h.clock.now());
}

const isDone = ({ status }: Answer) => status < 300;
type Go = (h: Harness, paying: Paying) => Promise<boolean>;

function attempt(operation: string, what: string, action: string, go: Go): Try {
  return { operation, what, action, go: (h, { paying }) => go(h, paying) };
}

/** In this order none of them spoils the next, refused or not. */
export const grantTries: Try[] = [
  attempt('GET /v1/me/grants/{id}', 'asked for before', 'use-session', async (h, p) =>
    isDone(await h.get(`/v1/me/grants/${p.asked.payment}`, p.accessToken)),
  ),
  ...actions.flatMap((action) => [
    attempt('POST /v1/me/grants', action, action, async (h, p) => isDone(await request(h, p, wish(action)))),
    attempt('POST /v1/me/grants/{id}/passkey-options', `${action} asked for before`, action, async (h, p) => {
      const path = `/v1/me/grants/${p.asked[action]}/passkey-options`;
      return isDone(await h.post(path, undefined, { token: p.accessToken }));
    }),
    attempt('POST /v1/me/grants/{id}/confirm', `${action} asked for before`, action, async (h, p) =>
      isDone(await confirm(h, p, p.asked[action], { code: await freshCode(h, p) })),
    ),
  ]),
  ...(['payment', 'withdrawal'] as const).map((kind) =>
    attempt('POST /v1/server/transactions', `${kind} with a grant from before`, kind, async (h, p) => {
      const { body } = await decide(h, move(p, { kind, grant: p.granted[kind] }));
      return body.decision === 'allow';
    }),
  ),
  attempt('POST /v1/server/grants/redeem', 'grant from before', 'security-change', async (h, p) => {
    const redeemed = { grant: p.granted['security-change'], accountId: p.accountId };
    return (await h.post('/v1/server/grants/redeem', redeemed, { token: await hostKey(h) })).body.decision === 'allow';
  }),
  attempt('DELETE /v1/me/grants/{id}', 'asked for before', 'use-session', async (h, p) =>
    isDone(await h.call('DELETE', `/v1/me/grants/${p.asked.payment}`, { token: p.accessToken })),
  ),
];
