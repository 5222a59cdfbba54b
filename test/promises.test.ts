import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { escalateOverdue } from '../src/case-work/overdue.ts';
import { eventsOf, newReporter, readCase, work } from './support/case-work.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { signIn } from './support/seed.ts';
import { openSink, type Sink } from './support/sink.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'access.ttl': 30 * DAY, 'agents.idle': 30 * DAY, 'agents.absolute': 30 * DAY } });
  agent = await newAgent(h);
});
afterAll(() => h.close());

const later = (ms: number) => new Date(h.clock.now().getTime() + ms).toISOString();
const promisesOf = async (caseId: string) =>
  Object.fromEntries(
    (await readCase(h, agent, caseId)).promises.map(({ what, dueAt }: { what: string; dueAt: string }) => [
      what,
      dueAt,
    ]),
  );
const overdue = async (caseId: string) => (await eventsOf(h, caseId, 'case.overdue')).map(({ detail }) => detail);

describe('what is promised', () => {
  // biome-ignore format: a table reads as one
  it.each([
    ['takeover',     { 'first-answer': HOUR }],
    ['scam',         { 'first-answer': DAY }],
    ['locked-out',   { 'first-answer': DAY, 'solved': 2 * DAY }],
    ['complaint',    { 'first-answer': DAY, 'solved': 3 * DAY }],
  ])('PS-101 for %s, day and night, unless the operator says when people work', async (kind, lengths) => {
    const { caseId, accessToken } = await newReporter(h, kind);
    const expected = Object.fromEntries(Object.entries(lengths).map(([what, length]) => [what, later(length)]));
    expect(await promisesOf(caseId)).toEqual(expected);
    const own = (await h.get(`/v1/me/cases/${caseId}`, accessToken)).body;
    expect(own.promises.map(({ by }: { by: string }) => by)).toEqual(own.promises.map(() => 'support'));
  });

  it('PS-73 a refund is decided by the end of the next day', async () => {
    const { caseId } = await newReporter(h, 'unauthorised-transaction');
    const midnight = new Date(`${later(2 * DAY).slice(0, 10)}T00:00:00Z`).toISOString();
    expect((await promisesOf(caseId)).refund).toBe(midnight);
  });

  it('waits for working time, but for urgent cases', async () => {
    const today = later(0).slice(0, 10);
    const policy = { 'hours.zone': 'UTC', 'hours.open': '09:00', 'hours.close': '17:00', 'hours.holidays': today };
    const office = await openHarness({ policy: { ...policy, 'access.ttl': 30 * DAY } });
    const theirs = await newAgent(office);
    const nineOn = (days: number) => `${later(days * DAY).slice(0, 10)}T09:00:00.000Z`;
    const promised = async (kind: string) => {
      const { caseId } = await newReporter(office, kind);
      return (await readCase(office, theirs, caseId)).promises.map(({ dueAt }: { dueAt: string }) => dueAt);
    };
    expect(await promised('takeover')).toEqual([new Date(office.clock.now().getTime() + HOUR).toISOString()]);
    expect(await promised('scam')).toEqual([nineOn(3).replace('09:', '17:')]);
    expect((await promised('unauthorised-transaction'))[1]).toBe(nineOn(1).replace('09:', '17:'));
    await office.close();
  });
});

describe('a promise that passed', () => {
  it('moves the case up once, on one of many nodes, and says which', async () => {
    const { caseId } = await newReporter(h, 'locked-out');
    const dueAt = await promisesOf(caseId);
    h.clock.advance(DAY);
    await escalateOverdue(h.instance.ctx);
    expect(await overdue(caseId)).toEqual([]);
    h.clock.advance(1);
    await Promise.all(Array.from({ length: 16 }, () => escalateOverdue(h.instance.ctx)));
    expect(await overdue(caseId)).toEqual([{ promise: 'answer', dueAt: dueAt['first-answer'], from: 'normal' }]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ priority: 'high', escalatedAt: later(0) });
    h.clock.advance(DAY);
    await escalateOverdue(h.instance.ctx);
    await escalateOverdue(h.instance.ctx);
    expect(await overdue(caseId)).toEqual([
      { promise: 'answer', dueAt: dueAt['first-answer'], from: 'normal' },
      { promise: 'solve', dueAt: dueAt['solved'], from: 'high' },
    ]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ priority: 'urgent', status: 'open' });
  });

  it('says nothing of what was kept, of a closed case, or of a decided refund', async () => {
    const answered = await newReporter(h, 'scam');
    await work(h, agent, answered.caseId, 'messages', { message: 'We look into it' });
    const closed = await newReporter(h, 'complaint');
    await work(h, agent, closed.caseId, 'messages', { message: 'Sorry' });
    expect((await work(h, agent, closed.caseId, 'resolve', { outcome: 'solved', note: 'x' })).status).toBe(200);
    const decided = await newReporter(h, 'unauthorised-transaction');
    await work(h, agent, decided.caseId, 'refund', { decision: 'granted', note: 'x' });
    const undecided = await newReporter(h, 'unauthorised-transaction');
    h.clock.advance(5 * DAY);
    await escalateOverdue(h.instance.ctx);
    expect(await overdue(answered.caseId)).toEqual([]);
    expect(await overdue(closed.caseId)).toEqual([]);
    expect((await overdue(decided.caseId)).map(({ promise }) => promise)).toEqual(['answer']);
    expect((await overdue(undecided.caseId)).map(({ promise }) => promise).sort()).toEqual(['answer', 'refund']);
    const { accessToken } = await signIn(h, undecided.email);
    const seen = (await h.get(`/v1/me/cases/${undecided.caseId}`, accessToken)).body;
    expect(seen.refund.status).toBe('overdue');
  });

  it('brings a snoozed case back, and reaches the helpdesk', async () => {
    const sink: Sink = await openSink();
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const env = { HELPDESK: 'webhook', HELPDESK_URL: sink.url, HELPDESK_SECRET: secret };
    const desk = await openHarness({
      env,
      policy: { 'access.ttl': 30 * DAY, 'agents.idle': 30 * DAY, 'agents.absolute': 30 * DAY },
    });
    const theirs = await newAgent(desk);
    const { caseId } = await newReporter(desk, 'complaint');
    const until = new Date(desk.clock.now().getTime() + DAY).toISOString();
    await work(desk, theirs, caseId, 'snooze', { until });
    await desk.instance.worker.drain();
    desk.clock.advance(DAY + 1);
    await escalateOverdue(desk.instance.ctx);
    await desk.instance.worker.drain();
    const told = sink.received.map((each) => JSON.parse(each.text)).filter(({ type }) => type === 'ticket.commented');
    expect(told.at(-1).data).toMatchObject({ caseId, priority: 'high' });
    expect(told.at(-1).data.body).toContain('What was promised has not happened');
    expect((await readCase(desk, theirs, caseId)).snoozedUntil).toBeNull();
    await desk.close();
    await sink.close();
  });
});
