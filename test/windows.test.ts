import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isNarrower } from '../src/windows/rules.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { newLost, verify } from './support/lost-factor.ts';
import { confirm, newPayer, nextCode, payment, request } from './support/payer.ts';
import { count } from './support/seed.ts';

const DAY = 86_400_000;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const ago = (ms: number) => new Date(h.clock.now().getTime() - ms).toISOString();
const set = (caseId: string, body: object, token = agent.accessToken) =>
  h.post(`/v1/agent/cases/${caseId}/window`, { note: 'A device nobody knows', ...body }, { token });

/** Somebody whose authenticator was bound a month ago, and their open case. */
async function newReporter() {
  const payer = await newPayer(h);
  const report = { kind: 'takeover', message: 'That was not me' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: payer.accessToken })).body;
  return { payer, caseId: caseId as string };
}

describe('the window of compromise', () => {
  it('is set by an agent, shown with the case, and an event', async () => {
    const { payer, caseId } = await newReporter();
    const from = ago(DAY);
    expect(await set(caseId, { from })).toMatchObject({ status: 200, body: { from, until: null } });
    const { body } = await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken);
    expect(body.window).toEqual({ from, until: null });
    expect(await count(h, 'events', payer.accountId, "type = 'window.set'")).toBe(1);
  });

  it('is widened by one person, and narrowed by none alone', async () => {
    const { caseId } = await newReporter();
    await set(caseId, { from: ago(2 * DAY), until: ago(DAY) });
    expect((await set(caseId, { from: ago(3 * DAY), until: ago(DAY / 2) })).status).toBe(200);
    for (const narrower of [{ from: ago(DAY) }, { from: ago(3 * DAY), until: ago(DAY) }]) {
      expect(await set(caseId, narrower)).toMatchObject({ status: 403, body: { code: 'second-person-required' } });
    }
    expect((await set(caseId, { from: ago(3 * DAY) })).status).toBe(200);
    expect((await set(caseId, { from: ago(3 * DAY), until: ago(1) })).status).toBe(403);
  });

  it('is refused ahead of time, the wrong way round, for no case, and to others', async () => {
    const { caseId, payer } = await newReporter();
    const pointers = async (body: object) =>
      (await set(caseId, body)).body.errors?.map((e: { pointer: string }) => e.pointer);
    expect(await pointers({ from: ago(-DAY) })).toEqual(['/from']);
    expect(await pointers({ from: ago(DAY), until: ago(2 * DAY) })).toEqual(['/until']);
    expect(await pointers({ from: ago(DAY), until: ago(-DAY) })).toEqual(['/until']);
    expect((await set(randomUUID(), { from: ago(DAY) })).body.code).toBe('not-found');
    expect((await set(caseId, { from: ago(DAY) }, payer.accessToken)).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await set(caseId, { from: ago(DAY) }, auditor.accessToken)).status).toBe(403);
  });

  it('keeps a factor that was born inside from approving money, as long as the case is open', async () => {
    const { payer, caseId } = await newReporter();
    const approve = async () => {
      const { grantId } = (await request(h, payer, payment)).body;
      return await confirm(h, payer, grantId, { code: nextCode(h, payer) });
    };
    expect((await approve()).status).toBe(200);
    await set(caseId, { from: ago(60 * DAY) });
    expect((await approve()).body.code).toBe('invalid-code');
    await h.pool.query('update cases set closed_at = $2 where id = $1', [caseId, h.clock.now()]);
    expect((await approve()).status).toBe(200);
  });

  it('keeps a factor that was born inside from proving who somebody is', async () => {
    const { caseId } = await newLost(h);
    h.clock.advance(30 * DAY);
    const fresh = await newAgent(h);
    await set(caseId, { from: ago(365 * DAY) }, fresh.accessToken);
    expect((await verify(h, fresh, caseId, 'older-factor')).body.errors).toMatchObject([{ pointer: '/kind' }]);
  });

  it('knows what narrower means', () => {
    const at = (day: number) => new Date(Date.UTC(2026, 0, day));
    // biome-ignore format: a table reads as one
    const table = [
      [{ from: at(1) },                { from: at(1) },                false],
      [{ from: at(1) },                { from: at(2) },                false],
      [{ from: at(2) },                { from: at(1) },                true],
      [{ from: at(1), until: at(5) },  { from: at(1) },                true],
      [{ from: at(1) },                { from: at(1), until: at(5) },  false],
      [{ from: at(1), until: at(4) },  { from: at(1), until: at(5) },  true],
      [{ from: at(1), until: at(6) },  { from: at(1), until: at(5) },  false],
    ] as const;
    for (const [next, held, is] of table) expect(isNarrower(next, held)).toBe(is);
  });
});
