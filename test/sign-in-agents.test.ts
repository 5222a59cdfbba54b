import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles } from '../src/agents/rules.ts';
import {
  type Answer,
  type Harness,
  newAgent,
  newOwner,
  type Owner,
  openHarness,
  someEmail,
  totpCode,
} from './support/harness.ts';

let h: Harness;
let owner: Owner;
beforeAll(async () => {
  h = await openHarness();
  owner = await newOwner(h);
});
afterAll(() => h.close());

type Credentials = { email: string; password: string; code: string };
const signIn = (credentials: Credentials, call: object = {}) => h.post('/v1/agent/auth/sign-in', credentials, call);
const fromOne = { ip: '203.0.113.9' };
const codeNow = (secret: string) => totpCode(secret, h.clock.now());

/** An agent whose codes of now are fresh again. */
async function agentNow(role: Role = 'agent') {
  const agent = await newAgent(h, role);
  h.clock.advance(30_000);
  const right = (): Credentials => ({ email: agent.email, password: agent.password, code: codeNow(agent.totpSecret) });
  return { agent, right };
}

describe('an agent', () => {
  it('V6.3.3 signs in with password and code together, to aal2', async () => {
    const { agent, right } = await agentNow();
    const { status, body } = await signIn(right());
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      ['accessToken', 'agentId', 'expiresIn', 'refreshToken', 'sessionId', 'status'].sort(),
    );
    expect(body).toMatchObject({ status: 'signed-in', agentId: agent.agentId, expiresIn: 300 });
    const claims = JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'], role: 'agent', sub: agent.agentId });
    expect((await h.post('/v1/agent/auth/sign-in', { ...right(), code: undefined })).status).toBe(422);
  });

  it('V6.3.8 gets one answer whatever was wrong', async () => {
    const [{ right }, other, disabled] = [await agentNow(), await agentNow(), await agentNow()];
    await h.pool.query('update agents set disabled_at = now() where id = $1', [disabled.agent.agentId]);
    const answers = [
      await signIn({ ...right(), password: 'a wrong password' }),
      await signIn({ ...right(), code: '000000' }),
      await signIn({ ...right(), email: someEmail() }),
      await signIn({ ...right(), code: codeNow(other.agent.totpSecret) }),
      await signIn({ ...right(), password: '', code: '1' }).then(() => signIn({ ...right(), code: 'x' })),
      await signIn(disabled.right()),
    ];
    for (const { status, body } of answers) {
      expect([status, { ...body, requestId: '' }]).toEqual([401, { ...answers[0]?.body, requestId: '' }]);
    }
    expect((await signIn(right())).status, 'nothing above spent the code').toBe(200);
  });

  it('opens one session with one code among sixteen at once', async () => {
    const { right } = await agentNow();
    const answers = await Promise.all(Array.from({ length: 16 }, () => signIn(right())));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('PS-4.3b is locked out after five failures, and so is an address no agent has', async () => {
    const { right } = await agentNow();
    const unknown = { ...right(), email: someEmail() };
    for (const credentials of [{ ...right(), password: 'a wrong password' }, unknown]) {
      const got: number[] = [];
      for (let n = 0; n < 5; n++) got.push((await signIn(credentials, fromOne)).status);
      expect(got).toEqual([401, 401, 401, 401, 401]);
    }
    const [known, nobody] = [await signIn(right(), fromOne), await signIn(unknown, fromOne)];
    for (const { status, body, headers } of [known, nobody]) {
      expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too-many-attempts', '900']);
    }
    h.clock.advance(15 * 60_000);
    expect((await signIn(right(), fromOne)).status).toBe(200);
  });

  it('fifty guesses at once are five from one address, and thirty from as many', async () => {
    const { right } = await agentNow();
    const tries = async (call: object) => {
      const guesses = Array.from({ length: 50 }, (_, n) => signIn({ ...right(), password: `guess ${n}` }, call));
      return (await Promise.all(guesses)).filter(({ status }) => status === 401).length;
    };
    expect(await tries({ ip: '203.0.113.10' })).toBe(5);
    expect(await tries({})).toBe(25);
  });

  it('V7.4.1 signs out at once', async () => {
    const agent = await newAgent(h);
    expect((await h.post('/v1/agent/auth/sign-out', undefined, { token: agent.accessToken })).status).toBe(204);
    expect((await h.get('/v1/agent/cases', agent.accessToken)).status).toBe(401);
    expect((await h.post('/v1/agent/auth/refresh', { refreshToken: agent.refreshToken })).status).toBe(401);
  });
});

const note = { note: 'asked for by phone' };
const hold = { ...note, reasonCode: 'other', scope: 'payments' };
const someId = '0190b0a0-0000-7000-8000-000000000000';

/** Every route of agents and the least role that may use it. */
const routes: [string, Role, (token: string) => Promise<Answer>][] = [
  ['GET /accounts', 'auditor', (token) => h.get(`/v1/agent/accounts?q=${owner.email}`, token)],
  ['GET /accounts/{id}', 'auditor', (token) => h.get(`/v1/agent/accounts/${owner.accountId}`, token)],
  ['GET /cases', 'auditor', (token) => h.get('/v1/agent/cases', token)],
  ['GET /cases/{id}', 'auditor', (token) => h.get(`/v1/agent/cases/${someId}`, token)],
  ['GET /tickets', 'auditor', (token) => h.get('/v1/agent/tickets', token)],
  ['GET /events', 'auditor', (token) => h.get('/v1/agent/events', token)],
  ['GET /deliveries', 'auditor', (token) => h.get('/v1/agent/deliveries', token)],
  ['POST unlock', 'agent', (token) => h.post(`/v1/agent/accounts/${owner.accountId}/unlock`, note, { token })],
  ['POST revoke', 'agent', (token) => h.post(`/v1/agent/accounts/${owner.accountId}/revoke-sessions`, note, { token })],
  ['POST holds', 'agent', (token) => h.post(`/v1/agent/accounts/${owner.accountId}/holds`, hold, { token })],
  [
    'POST freeze',
    'agent',
    (token) => h.post(`/v1/agent/accounts/${owner.accountId}/freeze`, { ...note, reasonCode: 'other' }, { token }),
  ],
  ['POST replay', 'lead', (token) => h.post(`/v1/agent/deliveries/${someId}/replay`, {}, { token })],
];

describe('V8.2.1 the roles of agents', () => {
  let tokens: Record<Role, string>;
  beforeAll(async () => {
    const made = [];
    for (const role of roles) made.push([role, (await newAgent(h, role)).accessToken]);
    tokens = Object.fromEntries(made);
  });

  it.each(routes)('%s is for %s and those above', async (_name, least, call) => {
    for (const role of roles) {
      const { status, body } = await call(tokens[role]);
      const isAllowed = roles.indexOf(role) >= roles.indexOf(least);
      expect(body?.code === 'forbidden', `${role}: ${status}`).toBe(!isAllowed);
      expect(status).toBeLessThan(isAllowed ? 405 : 404);
      expect(status, role).not.toBe(401);
    }
  });

  it('V8.3.2 are read anew at each request', async () => {
    const agent = await newAgent(h, 'agent');
    const unlock = () => h.post(`/v1/agent/accounts/${owner.accountId}/unlock`, note, { token: agent.accessToken });
    expect((await unlock()).status).toBe(204);
    await h.pool.query(`update agents set role = 'auditor' where id = $1`, [agent.agentId]);
    expect((await unlock()).status).toBe(403);
  });
});
