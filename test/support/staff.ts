import { expect } from 'vitest';
import { carryOutStaffChanges } from '../../src/staff/due.ts';
import { type Answer, type Harness, someEmail, type TestAgent, totpCode } from './harness.ts';
import { newSeasoned } from './lost-factor.ts';

export const CHOSEN = 'seven quiet lanterns over water';

/** Two admins who count as two people. */
export async function newAdmins(h: Harness): Promise<[TestAgent, TestAgent]> {
  return [await newSeasoned(h, 'admin'), await newSeasoned(h, 'admin')];
}

export const staffPost = (h: Harness, by: TestAgent, path: string, body: object = { reason: 'Needed' }) =>
  h.post(`/v1/agent/agents${path}`, body, { token: by.accessToken });

export const askToMake = (h: Harness, by: TestAgent, extra: object = {}): Promise<Answer> =>
  staffPost(h, by, '', { email: someEmail(), name: 'Bo', role: 'agent', reason: 'New colleague', ...extra });

export const decideStaff = (h: Harness, by: TestAgent, id: string, decision: 'approve' | 'reject' = 'approve') =>
  staffPost(h, by, `/changes/${id}/${decision}`, { note: 'Known to me' });

export const settleStaff = (h: Harness): Promise<void> => carryOutStaffChanges(h.instance.ctx);

/** What was asked for and agreed to: the agent it is about. */
export async function agreed(h: Harness, [one, other]: readonly TestAgent[], asked: Answer): Promise<string> {
  expect([asked.status, asked.body.status]).toEqual([202, 'pending']);
  expect(one).not.toBe(other);
  const { status, body } = await decideStaff(h, other as TestAgent, asked.body.id);
  expect([status, body.status]).toEqual([200, 'done']);
  return body.agentId;
}

/** The token of the newest mail that lets somebody in. */
export async function enrolmentTokenFor(h: Harness, email: string): Promise<string> {
  const mail = (await h.mails(email)).find(({ text }) => text.includes('hf_ae_'));
  return /hf_ae_[\w-]{43}/.exec(mail?.text ?? '')?.[0] ?? '';
}

export const startEnrolment = (h: Harness, token: string, password = CHOSEN) =>
  h.post('/v1/agent/auth/enrolment', { token, password });

export const confirmEnrolment = (h: Harness, token: string, code: string) =>
  h.post('/v1/agent/auth/enrolment/confirm', { token, code });

export const code = (h: Harness, secret: string) => totpCode(secret, h.clock.now());

/** Sets password and authenticator by the token; the secret. */
export async function enrolAgent(h: Harness, token: string): Promise<string> {
  const { secret } = (await startEnrolment(h, token)).body;
  expect((await confirmEnrolment(h, token, code(h, secret))).status).toBe(200);
  return secret;
}

export const signInAgent = (h: Harness, email: string, password: string, typed: string, ip?: string) =>
  h.post('/v1/agent/auth/sign-in', { email, password, code: typed }, ip === undefined ? {} : { ip });

export async function eventsOf(h: Harness, type: string, changeOrAgentId: string): Promise<number> {
  const sql = `select count(*)::int as n from events where type = $1 and (detail->>'changeId' = $2 or detail->>'agentId' = $2)`;
  return (await h.pool.query(sql, [type, changeOrAgentId])).rows[0].n;
}

/** Somebody who was let in and has not enrolled: where their token went, and it. */
export async function newInvited(h: Harness, admins: readonly TestAgent[], extra: object = {}) {
  const email = someEmail();
  const agentId = await agreed(h, admins, await askToMake(h, admins[0] as TestAgent, { email, ...extra }));
  return { agentId, email, token: await enrolmentTokenFor(h, email) };
}
