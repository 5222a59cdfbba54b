import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeze } from '../src/holds/freeze.ts';
import { fallBackUnconfirmed } from '../src/releases/confirm.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { backAtWork } from './support/lost-factor.ts';
import { HOUR, plantHold, standing } from './support/release.ts';
import { count, newAccount } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const confirm = (holdId: string, body: object = {}) =>
  h.post(`/v1/agent/holds/${holdId}/confirm`, body, { token: agent.accessToken });
const settle = () => Promise.all(Array.from({ length: 4 }, () => fallBackUnconfirmed(h.instance.ctx)));

/** Frozen as a rule does. */
async function newCaught() {
  const owner = await newAccount(h);
  const request = {
    accountId: owner.accountId,
    scope: 'all',
    reasonCode: 'suspected-fraud',
    source: 'rule',
    actor: { kind: 'rule' },
  } as const;
  const { hold, theCase } = await freeze(h.instance.ctx, request);
  return { ...owner, holdId: hold.id, caseId: theCase.id };
}

describe('a freeze by a rule', () => {
  it('stays once an agent confirms it within a day, again and again the same', async () => {
    const { accountId, holdId } = await newCaught();
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(holdId, { note: 'It is real' })));
    expect(answers.every(({ status, body }) => status === 200 && body.hold.id === holdId)).toBe(true);
    expect(await count(h, 'events', accountId, `type = 'hold.confirmed'`)).toBe(1);
    h.clock.advance(25 * HOUR);
    await settle();
    expect(await standing(h, accountId)).toEqual(['rule all']);
    agent = await backAtWork(h, agent);
  });

  it('becomes a hold on money alone where nobody confirms it, and the owner is told', async () => {
    const { accountId, holdId, caseId, email } = await newCaught();
    h.clock.advance(24 * HOUR - 1000);
    await settle();
    expect(await standing(h, accountId)).toEqual(['rule all']);
    h.clock.advance(1000);
    await settle();
    expect(await standing(h, accountId)).toEqual(expect.arrayContaining(['rule payments', 'policy withdrawals']));
    expect(await standing(h, accountId)).toHaveLength(2);
    const { rows } = await h.pool.query(`select * from holds where account_id = $1 and scope = 'payments'`, [
      accountId,
    ]);
    expect(rows).toMatchObject([{ source: 'rule', reason_code: 'suspected-fraud', case_id: caseId, confirm_by: null }]);
    expect(
      (await h.pool.query('select release_reason from holds where id = $1', [holdId])).rows[0].release_reason,
    ).toBe('unconfirmed');
    for (const type of ['hold.released', 'hold.placed'])
      expect(await count(h, 'events', accountId, `type = '${type}' and not (detail->>'source' = 'policy')`)).toBe(1);
    const subjects = (await h.mails(email)).map(({ subject }) => subject);
    expect(subjects).toEqual(
      expect.arrayContaining([expect.stringMatching(/open again/), expect.stringMatching(/restriction was placed/)]),
    );
    agent = await backAtWork(h, agent);
    expect((await confirm(holdId)).body.code).toBe('already-released');
  });

  it('is confirmed by agents alone, and no other hold is', async () => {
    const { holdId, accountId } = await newCaught();
    expect((await h.post(`/v1/agent/holds/${holdId}/confirm`, {})).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await h.post(`/v1/agent/holds/${holdId}/confirm`, {}, { token: auditor.accessToken })).status).toBe(403);
    for (const source of ['agent', 'owner', 'legal', 'policy'])
      expect((await confirm(await plantHold(h, accountId, { source }))).body.code).toBe('nothing-to-confirm');
    expect((await confirm(accountId)).body.code).toBe('not-found');
  });

  it.each([1, 16])('confirmed and due at once is one or the other, with %i agents', async (callers) => {
    const { accountId, holdId } = await newCaught();
    h.clock.advance(24 * HOUR);
    agent = await backAtWork(h, agent);
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: callers }, () => confirm(holdId))),
      settle(),
    ]);
    const isConfirmed = answers.some(({ status }) => status === 200);
    expect(await standing(h, accountId)).toEqual(
      isConfirmed ? ['rule all'] : expect.arrayContaining(['rule payments']),
    );
  });
});
