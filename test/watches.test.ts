import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { transact } from '../src/db/transaction.ts';
import { tellDueWatches } from '../src/watches/due.ts';
import { beginWatch } from '../src/watches/watches.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { freezeByAgent, hostKey, newSignedIn, type SignedIn } from './support/seed.ts';

const DAY = 24 * 3_600_000;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
});
beforeEach(async () => {
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Watched = SignedIn & { caseId: string };

/** As a release leaves it: the tests of the way back go all of that way. */
async function newWatched(): Promise<Watched> {
  const owner = await newSignedIn(h);
  const report = { kind: 'takeover', message: 'Somebody was in' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
  const { ctx } = h.instance;
  await transact(ctx.db, ctx.ring, async (trx) => {
    const by = { actor: { kind: 'agent', id: agent.agentId } } as const;
    await beginWatch(trx, ctx, { accountId: owner.accountId, caseId }, by, h.clock.now());
  });
  return { ...owner, caseId };
}

const later = (days: number) => new Date(h.clock.now().getTime() + days * DAY).toISOString();
const read = (caseId: string) => h.get(`/v1/agent/cases/${caseId}/watch`, agent.accessToken);
const extend = (caseId: string, until: string) =>
  h.post(`/v1/agent/cases/${caseId}/watch`, { until, note: 'Not sure yet' }, { token: agent.accessToken });
const signOff = (caseId: string) =>
  h.post(`/v1/agent/cases/${caseId}/watch/sign-off`, { note: 'All quiet' }, { token: agent.accessToken });
const pay = async (accountId: string) => {
  const wanted = { transactionId: crypto.randomUUID(), accountId, kind: 'payment', amount: '10', currency: 'EUR' };
  return (await h.post('/v1/server/transactions', wanted, { token: await hostKey(h) })).body;
};

describe('an account that was taken back', () => {
  it('is watched for four weeks: its owner is told, and money asks for the second factor', async () => {
    const { accountId, accessToken, email, caseId } = await newWatched();
    const { body: me } = await h.get('/v1/me', accessToken);
    expect(me.watchUntil).toBe(later(28));
    expect((await h.mails(email))[0]?.text).toContain('/freeze#token=');
    expect(await pay(accountId)).toMatchObject({ decision: 'challenge', reasons: [{ rule: 'grant:watched' }] });
    const { status, body } = await read(caseId);
    expect([status, body]).toMatchObject([
      200,
      { until: later(28), endedAt: null, endReason: null, summary: { allowed: 0, stopped: 1 } },
    ]);
  });

  it('is watched for longer where an agent says so, to ninety days, and never for less', async () => {
    const { caseId } = await newWatched();
    expect((await extend(caseId, later(60))).body.until).toBe(later(60));
    for (const until of [later(59), later(60), later(91)]) {
      const refused = await extend(caseId, until);
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/until']);
    }
    expect((await read(caseId)).body.until).toBe(later(60));
  });

  it('is watched on past its time until somebody signs that off, once', async () => {
    const { accountId, caseId, email } = await newWatched();
    const early = await signOff(caseId);
    expect([early.status, early.body.code, early.body.earliestAt]).toEqual([409, 'too-early', later(28)]);
    h.clock.advance(28 * DAY);
    agent = await newAgent(h);
    expect((await pay(accountId)).decision).toBe('challenge');
    await Promise.all([tellDueWatches(h.instance.ctx), tellDueWatches(h.instance.ctx)]);
    const due = await h.pool.query("select 1 from events where account_id = $1 and type = 'watch.due'", [accountId]);
    expect(due.rowCount).toBe(1);
    const answers = await Promise.all(Array.from({ length: 16 }, () => signOff(caseId)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await read(caseId)).body).toMatchObject({ endReason: 'signed-off' });
    expect((await pay(accountId)).decision).toBe('allow');
    expect((await h.mails(email))[0]?.subject).toMatch(/back to normal/);
  });

  it('relapses with any freeze: the watch is over, and is no sign-off', async () => {
    const { accountId, caseId } = await newWatched();
    await freezeByAgent(h, agent, accountId);
    expect((await read(caseId)).body).toMatchObject({ endReason: 'relapsed' });
    h.clock.advance(28 * DAY);
    agent = await newAgent(h);
    expect((await signOff(caseId)).status).toBe(404);
  });

  it('is nothing to whoever is no agent, nor to an auditor’s pen', async () => {
    const { caseId, accessToken } = await newWatched();
    expect((await h.get(`/v1/agent/cases/${caseId}/watch`, accessToken)).status).toBe(401);
    agent = await newAgent(h, 'auditor');
    expect((await read(caseId)).status).toBe(200);
    expect([(await extend(caseId, later(60))).status, (await signOff(caseId)).status]).toEqual([403, 403]);
  });
});
