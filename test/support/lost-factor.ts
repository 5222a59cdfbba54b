import { expect } from 'vitest';
import type { Role } from '../../src/agents/rules.ts';
import { carryOutApprovals } from '../../src/approvals/carry-out.ts';
import { type Harness, newAgent, type TestAgent, totpCode } from './harness.ts';
import { enrol, mailedToken, newAccount, type SignedIn, signIn } from './seed.ts';

export const HOUR = 3_600_000;
export const DELAY = 72 * HOUR;

/** An agent who has been here long enough to be a second person. */
export async function newSeasoned(h: Harness, role: Role): Promise<TestAgent> {
  const agent = await newAgent(h, role);
  await h.pool.query("update agents set created_at = created_at - interval '8 days' where id = $1", [agent.agentId]);
  return agent;
}

/** The same agent, after so long that they must sign in again: half a minute at least. */
export async function backAtWork(h: Harness, agent: TestAgent): Promise<TestAgent> {
  const code = totpCode(agent.totpSecret, h.clock.now());
  const credentials = { email: agent.email, password: agent.password, code };
  const { body } = await h.post('/v1/agent/auth/sign-in', credentials);
  expect(body.accessToken).toBeTypeOf('string');
  return { ...agent, ...body };
}

export type Lost = SignedIn & { secret: string; recoveryCodes: string[]; caseId: string };

/** Somebody with a second factor and an open case, in which nothing is verified yet. */
export async function newLost(h: Harness, extra: Record<string, unknown> = {}): Promise<Lost> {
  const seeded = await newAccount(h, extra);
  const session = await signIn(h, seeded.email, 'password' in extra ? { password: extra['password'] } : {});
  const factor = await enrol(h, session.accessToken);
  const report = { kind: 'locked-out', message: 'My phone fell into the lake' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: session.accessToken })).body;
  return { ...seeded, ...session, ...factor, caseId };
}

export const verify = (h: Harness, agent: TestAgent, caseId: string, kind: string, note = 'Seen') =>
  h.post(`/v1/agent/cases/${caseId}/verifications`, { kind, note }, { token: agent.accessToken });

export const ask = (h: Harness, agent: TestAgent, accountId: string, body: object = {}) =>
  h.post(
    `/v1/agent/accounts/${accountId}/reset-second-factor`,
    { note: 'Phone is gone', ...body },
    {
      token: agent.accessToken,
    },
  );

export const decide = (h: Harness, agent: TestAgent, id: string, decision: 'approve' | 'reject' = 'approve') =>
  h.post(`/v1/agent/approvals/${id}/${decision}`, { note: 'Looked at it' }, { token: agent.accessToken });

/** As `newLost`, with verified identity. */
export async function newVerified(h: Harness, agent: TestAgent, extra = {}): Promise<Lost> {
  const lost = await newLost(h, extra);
  for (const kind of ['video', 'document']) expect((await verify(h, agent, lost.caseId, kind)).status).toBe(201);
  return lost;
}

/** As `newVerified`, with an open request. */
export async function newAsked(h: Harness, agent: TestAgent, extra = {}): Promise<Lost & { approvalId: string }> {
  const lost = await newVerified(h, agent, extra);
  const { status, body } = await ask(h, agent, lost.accountId);
  expect([status, body.code]).toEqual([202, undefined]);
  return { ...lost, approvalId: body.approvalId };
}

/** As `newAsked`, agreed to by a second agent: the delay runs. */
export async function newScheduled(h: Harness, { agent, lead }: { agent: TestAgent; lead: TestAgent }, extra = {}) {
  const asked = await newAsked(h, agent, extra);
  expect((await decide(h, lead, asked.approvalId)).status).toBe(200);
  return asked;
}

export const vetoLink = (h: Harness, to: string) => mailedToken(h, to, 'veto');
export const press = (h: Harness, token: string) => h.post('/v1/auth/link/use', { token, confirm: true });
export const carryOut = (h: Harness) => carryOutApprovals(h.instance.ctx);

export async function statusOf(h: Harness, approvalId: string): Promise<[string, string | null]> {
  const sql = 'select executed_at, end_reason from approvals where id = $1';
  const [row] = (await h.pool.query(sql, [approvalId])).rows;
  return [row.executed_at ? 'done' : row.end_reason ? 'ended' : 'open', row.end_reason];
}
