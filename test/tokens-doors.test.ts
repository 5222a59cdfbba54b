import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  openHarness,
  PASSWORD,
  someEmail,
  tokenIn,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const post = (path: string, body: object, token?: string) => h.post(path, body, { token });
const someId = '0190b0a0-0000-7000-8000-000000000000';

/** Every door a token is shown at, and which kinds it is for. */
const doors: Record<string, { for: string[]; open: (token: string) => Promise<Answer> }> = {
  'GET /v1/me': { for: ['owner access', 'case token'], open: (token) => h.get('/v1/me', token) },
  'GET /v1/me/cases': { for: ['owner access', 'case token'], open: (token) => h.get('/v1/me/cases', token) },
  'POST /v1/me/totp': { for: ['owner access'], open: (token) => post('/v1/me/totp', {}, token) },
  'POST /v1/me/freeze': { for: ['owner access'], open: (token) => post('/v1/me/freeze', {}, token) },
  'POST /v1/auth/sign-out': { for: ['owner access'], open: (token) => post('/v1/auth/sign-out', {}, token) },
  'GET /v1/server/accounts': { for: ['API key'], open: (token) => h.get(`/v1/server/accounts/${someId}`, token) },
  'POST introspect': { for: ['API key'], open: (token) => post('/v1/server/sessions/introspect', { token }, token) },
  'GET /v1/agent/cases': { for: ['agent access'], open: (token) => h.get('/v1/agent/cases', token) },
  'POST agent freeze': {
    for: ['agent access'],
    open: (token) => post(`/v1/agent/accounts/${someId}/freeze`, { reasonCode: 'other', note: 'x' }, token),
  },
  'POST agent sign-out': { for: ['agent access'], open: (token) => post('/v1/agent/auth/sign-out', {}, token) },
  refresh: { for: ['refresh'], open: (refreshToken) => post('/v1/auth/refresh', { refreshToken }) },
  'agent refresh': { for: ['agent refresh'], open: (refreshToken) => post('/v1/agent/auth/refresh', { refreshToken }) },
  'second factor': {
    for: ['challenge'],
    open: (challenge) => post('/v1/auth/second-factor', { challenge, factor: 'totp', code: '123456' }),
  },
  'email confirmation': { for: ['confirm link'], open: (token) => post('/v1/auth/email-confirmation', { token }) },
  'reset confirm': {
    for: ['reset link'],
    open: (token) => post('/v1/auth/password-reset/confirm', { token, newPassword: 'another long enough sentence' }),
  },
  'look at a link': { for: ['freeze link', 'unlock link'], open: (token) => post('/v1/auth/link', { token }) },
  'press a link': {
    for: ['freeze link', 'unlock link'],
    open: (token) => post('/v1/auth/link/use', { token, confirm: true }),
  },
  'case access': { for: ['case link'], open: (token) => post('/v1/auth/case-access', { token }) },
};

async function oneOfEach(): Promise<Record<string, string>> {
  const owner = await newOwner(h);
  const credentials = { identifier: owner.email, password: PASSWORD };
  const { caseToken } = (await post('/v1/auth/case-access', credentials)).body;
  await post('/v1/auth/password-reset', { identifier: owner.email });
  const reset = tokenIn((await h.mails(owner.email))[0], 'reset');

  const guessed = await newOwner(h);
  for (let n = 0; n < 5; n++) await post('/v1/auth/sign-in', { identifier: guessed.email, password: 'a wrong one' });
  const [locked] = await h.mails(guessed.email);

  const frozen = await newOwner(h);
  await post('/v1/me/freeze', {}, frozen.accessToken);

  const enrolled = await newOwner(h);
  await enrolTotp(h, enrolled);
  const challenged = await post('/v1/auth/sign-in', { identifier: enrolled.email, password: PASSWORD });

  const email = someEmail();
  await post('/v1/auth/sign-up', { email, password: PASSWORD });
  const agent = await newAgent(h);
  const again = (await post('/v1/auth/sign-in', credentials)).body;
  return {
    'owner access': again.accessToken,
    refresh: again.refreshToken,
    'device token': again.deviceToken,
    'case token': caseToken,
    challenge: challenged.body.challenge,
    'agent access': agent.accessToken,
    'agent refresh': agent.refreshToken,
    'API key': await newApiKey(h),
    'reset link': reset,
    'freeze link': tokenIn(locked, 'freeze'),
    'unlock link': tokenIn(locked, 'unlock'),
    'case link': tokenIn((await h.mails(frozen.email))[0], 'case'),
    'confirm link': tokenIn((await h.mails(email))[0], 'confirm'),
  };
}

describe('V9.2.2 RFC 8725 3.12: a token of one kind opens no door of another', () => {
  let tokens: Record<string, string>;
  beforeAll(async () => {
    tokens = await oneOfEach();
  });

  it.each(Object.keys(doors))('%s', async (name) => {
    const door = doors[name] as (typeof doors)[string];
    for (const [kind, token] of Object.entries(tokens)) {
      if (door.for.includes(kind)) continue;
      const { status, body } = await door.open(token);
      // 422: a signed token is longer than the field for an opaque one.
      expect([400, 401, 422], `${kind}: ${status}`).toContain(status);
      expect(body.code, kind).toMatch(/^(unauthorized|invalid-)/);
    }
  });

  it('opens its own door afterwards: nothing above used any of them up', async () => {
    const order = ['owner access', 'case token', 'refresh', 'API key', 'agent access', 'agent refresh', 'challenge'];
    const links = ['confirm link', 'reset link', 'freeze link', 'unlock link', 'case link'];
    const own = {
      'owner access': 'GET /v1/me',
      'case token': 'GET /v1/me',
      refresh: 'refresh',
      'API key': 'POST introspect',
      'agent access': 'GET /v1/agent/cases',
      'agent refresh': 'agent refresh',
      challenge: 'second factor',
      'confirm link': 'email confirmation',
      'reset link': 'reset confirm',
      'freeze link': 'look at a link',
      'unlock link': 'look at a link',
      'case link': 'case access',
    } as Record<string, string>;
    for (const kind of [...order, ...links]) {
      const { status, body } = await (doors[own[kind] as string] as (typeof doors)[string]).open(
        tokens[kind] as string,
      );
      if (kind === 'challenge') expect(body.code).toBe('invalid-code');
      else expect(status, kind).toBeLessThan(300);
    }
  });
});
