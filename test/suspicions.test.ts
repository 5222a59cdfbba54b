import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../src/policy.ts';
import { rehearse } from '../src/suspicions/rehearse.ts';
import { type RuleId, ruleIds } from '../src/suspicions/rules.ts';
import { weighEvents } from '../src/suspicions/weigh.ts';
import { type Harness, newAgent, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { openNode } from './support/nodes.ts';
import { decide, move, newGrant, newPayer, verdictOf } from './support/payer.ts';
import { count, enrol, hostKey, newAccount, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

const live = Object.fromEntries(ruleIds.map((id) => [`rules.${id}`, 'live'])) as Partial<Policy>;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { ...live, 'limits.mailPerRecipient': 100 } });
  agent = await newAgent(h);
});
afterAll(() => h.close());

/** Until everything was read: a transaction of another file's database may still be open, and nobody passes it. */
async function weigh(on: Harness = h): Promise<void> {
  const isRead = async () => {
    await weighEvents(on.instance.ctx);
    return (
      (await on.pool.query('select from events e, rule_cursor c where (e.tx, e.id) > (c.tx, c.id)')).rowCount === 0
    );
  };
  await expect.poll(isRead, { timeout: 10_000, interval: 20 }).toBe(true);
}
const casesOf = async (accountId: string, on: Harness = h) =>
  (await on.pool.query('select * from cases where account_id = $1 order by id', [accountId])).rows;
const causesOf = async (accountId: string) => (await casesOf(accountId)).map(({ cause }) => cause).sort();
const matchesOf = async (accountId: string, on: Harness = h) =>
  (
    await on.pool.query(`select detail from events where account_id = $1 and type = 'rule.matched' order by id`, [
      accountId,
    ])
  ).rows.map(({ detail }) => detail);
const notesOf = async (caseId: string) =>
  (await h.pool.query('select * from case_messages where case_id = $1 order by id', [caseId])).rows;

async function hostile(accountId: string, more: object = {}, on: Harness = h): Promise<void> {
  const event = {
    id: randomUUID(),
    accountId,
    type: 'app.tampered',
    at: on.clock.now().toISOString(),
    hostile: true,
    ...more,
  };
  const { status } = await on.post('/v1/server/events', { events: [event] }, { token: await hostKey(on) });
  expect(status).toBe(202);
}

/** Uses a copy of a session: the token from before is used again long after it was traded. */
async function reuse({ refreshToken }: { refreshToken: string }, ip: string, on: Harness = h): Promise<void> {
  expect((await on.post('/v1/auth/refresh', { refreshToken }, { ip })).status).toBe(200);
  const next = (await on.post('/v1/auth/refresh', { refreshToken }, { ip })).body.refreshToken;
  await on.post('/v1/auth/refresh', { refreshToken: next }, { ip });
  on.clock.advance(MINUTE);
  expect((await on.post('/v1/auth/refresh', { refreshToken }, { ip })).status).toBe(401);
}

describe('work that opens by itself', () => {
  it('is one case for an account and cause, with its ticket and its evidence for agents alone', async () => {
    const owner = await newSignedIn(h);
    await hostile(owner.accountId, { text: { en: 'The app was changed.' } });
    await weigh();
    const [first] = await casesOf(owner.accountId);
    expect(first).toMatchObject({ kind: 'suspicious-activity', cause: 'marked-hostile', priority: 'high' });
    expect((await h.pool.query('select 1 from tickets where case_id = $1', [first.id])).rowCount).toBe(1);
    await hostile(owner.accountId);
    await weigh();
    expect(await casesOf(owner.accountId)).toHaveLength(1);
    const notes = await notesOf(first.id);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatchObject({
      author_kind: 'system',
      kind: 'note',
      body: 'The host marked what it saw as hostile',
    });
    const { rows } = await h.pool.query('select type from events where id = $1', [notes[0].data.events[0].id]);
    expect(rows).toEqual([{ type: 'host.event' }]);
    expect((await matchesOf(owner.accountId)).map(({ outcome }) => outcome)).toEqual(['opened', 'joined']);
    const own = await h.get(`/v1/me/cases/${first.id}`, owner.accessToken);
    expect(own.body.messages).toEqual([]);
    expect(own.text).not.toContain('hostile');
    const seen = await h.get(`/v1/agent/cases/${first.id}`, agent.accessToken);
    expect(seen.text).toContain('The host marked what it saw as hostile');
  });

  it('says nothing of what is harmless', async () => {
    const owner = await newSignedIn(h);
    await hostile(owner.accountId, { hostile: false });
    await signIn(h, owner.email, { password: 'not the right one at all' });
    await enrol(h, owner.accessToken);
    await weigh();
    expect(await casesOf(owner.accountId)).toEqual([]);
    expect(await matchesOf(owner.accountId)).toEqual([]);
  });

  it('comes of a new device that changes contact or factor within a day, not of a known one', async () => {
    const known = await newSignedIn(h);
    const changed = await h.post(
      '/v1/me/email-change',
      { newEmail: `k${randomUUID()}@example.com` },
      { token: known.accessToken },
    );
    expect(changed.status).toBe(202);
    await weigh();
    expect(await causesOf(known.accountId)).toEqual([]);

    const owner = await newSignedIn(h);
    h.clock.advance(2 * DAY);
    const again = await signIn(h, owner.email, { deviceToken: owner.deviceToken });
    const thief = await signIn(h, owner.email);
    await h.post('/v1/me/email-change', { newEmail: `o${randomUUID()}@example.com` }, { token: again.accessToken });
    await weigh();
    expect(await causesOf(owner.accountId), 'the owner, on their own device').toEqual([]);
    await h.post('/v1/me/email-change', { newEmail: `t${randomUUID()}@example.com` }, { token: thief.accessToken });
    await enrol(h, thief.accessToken);
    await weigh();
    expect(await causesOf(owner.accountId)).toEqual(['new-device-then-change']);
    const [{ eventIds }] = await matchesOf(owner.accountId);
    const { rows } = await h.pool.query('select type, device_id from events where id = any($1) order by id', [
      eventIds,
    ]);
    expect(rows.map(({ type }) => type)).toEqual(['device.added', 'email.change-requested']);
    expect(rows[0].device_id).toBe(rows[1].device_id);

    const late = await newSignedIn(h);
    const phone = await signIn(h, late.email);
    h.clock.advance(DAY + MINUTE);
    const stale = await signIn(h, late.email, { deviceToken: phone.deviceToken });
    await h.post('/v1/me/email-change', { newEmail: `l${randomUUID()}@example.com` }, { token: stale.accessToken });
    await weigh();
    expect(await causesOf(late.accountId), 'a day later it is a device as any').toEqual([]);
  });

  it('comes of a new device and a payee who was never paid', async () => {
    const owner = await newSignedIn(h);
    const token = await hostKey(h);
    const pay = async (payee: string, deviceId?: string) => {
      const body = {
        transactionId: randomUUID(),
        accountId: owner.accountId,
        kind: 'payment',
        amount: '10',
        currency: 'EUR',
        payee: { id: payee },
        deviceId,
      };
      expect((await h.post('/v1/server/transactions', body, { token })).status).toBe(200);
      h.clock.advance(1_000);
    };
    await pay('old friend');
    await signIn(h, owner.email);
    const { rows } = await h.pool.query('select id from devices where account_id = $1 order by id desc', [
      owner.accountId,
    ]);
    await pay('old friend', rows[0].id);
    await pay('somebody', rows[1].id);
    await weigh();
    expect(await causesOf(owner.accountId)).toEqual([]);
    await pay('stranger', rows[0].id);
    await weigh();
    expect(await causesOf(owner.accountId)).toEqual(['new-device-then-change']);
  });

  it('comes of wrong codes after a right password', async () => {
    const owner = await newSignedIn(h);
    await enrol(h, owner.accessToken);
    for (let n = 0; n < 6; n++) {
      const { challenge } = await signIn(h, owner.email);
      await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: '000000' });
      if (n === 3) {
        await weigh();
        expect(await causesOf(owner.accountId), 'three could be anybody').toEqual([]);
      }
    }
    await weigh();
    expect(await causesOf(owner.accountId)).toEqual(['codes-after-password']);
    const [{ eventIds }] = await matchesOf(owner.accountId);
    expect(eventIds).toHaveLength(7);
  });

  it('takes half as much on a watched account, and freezes it: a relapse', async () => {
    const owner = await newSignedIn(h);
    await enrol(h, owner.accessToken);
    const report = { kind: 'takeover', message: 'Somebody was in' };
    const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
    const now = h.clock.now();
    await h.pool.query(`insert into watches (id, account_id, case_id, began_at, until) values ($1, $2, $3, $4, $5)`, [
      randomUUID(),
      owner.accountId,
      caseId,
      now,
      new Date(now.getTime() + 28 * DAY),
    ]);
    for (let n = 0; n < 3; n++) {
      const { challenge } = await signIn(h, owner.email);
      await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: '000000' });
    }
    await weigh();
    expect(await matchesOf(owner.accountId)).toMatchObject([{ rule: 'codes-after-password', frozen: true }]);
    const { rows } = await h.pool.query('select * from holds where account_id = $1 and scope = $2', [
      owner.accountId,
      'all',
    ]);
    expect(rows).toMatchObject([{ source: 'rule', released_at: null }]);
    expect(rows[0].confirm_by).not.toBeNull();
    const watch = await h.pool.query('select end_reason from watches where account_id = $1', [owner.accountId]);
    expect(watch.rows).toEqual([{ end_reason: 'relapsed' }]);
  });

  it('comes of lockouts of many devices or networks', async () => {
    const owner = await newSignedIn(h);
    const devices = [owner, await signIn(h, owner.email), await signIn(h, owner.email)] as SignedIn[];
    for (const [n, { deviceToken }] of devices.entries()) {
      for (let guess = 0; guess < 5; guess++) {
        await signIn(h, owner.email, { password: 'not the right one at all', deviceToken });
      }
      await weigh();
      expect(await causesOf(owner.accountId)).toEqual(n < 2 ? [] : ['many-lockouts']);
    }
  });

  it('V10.4.5 comes of a refresh token used twice, and freezes where a stranger signed in too, until an agent says yes', async () => {
    const alone = await newSignedIn(h);
    await reuse(alone, '192.0.2.1');
    await weigh();
    expect(await causesOf(alone.accountId)).toEqual(['refresh-reused']);
    expect(await count(h, 'holds', alone.accountId)).toBe(0);

    const owner = await newSignedIn(h);
    const thief = await signIn(h, owner.email, {}, { ip: '198.51.100.7' });
    await reuse(owner, '192.0.2.1');
    await weigh();
    expect(await causesOf(owner.accountId)).toEqual(['refresh-reused', 'stolen-session']);
    const { rows } = await h.pool.query('select * from holds where account_id = $1', [owner.accountId]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ scope: 'all', source: 'rule', reason_code: 'suspected-fraud', confirmed_at: null });
    expect(rows[0].confirm_by).toEqual(new Date(h.clock.now().getTime() + DAY));
    const theCase = (await casesOf(owner.accountId)).find(({ cause }) => cause === 'stolen-session');
    expect([theCase.priority, rows[0].case_id]).toEqual(['urgent', theCase.id]);
    expect((await h.get('/v1/me', thief.accessToken)).status).toBe(401);
    const held = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    expect(held.body.code).toBe('account-held');
  });

  it('comes of a grant that was altered, without a freeze', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    expect(verdictOf(await decide(h, move(payer, { amount: '9999', grant })))).toBe('challenge grant:altered');
    await weigh();
    expect(await causesOf(payer.accountId)).toEqual(['grant-altered']);
    expect(await count(h, 'holds', payer.accountId, `source = 'rule'`)).toBe(0);
  });
});

describe('the reading of the spine', () => {
  it('opens one case from two nodes and sixteen readings at once', async () => {
    const node = await openNode(h);
    const owners = await Promise.all(Array.from({ length: 4 }, () => newAccount(h)));
    for (const { accountId } of owners) {
      await hostile(accountId);
      await hostile(accountId);
    }
    await Promise.all(Array.from({ length: 16 }, (_, n) => weighEvents(n % 2 ? node.ctx : h.instance.ctx)));
    await weigh();
    for (const { accountId } of owners) {
      expect(await casesOf(accountId)).toHaveLength(1);
      expect(await matchesOf(accountId)).toHaveLength(2);
    }
    await node.close();
  });

  it('loses nothing and does nothing twice when it is cut off in the middle', async () => {
    const owner = await newAccount(h);
    await hostile(owner.accountId);
    // The database refuses the very last thing of the transaction.
    await h.pool.query(
      `create function cut_off() returns trigger language plpgsql as $$ begin raise exception 'cut'; end $$`,
    );
    await h.pool.query('create trigger cut_off before update on rule_cursor for each row execute function cut_off()');
    const cut = () => weighEvents(h.instance.ctx).catch((error: Error) => error.message);
    await expect.poll(cut, { timeout: 10_000, interval: 20 }).toBe('cut');
    expect([await casesOf(owner.accountId), await matchesOf(owner.accountId)]).toEqual([[], []]);
    await h.pool.query('drop trigger cut_off on rule_cursor');
    await weigh();
    await weigh();
    expect([(await casesOf(owner.accountId)).length, (await matchesOf(owner.accountId)).length]).toEqual([1, 1]);
  });

  it('never passes a transaction that is still open', async () => {
    const [early, late] = [await newAccount(h), await newAccount(h)];
    const slow = await h.pool.connect();
    await slow.query('begin');
    await slow.query(
      `insert into events (id, at, type, account_id, actor_kind, detail)
       values ($1, $2, 'refresh.reused', $3, 'anonymous', '{}')`,
      ['019a0000-0000-7000-8000-000000000001', h.clock.now(), early.accountId],
    );
    await hostile(late.accountId);
    await weighEvents(h.instance.ctx);
    expect(await casesOf(late.accountId), 'what came after it waits').toEqual([]);
    await slow.query('commit');
    slow.release();
    await weigh();
    expect([await causesOf(early.accountId), await causesOf(late.accountId)]).toEqual([
      ['refresh-reused'],
      ['marked-hostile'],
    ]);
  });
});

describe('modes and limits', () => {
  const modes = async (policy: Partial<Policy>, work: (on: Harness) => Promise<void>) => {
    const on = await openHarness({ policy });
    try {
      await work(on);
    } finally {
      await on.close();
    }
  };

  it('only writes an event in shadow, and nothing when off', async () => {
    const policy = { 'rules.marked-hostile': 'shadow', 'rules.stolen-session': 'shadow' };
    await modes(policy, async (on) => {
      const owner = await newSignedIn(on);
      await hostile(owner.accountId, {}, on);
      await signIn(on, owner.email, {}, { ip: '198.51.100.7' });
      await reuse(owner, '192.0.2.1', on);
      await weigh(on);
      expect(await casesOf(owner.accountId, on)).toEqual([]);
      expect(await count(on, 'holds', owner.accountId)).toBe(0);
      expect((await matchesOf(owner.accountId, on)).map(({ rule, outcome }) => [rule, outcome])).toEqual([
        ['marked-hostile', 'shadow'],
        ['stolen-session', 'shadow'],
      ]);
    });
  });

  it('opens no more than so many cases an hour, over all nodes, and tells so once', async () => {
    await modes({ 'rules.marked-hostile': 'live', 'rules.perHour': 2 }, async (on) => {
      const node = await openNode(on);
      const owners = await Promise.all(Array.from({ length: 5 }, () => newAccount(on)));
      for (const { accountId } of owners) await hostile(accountId, {}, on);
      await Promise.all([weighEvents(on.instance.ctx), weighEvents(node.ctx)]);
      await weigh(on);
      const outcomes = async () =>
        (await Promise.all(owners.map(({ accountId }) => matchesOf(accountId, on))))
          .flat()
          .map(({ outcome }) => outcome);
      expect((await outcomes()).sort()).toEqual(['held-back', 'held-back', 'held-back', 'opened', 'opened']);
      const told = async () => (await on.pool.query(`select detail from events where type = 'rules.throttled'`)).rows;
      expect(await told()).toEqual([{ detail: { what: 'cases', rule: 'marked-hostile', perHour: 2 } }]);
      const first = owners[0]?.accountId as string;
      await hostile(first, {}, on);
      await weigh(on);
      expect((await matchesOf(first, on)).at(-1).outcome, 'a case that is open goes on').toBe('joined');
      on.clock.advance(61 * MINUTE);
      await hostile(owners[4]?.accountId as string, {}, on);
      await weigh(on);
      expect((await outcomes()).filter((outcome) => outcome === 'opened')).toHaveLength(3);
      await node.close();
    });
  });

  it('silences no rule because another runs wild', async () => {
    await modes({ ...live, 'rules.perHour': 1 }, async (on) => {
      const owners = await Promise.all(Array.from({ length: 3 }, () => newAccount(on)));
      for (const { accountId } of owners) await hostile(accountId, {}, on);
      const victim = await newSignedIn(on);
      await signIn(on, victim.email, {}, { ip: '198.51.100.7' });
      await reuse(victim, '192.0.2.1', on);
      await weigh(on);
      expect(await count(on, 'holds', victim.accountId, `source = 'rule'`)).toBe(1);
      expect(await casesOf(victim.accountId, on)).toHaveLength(2);
    });
  });

  it('freezes no more than so many accounts an hour: past that there is only the case', async () => {
    await modes({ 'rules.stolen-session': 'live', 'risk.autoFreezePerHour': 1 }, async (on) => {
      const frozen: boolean[] = [];
      for (let n = 0; n < 2; n++) {
        const owner = await newSignedIn(on);
        await signIn(on, owner.email, {}, { ip: '198.51.100.7' });
        await reuse(owner, '192.0.2.1', on);
        await weigh(on);
        expect(await casesOf(owner.accountId, on)).toHaveLength(1);
        frozen.push((await count(on, 'holds', owner.accountId, `source = 'rule'`)) === 1);
        expect((await matchesOf(owner.accountId, on))[0].frozen).toBe(frozen[n]);
      }
      expect(frozen).toEqual([true, false]);
    });
  });
});

describe('what each rule did', () => {
  it('is counted for leads, with what agents found', async () => {
    const on = await openHarness({ policy: live });
    const [boss, other] = [await newAgent(on, 'lead'), await newAgent(on)];
    const owners = await Promise.all(Array.from({ length: 3 }, () => newAccount(on)));
    for (const { accountId } of owners) await hostile(accountId, {}, on);
    await hostile(owners[0]?.accountId as string, {}, on);
    await weigh(on);
    const close = async (accountId: string, outcome: string) => {
      const [{ id }] = await casesOf(accountId, on);
      const closed = await on.post(
        `/v1/agent/cases/${id}/resolve`,
        { outcome, note: 'Seen' },
        { token: other.accessToken },
      );
      expect([closed.status, closed.body.code]).toEqual([200, undefined]);
    };
    await close(owners[0]?.accountId as string, 'confirmed');
    await close(owners[1]?.accountId as string, 'false-positive');
    const { status, body } = await on.get('/v1/agent/rules', boss.accessToken);
    expect(status).toBe(200);
    expect(body.items.map(({ id }: { id: RuleId }) => id)).toEqual([...ruleIds]);
    expect(body.items.find(({ id }: { id: RuleId }) => id === 'marked-hostile')).toMatchObject({
      mode: 'live',
      ...{ freezes: false, matched: 4, opened: 3, joined: 1, heldBack: 0, frozen: 0, confirmed: 1, falsePositives: 1 },
    });
    const before = new Date(on.clock.now().getTime() - DAY).toISOString();
    const earlier = await on.get(`/v1/agent/rules?to=${before}`, boss.accessToken);
    expect(
      earlier.body.items.every(({ matched, confirmed }: Record<string, number>) => matched === 0 && confirmed === 0),
    ).toBe(true);
    expect((await on.get(`/v1/agent/rules?from=${before}&to=${before}`, boss.accessToken)).status).toBe(422);
    expect((await on.get('/v1/agent/rules', other.accessToken)).status).toBe(403);

    const events = async () => (await on.pool.query('select count(*)::int as n from events')).rows[0].n;
    const written = await events();
    const rehearsed = await rehearse(on.instance.ctx, 1);
    expect(rehearsed.find(({ rule }) => rule === 'marked-hostile')).toEqual({
      ...{ rule: 'marked-hostile', mode: 'live', matched: 4, accounts: 3, freezes: 0 },
    });
    expect(await events(), 'a rehearsal writes nothing').toBe(written);
    on.clock.advance(2 * DAY);
    expect((await rehearse(on.instance.ctx, 1)).every(({ matched }) => matched === 0)).toBe(true);
    await on.close();
  });
});
