import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reach, type VerificationKind, weigh } from '../src/verifications/rules.ts';
import { isBornInside } from '../src/windows/rules.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { newLost, verify } from './support/lost-factor.ts';
import { count } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

describe('what proofs of identity reach', () => {
  it.each<[string, VerificationKind[], string]>([
    ['nothing', [], 'none'],
    ['knowledge of transactions alone', ['known-transactions'], 'none'],
    ['one document', ['document'], 'partial'],
    ['one look on video', ['video'], 'partial'],
    ['the same twice', ['video', 'video'], 'partial'],
    [
      'mailbox, phone and knowledge, which one thief can have',
      ['old-address-code', 'phone-code', 'known-transactions'],
      'partial',
    ],
    ['two that need neither mailbox nor phone', ['video', 'document'], 'verified'],
    ['a document and the old mailbox', ['document', 'old-address-code'], 'verified'],
    ['a document and a phone', ['document', 'phone-code'], 'partial'],
    ['a document, a phone and knowledge', ['document', 'phone-code', 'known-transactions'], 'verified'],
    ['an older factor, beside knowledge', ['older-factor', 'known-transactions'], 'verified'],
  ])('NB-R6 V6.4.2: %s', (_what, kinds, level) => {
    const { policy } = h.instance.ctx;
    expect(reach(kinds.map((kind) => ({ kind, ...weigh(policy, kind) }))).level).toBe(level);
  });
});

describe('what a policy makes of proofs', () => {
  it('V6.4.4 is asked of each when it is given, and stays so', async () => {
    const strict = await openHarness({ policy: { 'verification.needed': 6, 'verification.document': 0 } });
    const seeing = await newAgent(strict);
    const { caseId } = await newLost(strict);
    for (const kind of ['video', 'document', 'old-address-code']) await verify(strict, seeing, caseId, kind);
    const read = async () => (await strict.get(`/v1/agent/cases/${caseId}`, seeing.accessToken)).body.verification;
    expect(await read()).toMatchObject({ level: 'partial', weight: 5, needed: 6 });
    await verify(strict, seeing, caseId, 'phone-code');
    expect(await read()).toMatchObject({ level: 'verified', weight: 6, needed: 6 });
    await strict.close();
  });
});

describe('a factor’s birth', () => {
  const at = (day: number) => new Date(Date.UTC(2026, 0, day));
  it.each<[string, number, { from: Date; until?: Date }, boolean]>([
    ['before the window', 1, { from: at(2), until: at(5) }, false],
    ['as it begins', 2, { from: at(2), until: at(5) }, true],
    ['within it', 3, { from: at(2), until: at(5) }, true],
    ['as it ends', 5, { from: at(2), until: at(5) }, true],
    ['after it', 6, { from: at(2), until: at(5) }, false],
    ['at any time since, where it has no end', 300, { from: at(2) }, true],
  ])('%s', (_what, day, window, isInside) => {
    expect(isBornInside(window, at(day))).toBe(isInside);
  });
});

describe('a proof of identity', () => {
  it('V6.4.4 is written down with who and when, and shown with the case', async () => {
    const { caseId, accountId } = await newLost(h);
    const first = await verify(h, agent, caseId, 'video', 'Face and name agree');
    expect([first.status, first.body.level, first.body.hasIndependent]).toEqual([201, 'partial', true]);
    await verify(h, agent, caseId, 'document');
    const { body } = await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken);
    expect(body.verification).toMatchObject({ level: 'verified', weight: 5, needed: 4 });
    expect(body.verification.proofs[0]).toEqual({
      ...{ id: expect.any(String), kind: 'video', note: 'Face and name agree' },
      ...{ by: agent.agentId, at: h.clock.now().toISOString(), counts: true },
    });
    const events = `type = 'verification.recorded' and case_id = '${caseId}' and actor_id = '${agent.agentId}'`;
    expect(await count(h, 'events', accountId, events)).toBe(2);
  });

  it('is no factor older than the compromise where none is', async () => {
    const { caseId, accountId } = await newLost(h);
    const young = await verify(h, agent, caseId, 'older-factor');
    expect([young.status, young.body.errors[0].pointer]).toEqual([422, '/kind']);
    await h.pool.query(
      "update totp_factors set confirmed_at = confirmed_at - interval '8 days' where account_id = $1",
      [accountId],
    );
    expect((await verify(h, agent, caseId, 'older-factor')).status).toBe(201);
  });

  it.each([
    ['a kind that there is not', { kind: 'mothers-name', note: 'x' }, '/kind'],
    ['no note', { kind: 'video' }, '/note'],
    ['a level of its own', { kind: 'video', note: 'x', level: 'verified' }, '/level'],
  ])('is refused with %s', async (_what, body, pointer) => {
    const { caseId, accountId } = await newLost(h);
    const answer = await h.post(`/v1/agent/cases/${caseId}/verifications`, body, { token: agent.accessToken });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
    expect(await count(h, 'events', accountId, "type = 'verification.recorded'")).toBe(0);
  });

  it('is taken from agents alone, in open cases', async () => {
    const lost = await newLost(h);
    const auditor = await newAgent(h, 'auditor');
    expect((await verify(h, auditor, lost.caseId, 'video')).status).toBe(403);
    expect((await verify(h, { ...agent, accessToken: lost.accessToken }, lost.caseId, 'video')).status).toBe(401);
    expect((await verify(h, agent, lost.accountId, 'video')).status).toBe(404);
    await h.pool.query('update cases set closed_at = opened_at where id = $1', [lost.caseId]);
    expect((await verify(h, agent, lost.caseId, 'video')).body.code).toBe('case-closed');
  });
});
