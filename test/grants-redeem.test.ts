import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { type Harness, newAgent, newApiKey, openHarness } from './support/harness.ts';
import {
  confirm,
  decide,
  eventsOf,
  move,
  newGrant,
  newPayer,
  nextCode,
  payment,
  request,
  shoes,
  verdictOf,
} from './support/payer.ts';
import { holding, untilWaiting } from './support/races.ts';
import { freezeByAgent, hostKey, newAccount, signIn } from './support/seed.ts';

let h: Harness;
/** Where no money leaves without a grant. */
let strict: Harness;
beforeAll(async () => {
  [h, strict] = await Promise.all([openHarness(), openHarness({ policy: { 'transactions.grant': 'required' } })]);
});
afterAll(async () => {
  await Promise.all([h.close(), strict.close()]);
});

const typesOf = async (where: Harness, accountId: string) =>
  (
    await where.pool.query("select type from events where account_id = $1 and type like 'grant.%' order by id", [
      accountId,
    ])
  ).rows.map(({ type }) => type);

describe('a grant', () => {
  it('PS-97.1 is what a payment waits for where one is required', async () => {
    const payer = await newPayer(strict);
    for (const kind of ['payment', 'withdrawal']) {
      const wanted = move(payer, { kind });
      const first = await decide(strict, wanted);
      expect(first.body).toMatchObject({
        decision: 'challenge',
        status: 'decided',
        reasons: [{ rule: 'grant:missing', text: expect.any(String) }],
      });
      expect((await decide(strict, wanted)).body, 'the same answer to the same fields').toEqual(first.body);
      const grant = await newGrant(strict, payer, { ...payment, action: kind });
      const allowed = await decide(strict, { ...wanted, grant });
      expect(allowed.body).toEqual({ ...first.body, decision: 'allow', reasons: [] });
      for (const again of [wanted, { ...wanted, grant }, { ...wanted, grant: 'hf_gr_of-no-one' }]) {
        expect((await decide(strict, again)).body, 'its answer stands').toEqual(allowed.body);
      }
      const read = await strict.get(`/v1/server/transactions/${wanted.transactionId}`, await hostKey(strict));
      expect(read.body).toEqual(allowed.body);
    }
    for (const kind of ['deposit', 'refund']) {
      expect(verdictOf(await decide(strict, move(payer, { kind }))), 'money coming in asks nothing').toBe('allow');
    }
    expect(await typesOf(strict, payer.accountId)).toEqual(
      Array(2).fill(['grant.requested', 'grant.confirmed', 'grant.redeemed']).flat(),
    );
  });

  it('is decided anew where the challenge comes again with another one', async () => {
    const payer = await newPayer(strict);
    const wanted = move(payer);
    await decide(strict, wanted);
    expect(verdictOf(await decide(strict, { ...wanted, grant: 'hf_gr_of-no-one' }))).toBe('challenge grant:unknown');
    expect(verdictOf(await decide(strict, wanted)), 'what stands').toBe('challenge grant:unknown');
    const grant = await newGrant(strict, payer);
    expect(verdictOf(await decide(strict, { ...wanted, amount: '12.51', grant }))).toBe('409 transaction-conflict');
    expect(verdictOf(await decide(strict, { ...wanted, grant })), 'other fields under the id were an alteration').toBe(
      'challenge grant:void',
    );
    const another = await newGrant(strict, payer);
    expect(verdictOf(await decide(strict, { ...wanted, grant: another }))).toBe('allow');
    const { rows } = await strict.pool.query('select decision from transactions where transaction_id = $1', [
      wanted.transactionId,
    ]);
    expect(rows).toEqual([{ decision: 'allow' }]);
  });

  it.each([
    ['12.5', 'EUR', '12.50'],
    ['0012.50', 'EUR', '12.5'],
    ['1200', 'JPY', '01200'],
    ['1.5', 'KWD', '1.500'],
  ])('PS-5.1 of %s %s is the same as of %s', async (amount, currency, spelled) => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer, { ...payment, amount, currency });
    expect(verdictOf(await decide(h, move(payer, { amount: spelled, currency, grant })))).toBe('allow');
  });

  it('binds the payee’s name only where both name it', async () => {
    const payer = await newPayer(h);
    const { id } = shoes.payee;
    for (const [named, given] of [
      [shoes.payee, { id }],
      [{ id }, shoes.payee],
    ]) {
      const grant = await newGrant(h, payer, { ...payment, payee: named });
      expect(verdictOf(await decide(h, move(payer, { payee: given, grant })))).toBe('allow');
    }
  });

  it('is not owed where none is required, and relied on where one is sent', async () => {
    const { accountId } = await newAccount(h);
    expect(verdictOf(await decide(h, move({ accountId })))).toBe('allow');
    expect(verdictOf(await decide(h, move({ accountId }, { grant: 'hf_gr_of-no-one' })))).toBe(
      'challenge grant:unknown',
    );
  });

  it('V8.2.1 is confirmed before it is worth anything, and its id is no grant', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    expect(verdictOf(await decide(h, move(payer, { grant: grantId })))).toBe('challenge grant:unknown');
  });
});

describe('PS-5.1 PS-5.2 OW-TX5 an alteration voids the grant for good, whatever it is in', () => {
  const alterations: [string, object, string[]][] = [
    ['amount, by a cent', { amount: '12.51' }, ['amount']],
    ['amount, by its decimal point', { amount: '1250' }, ['amount']],
    ['currency', { currency: 'USD' }, ['currency']],
    ['payee', { payee: { id: 'DE02500105170137075030', name: shoes.payee.name } }, ['payee-id']],
    ['name of the payee', { payee: { ...shoes.payee, name: 'Shoe Shоp' } }, ['payee-name']],
    ['payee, by leaving it out', { payee: undefined }, ['payee-id']],
    ['kind', { kind: 'withdrawal' }, ['action']],
    ['kind, to money coming in', { kind: 'refund' }, ['action']],
    ['session', { sessionId: randomUUID() }, ['session']],
    ['all at once', { amount: '9999', currency: 'USD', payee: { id: 'x' } }, ['amount', 'currency', 'payee-id']],
  ];
  it.each(alterations)('%s', async (_, change, differences) => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const wanted = move(payer, { sessionId: payer.sessionId });
    expect(verdictOf(await decide(h, { ...wanted, ...change, grant }))).toBe('challenge grant:altered');
    // What the payer did confirm is not possible with it any more either.
    expect(verdictOf(await decide(h, { ...wanted, transactionId: randomUUID(), grant }))).toBe('challenge grant:void');
    const [event, ...more] = await eventsOf(h, payer.accountId, 'grant.altered');
    expect(more).toEqual([]);
    expect(event.actor_kind).toBe('host');
    expect(event.detail).toEqual({
      grantId: expect.any(String),
      transactionId: wanted.transactionId,
      differences,
    });
    expect(await eventsOf(h, payer.accountId, 'grant.redeemed')).toEqual([]);
  });

  it('the account: it is void for its owner, who is told, and gives the other nothing', async () => {
    const [payer, other] = [await newPayer(h), await newPayer(h)];
    const grant = await newGrant(h, payer);
    expect(verdictOf(await decide(h, move(other, { grant })))).toBe('challenge grant:altered');
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('challenge grant:void');
    const [event] = await eventsOf(h, payer.accountId, 'grant.altered');
    expect(event.detail.differences).toEqual(['account']);
    expect(await eventsOf(h, other.accountId, 'grant.altered')).toEqual([]);
    const told = (await h.mails(payer.email))[0];
    expect(told?.subject).toBe('A confirmation of yours was used for something else');
    expect(told?.text).toMatch(/\/freeze#token=\S+/);
    expect((await h.mails(other.email)).map(({ subject }) => subject)).not.toContain(told?.subject);
  });

  it('under an id that stands already with other fields', async () => {
    const payer = await newPayer(h);
    const wanted = move(payer);
    expect(verdictOf(await decide(h, { ...wanted, amount: '1.00' }))).toBe('allow');
    const grant = await newGrant(h, payer);
    // The grant fits what is sent: the conflict is the host's own, and the grant good for another id.
    expect(verdictOf(await decide(h, { ...wanted, grant }))).toBe('409 transaction-conflict');
    expect(verdictOf(await decide(h, { ...wanted, amount: '99.00', grant }))).toBe('409 transaction-conflict');
    expect(verdictOf(await decide(h, { ...move(payer), grant }))).toBe('challenge grant:void');
    expect(await eventsOf(h, payer.accountId, 'grant.altered')).toHaveLength(1);
  });
});

describe('OW-TX3 OW-TX7 a grant is spent once', () => {
  it('V2.3.4 by one of sixteen transactions at once', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const answers = await Promise.all(Array.from({ length: 16 }, () => decide(h, move(payer, { grant }))));
    const verdicts = answers.map(verdictOf).sort();
    expect(verdicts).toEqual(['allow', ...Array(15).fill('challenge grant:used')]);
    expect(await eventsOf(h, payer.accountId, 'grant.redeemed')).toHaveLength(1);
  });

  it('V2.3.4 by one transaction that is sent sixteen times at once, with one answer', async () => {
    const payer = await newPayer(strict);
    const wanted = move(payer);
    await decide(strict, wanted);
    const grant = await newGrant(strict, payer);
    const answers = await Promise.all(Array.from({ length: 16 }, () => decide(strict, { ...wanted, grant })));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(verdictOf)).toEqual(Array(16).fill('allow'));
    expect(await eventsOf(strict, payer.accountId, 'grant.redeemed')).toHaveLength(1);
  });

  it('V2.3.4 of several for one transaction at once only one is spent', async () => {
    const payer = await newPayer(h);
    const wanted = move(payer);
    const grants: string[] = [];
    for (let one = 0; one < 4; one++) grants.push(await newGrant(h, payer));
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, turn) => decide(h, { ...wanted, grant: grants[turn % 4] })),
    );
    expect(answers.map(verdictOf)).toEqual(Array(16).fill('allow'));
    expect(await eventsOf(h, payer.accountId, 'grant.redeemed')).toHaveLength(1);
  });

  it('V2.3.4 or altered by one of sixteen, never both', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, turn) => decide(h, move(payer, { grant, ...(turn % 2 ? { amount: '99' } : {}) }))),
    );
    const ends = ['grant.redeemed', 'grant.altered'];
    const types = (await typesOf(h, payer.accountId)).filter((type) => ends.includes(type));
    expect(types).toHaveLength(1);
    expect(answers.filter((it) => verdictOf(it) === 'allow')).toHaveLength(types[0] === 'grant.redeemed' ? 1 : 0);
  });

  it.each([
    [119_999, 'allow'],
    [120_000, 'challenge grant:expired'],
  ])('OW-TX8 within two minutes of confirming: after %i ms %s', async (waited, verdict) => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    h.clock.advance(waited);
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe(verdict);
  });
});

describe('a hold', () => {
  it('refuses what a grant permits, and ends the grant with it', async () => {
    const payer = await newPayer(h);
    const agent = await newAgent(h);
    const grant = await newGrant(h, payer);
    const until = new Date(h.clock.now().getTime() + 60_000).toISOString();
    const hold = { scope: 'payments', reasonCode: 'review', note: 'Odd', expiresAt: until };
    await h.post(`/v1/agent/accounts/${payer.accountId}/holds`, hold, { token: agent.accessToken });
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('deny hold:review');
    h.clock.advance(60_000);
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('challenge grant:void');
    const [event] = await eventsOf(h, payer.accountId, 'grant.voided');
    expect(event.detail.reason).toBe('held');
  });

  it('that comes with an alteration does not hide it', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const hold = { scope: 'payments', reasonCode: 'review', note: 'Odd' };
    await h.post(`/v1/agent/accounts/${payer.accountId}/holds`, hold, { token: (await newAgent(h)).accessToken });
    expect(verdictOf(await decide(h, move(payer, { amount: '13', grant })))).toBe('deny hold:review');
    expect(await eventsOf(h, payer.accountId, 'grant.altered')).toHaveLength(1);
  });

  it('V8.3.2 that freezes while sixteen redeem lets none through after it', async () => {
    const payer = await newPayer(h);
    const agent = await newAgent(h);
    const grants: string[] = [];
    for (let one = 0; one < 4; one++) grants.push(await newGrant(h, payer));
    // Everybody waits for the account's lock in one queue, the freeze in the middle of it.
    const lock = 'select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))';
    const redeem = (turn: number) => decide(h, move(payer, { grant: grants[turn % 4] }));
    const started = await holding(h, lock, [payer.accountId], async () => {
      const before = [0, 1].map(redeem);
      await untilWaiting(h, 2);
      const frozen = freezeByAgent(h, agent, payer.accountId);
      await untilWaiting(h, 3);
      const after = Array.from({ length: 6 }, (_, turn) => redeem(turn));
      await untilWaiting(h, 9);
      return { before, frozen, after };
    });
    expect((await started.frozen).status).toBe(201);
    expect((await Promise.all(started.before)).map(verdictOf)).toEqual(['allow', 'allow']);
    expect((await Promise.all(started.after)).map(verdictOf)).toEqual(Array(6).fill('deny hold:account-takeover'));
    const more = await Promise.all(Array.from({ length: 8 }, (_, turn) => redeem(turn)));
    expect(more.map(verdictOf)).toEqual(Array(8).fill('deny hold:account-takeover'));
    expect(await eventsOf(h, payer.accountId, 'grant.redeemed')).toHaveLength(2);
  });

  it('V8.3.2 that freezes while sixteen confirm leaves no grant that is worth anything', async () => {
    const payer = await newPayer(h);
    const agent = await newAgent(h);
    const code = nextCode(h, payer);
    const ids = await Promise.all(Array.from({ length: 16 }, () => request(h, payer)));
    const work = ids.map(({ body }) => confirm(h, payer, body.grantId, { code }));
    const [frozen, ...confirmed] = await Promise.all([freezeByAgent(h, agent, payer.accountId), ...work]);
    expect(frozen?.status).toBe(201);
    for (const { body } of confirmed) {
      if (body.grant === undefined) continue;
      expect(verdictOf(await decide(h, move(payer, { grant: body.grant })))).toMatch(/^deny/);
    }
    await h.pool.query('update holds set released_at = since where account_id = $1', [payer.accountId]);
    for (const { body } of confirmed) {
      if (body.grant === undefined) continue;
      expect(verdictOf(await decide(h, move(payer, { grant: body.grant })))).toBe('challenge grant:void');
    }
  });
});

describe('a grant for a security change', () => {
  const redeem = async (body: object, token?: string) =>
    await h.post('/v1/server/grants/redeem', body, { token: token ?? (await hostKey(h)) });

  it('OW-TX2 is spent by the host once, on the account and session it is for', async () => {
    const payer = await newPayer(h);
    const { accountId, sessionId } = payer;
    const grant = await newGrant(h, payer, { action: 'security-change' });
    const answers = await Promise.all(Array.from({ length: 16 }, () => redeem({ grant, accountId, sessionId })));
    expect(answers.map(verdictOf).sort()).toEqual(['allow', ...Array(15).fill('challenge grant:used')]);
    const another = await newGrant(h, payer, { action: 'security-change' });
    expect(verdictOf(await redeem({ grant: another, accountId, sessionId: randomUUID() }))).toBe(
      'challenge grant:altered',
    );
    expect(verdictOf(await redeem({ grant: another, accountId }))).toBe('challenge grant:void');
  });

  it('permits no payment, and that of a payment no change', async () => {
    const payer = await newPayer(h);
    const { accountId } = payer;
    const change = await newGrant(h, payer, { action: 'security-change' });
    expect(verdictOf(await decide(h, move(payer, { grant: change })))).toBe('challenge grant:altered');
    const paying = await newGrant(h, payer);
    expect(verdictOf(await redeem({ grant: paying, accountId }))).toBe('challenge grant:altered');
  });

  it('is refused under a hold, for nobody, and without the scope', async () => {
    const payer = await newPayer(h);
    const { accountId } = payer;
    const grant = await newGrant(h, payer, { action: 'security-change' });
    expect((await redeem({ grant, accountId: randomUUID() })).body.errors[0].pointer).toBe('/accountId');
    expect(verdictOf(await redeem({ grant, accountId }, await newApiKey(h, ['accounts:read'])))).toBe('403 forbidden');
    expect(verdictOf(await redeem({ grant, accountId }, payer.accessToken))).toBe('401 unauthorized');
    await freezeByAgent(h, await newAgent(h), accountId);
    expect(verdictOf(await redeem({ grant, accountId }))).toBe('deny hold:account-takeover');
  });
});

describe('what is left of a grant', () => {
  it('PS-72 is exported with everything else, without its token, and goes with the day or the person', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const transactionId = randomUUID();
    await decide(h, move(payer, { transactionId, grant }));
    const session = await signIn(h, payer.email, { code: nextCode(h, payer) });
    const { body } = await h.get('/v1/me/export', session.accessToken);
    expect(body.grants).toEqual([
      expect.objectContaining({ action: 'payment', amount: '12.50', payeeId: shoes.payee.id, factor: 'totp' }),
    ]);
    expect(JSON.stringify(body)).not.toContain('token_hash');
    const other = await newPayer(h);
    await newGrant(h, other);
    await h.post(`/v1/server/accounts/${other.accountId}/erase`, undefined, { token: await hostKey(h) });
    const left = async (id: string) =>
      (await h.pool.query('select 1 from grants where account_id = $1', [id])).rows.length;
    expect(await left(other.accountId)).toBe(0);
    h.clock.advance(86_400_000 + 300_001);
    await keepHouse(h.instance.ctx);
    expect(await left(payer.accountId)).toBe(0);
    const [event] = await eventsOf(h, payer.accountId, 'grant.redeemed');
    expect(event.detail).toEqual({ grantId: expect.any(String), transactionId, factor: 'totp' });
  });
});
