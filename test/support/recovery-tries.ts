import type { Kit, Try } from './gate-tries.ts';
import { type Answer, type Harness, type TestAgent, totpCode } from './harness.ts';
import { verify } from './lost-factor.ts';
import { mailedToken, newSignedIn, type SignedIn } from './seed.ts';

type Recovering = SignedIn & { caseId: string; link: string };

/** With a case in which identity is verified, and the link to recover by. */
export async function newOffered(h: Harness, agent: TestAgent): Promise<Recovering> {
  const owner = await newSignedIn(h);
  const report = { kind: 'complaint', message: 'Help' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
  for (const kind of ['video', 'document']) await verify(h, agent, caseId, kind);
  await h.post(`/v1/agent/cases/${caseId}/recovery-link`, {}, { token: agent.accessToken });
  return { ...owner, caseId, link: await mailedToken(h, owner.email, 'recover') };
}

export async function newOpened(h: Harness, agent: TestAgent): Promise<Recovering & { token: string }> {
  const offered = await newOffered(h, agent);
  const { recoveryToken } = (await h.post('/v1/auth/recovery', { token: offered.link })).body;
  return { ...offered, token: recoveryToken };
}

/** Three on the way back: before the link, after it, and with an authenticator that waits for its code. */
export async function prepareRecovering(h: Harness, agent: TestAgent) {
  const [offered, opened, binding] = [await newOffered(h, agent), await newOpened(h, agent), await newOpened(h, agent)];
  const shown = await h.call('POST', '/v1/auth/recovery/totp', { token: binding.token });
  return { offered, opened, binding: { ...binding, secret: shown.body.secret as string } };
}

const isDone = ({ status }: Answer) => status < 300;
const attempt = (operation: string, what: string, go: (h: Harness, kit: Kit) => Promise<Answer>): Try => ({
  ...{ operation, what, action: 'recover' },
  go: async (h, kit) => isDone(await go(h, kit)),
});

/** In this order none of them spoils the next, refused or not. */
export const recoveryTries: Try[] = [
  attempt('POST /v1/auth/recovery', 'link mailed before', (h, { recovering: { offered } }) =>
    h.post('/v1/auth/recovery', { token: offered.link }),
  ),
  attempt('POST /v1/auth/recovery/password', 'token from before', (h, { recovering: { opened } }) =>
    h.post('/v1/auth/recovery/password', { newPassword: 'quite another horse, unbattered' }, { token: opened.token }),
  ),
  attempt('POST /v1/auth/recovery/totp', 'token from before', (h, { recovering: { opened } }) =>
    h.call('POST', '/v1/auth/recovery/totp', { token: opened.token }),
  ),
  attempt('POST /v1/auth/recovery/totp/confirm', 'token from before', async (h, { recovering: { binding } }) => {
    // A freeze forgets what was shown before it.
    const shown = await h.call('POST', '/v1/auth/recovery/totp', { token: binding.token });
    const code = totpCode(shown.body.secret ?? binding.secret, h.clock.now());
    return h.post('/v1/auth/recovery/totp/confirm', { code }, { token: binding.token });
  }),
  attempt('POST /v1/agent/cases/{id}/recovery-link', 'verified before', (h, { agent, recovering: { offered } }) =>
    h.post(`/v1/agent/cases/${offered.caseId}/recovery-link`, {}, { token: agent.accessToken }),
  ),
];
