import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newOwner, type Owner, openHarness, type TestAgent } from './support/harness.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const reason = { reasonCode: 'account-takeover', note: 'called us' };

async function complaintOf(owner: Owner): Promise<string> {
  const report = { kind: 'complaint', message: 'nobody answers' };
  return (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body.caseId;
}

const asAgent = (path: string, body: unknown) => h.post(`/v1/agent${path}`, body, { token: agent.accessToken });

describe('a freeze into a case that the agent names', () => {
  it('belongs to that case, which becomes urgent with its ticket', async () => {
    const owner = await newOwner(h);
    const caseId = await complaintOf(owner);
    const before = (await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body;
    expect(before.priority).toBe('normal');
    const frozen = await asAgent(`/accounts/${owner.accountId}/freeze`, { ...reason, caseId });
    expect([frozen.status, frozen.body.caseId]).toEqual([201, caseId]);
    const after = (await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body;
    expect(after.priority).toBe('urgent');
    expect(Date.parse(after.respondBy)).toBeLessThan(Date.parse(before.respondBy));
    const tickets = (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body.items;
    expect(tickets).toMatchObject([{ priority: 'urgent' }]);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
  });

  it('V8.2.2 is refused, and freezes nothing, when the case is another account’s', async () => {
    const [owner, other] = [await newOwner(h), await newOwner(h)];
    const caseId = await complaintOf(other);
    for (const path of ['freeze', 'unlock', 'revoke-sessions']) {
      const answer = await asAgent(
        `/accounts/${owner.accountId}/${path}`,
        path === 'freeze' ? { ...reason, caseId } : { note: 'x', caseId },
      );
      expect([path, answer.status, answer.body.errors[0].pointer]).toEqual([path, 422, '/caseId']);
    }
    const hold = { ...reason, scope: 'payments', caseId };
    expect((await asAgent(`/accounts/${owner.accountId}/holds`, hold)).status).toBe(422);
    expect((await h.get('/v1/me', owner.accessToken)).body.holds).toEqual([]);
  });

  it('notes why an agent unlocked or ended sessions, and in which case', async () => {
    const owner = await newOwner(h);
    const caseId = await complaintOf(owner);
    await asAgent(`/accounts/${owner.accountId}/unlock`, { note: 'verified by phone', caseId });
    expect(
      (await asAgent(`/accounts/${owner.accountId}/revoke-sessions`, { note: 'lost phone', caseId })).body,
    ).toEqual({
      ended: 1,
    });
    const { body } = await h.get(`/v1/agent/events?accountId=${owner.accountId}&limit=10`, agent.accessToken);
    const noted = body.items.filter((event: { actor: { kind: string } }) => event.actor.kind === 'agent');
    expect(noted).toMatchObject([
      { type: 'session.ended', caseId, detail: { note: 'lost phone' } },
      { type: 'sign-in.unlocked', caseId, detail: { note: 'verified by phone' } },
    ]);
  });
});
