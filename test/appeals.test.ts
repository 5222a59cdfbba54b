import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endRetention } from '../src/erasure/erase.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { count, freezeByAgent, newAccount, newSignedIn, signIn } from './support/seed.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const appeal = (token: string, id: string) =>
  h.post(`/v1/me/cases/${id}/appeal`, { message: 'I did not do it' }, { token });
const judge = (token: string, id: string, body: object = { rating: 4 }) =>
  h.post(`/v1/me/cases/${id}/feedback`, body, { token });
const rowOf = async (id: string) => (await h.pool.query('select * from cases where id = $1', [id])).rows[0];

async function newCase(kind = 'complaint') {
  const owner = await newSignedIn(h);
  const report = { kind, message: 'Not served well' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
  return { ...owner, caseId: caseId as string };
}

/** Somebody whose case was closed by `agent`. */
async function newClosed(kind?: string) {
  const owner = await newCase(kind);
  await h.pool.query("update cases set closed_at = $2, closed_by = $3, outcome = 'declined' where id = $1", [
    owner.caseId,
    h.clock.now(),
    agent.agentId,
  ]);
  return owner;
}

describe('an appeal', () => {
  it('opens the case again, with nobody on it and an answer within 72 hours', async () => {
    const owner = await newClosed();
    const { status, body } = await appeal(owner.accessToken, owner.caseId);
    const by = new Date(h.clock.now().getTime() + 72 * HOUR).toISOString();
    expect([status, body.respondBy]).toEqual([202, by]);
    const row = await rowOf(owner.caseId);
    expect(row).toMatchObject({ closed_at: null, closed_by: null, outcome: null, assignee_id: null });
    expect([row.reference, row.respond_by.toISOString(), row.due_at.toISOString()]).toEqual([
      body.caseReference,
      by,
      by,
    ]);
    const { messages } = (await h.get(`/v1/me/cases/${owner.caseId}`, owner.accessToken)).body;
    expect(messages.at(-1)).toMatchObject({ author: 'owner', body: 'I did not do it', proven: true });
    expect(await count(h, 'events', owner.accountId, "type = 'case.appealed'")).toBe(1);
  });

  it('is made once among sixteen, and never again', async () => {
    const owner = await newClosed();
    const answers = await Promise.all(Array.from({ length: 16 }, () => appeal(owner.accessToken, owner.caseId)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'case-open')).toHaveLength(15);
    await h.pool.query('update cases set closed_at = $2 where id = $1', [owner.caseId, h.clock.now()]);
    expect((await appeal(owner.accessToken, owner.caseId)).body.code).toBe('already-said');
    expect((await rowOf(owner.caseId)).closed_at).not.toBeNull();
  });

  it('is heard in the case of its kind that is open by now', async () => {
    const owner = await newClosed();
    const report = { kind: 'complaint', message: 'Again' };
    const next = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
    expect(next.caseId).not.toBe(owner.caseId);
    expect((await appeal(owner.accessToken, owner.caseId)).body.caseReference).toBe(next.reference);
    expect((await rowOf(owner.caseId)).closed_at).not.toBeNull();
    const { rows } = await h.pool.query('select excluded_id, heard_in from appeals where case_id = $1', [owner.caseId]);
    expect(rows).toEqual([{ excluded_id: agent.agentId, heard_in: next.caseId }]);
  });

  it('is refused while the case is open, and for another’s', async () => {
    const [owner, other] = [await newCase(), await newClosed()];
    expect((await appeal(owner.accessToken, owner.caseId)).body.code).toBe('case-open');
    expect((await appeal(owner.accessToken, other.caseId)).status).toBe(404);
    expect((await appeal(agent.accessToken, other.caseId)).status).toBe(401);
  });

  it('is taken by another agent than the one who decided', async () => {
    const owner = await newClosed();
    await appeal(owner.accessToken, owner.caseId);
    const claim = (token: string) => h.post(`/v1/agent/cases/${owner.caseId}/claim`, {}, { token });
    const refused = await claim(agent.accessToken);
    expect([refused.status, refused.body.code]).toEqual([403, 'second-person-required']);
    expect((await claim((await newAgent(h)).accessToken)).status).toBe(200);
  });

  it('V6.4.4 leaves nothing proven: identity shown before the case was closed is shown anew', async () => {
    const owner = await newCase('takeover');
    const other = await newAgent(h);
    const path = `/v1/agent/cases/${owner.caseId}/verifications`;
    const proofs = ['document', 'video'].map((kind) => ({ kind, note: 'Seen' }));
    const prove = async () => {
      let level = '';
      for (const proof of proofs) level = (await h.post(path, proof, { token: other.accessToken })).body.level;
      return level;
    };
    expect(await prove()).toBe('verified');
    await h.pool.query("update cases set closed_at = $2, closed_by = $3, outcome = 'declined' where id = $1", [
      owner.caseId,
      h.clock.now(),
      agent.agentId,
    ]);
    h.clock.advance(60_000);
    expect((await appeal(owner.accessToken, owner.caseId)).status).toBe(202);
    const standing = async () =>
      (await h.get(`/v1/agent/cases/${owner.caseId}`, other.accessToken)).body.verification.level;
    expect(await standing()).not.toBe('verified');
    h.clock.advance(60_000);
    expect(await prove()).toBe('verified');
  });

  it('can be made by case token, unproven', async () => {
    const owner = await newClosed('takeover');
    await freezeByAgent(h, agent, owner.accountId, { reasonCode: 'review', note: 'Again' });
    const { caseToken } = await signIn(h, owner.email);
    expect((await appeal(caseToken, owner.caseId)).status).toBe(202);
    const { rows } = await h.pool.query(
      "select is_proven from case_messages where body = 'I did not do it' order by id desc",
    );
    expect(rows[0].is_proven).toBe(false);
  });
});

describe('feedback', () => {
  it('is given once among sixteen, after the case has ended', async () => {
    const owner = await newClosed();
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => judge(owner.accessToken, owner.caseId, { rating: 5, text: 'Kind and quick' })),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'already-said')).toHaveLength(15);
    const { rows } = await h.pool.query('select rating, body from case_feedback where case_id = $1', [owner.caseId]);
    expect(rows).toEqual([{ rating: 5, body: 'Kind and quick' }]);
  });

  it('is refused while the case is open, past the scale, and for another’s', async () => {
    const [owner, other] = [await newCase(), await newClosed()];
    expect((await judge(owner.accessToken, owner.caseId)).body.code).toBe('case-open');
    for (const rating of [0, 6, 2.5])
      expect((await judge(other.accessToken, other.caseId, { rating })).body.errors[0].pointer).toBe('/rating');
    expect((await judge(owner.accessToken, other.caseId)).status).toBe(404);
  });
});

describe('PSD2 70 receipts', () => {
  it('are listed for every report and freeze, each signed by a key that anybody can look up', async () => {
    const owner = await newCase('scam');
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    const { caseToken } = await signIn(h, owner.email);
    const { items } = (await h.get('/v1/me/receipts', caseToken)).body;
    expect(items).toHaveLength(2);
    const keys = createLocalJWKSet((await h.get('/.well-known/jwks.json')).body);
    const events = [];
    for (const { receipt, caseReference, issuedAt } of items) {
      const { payload, protectedHeader } = await jwtVerify(receipt, keys, {
        algorithms: ['EdDSA'],
        typ: 'receipt+jwt',
      });
      expect(payload).toMatchObject({ sub: owner.accountId, case: caseReference, at: issuedAt });
      expect(protectedHeader.kid).toMatch(/^sig-/);
      events.push(payload['event']);
    }
    expect(events).toEqual(['account-frozen', 'reported']);
    const other = await newSignedIn(h);
    expect((await h.get('/v1/me/receipts', other.accessToken)).body.items).toEqual([]);
  });

  it('are kept for eighteen months, and their keys for as long', async () => {
    const { accountId } = await newAccount(h);
    const { receipt } = (await freezeByAgent(h, agent, accountId)).body;
    h.clock.advance(547 * DAY);
    await endRetention(h.instance.ctx);
    expect(await count(h, 'receipts', accountId)).toBe(1);
    if (receipt) {
      const keys = createLocalJWKSet((await h.get('/.well-known/receipt-keys.json')).body);
      expect((await jwtVerify(receipt, keys)).payload['event']).toBe('account-frozen');
    }
    h.clock.advance(2 * DAY);
    await endRetention(h.instance.ctx);
    expect(await count(h, 'receipts', accountId)).toBe(0);
  });
});
