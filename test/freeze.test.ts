import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newAgent,
  newOwner,
  openHarness,
  type TestAgent,
} from './support/harness.ts';
import {
  count,
  freezeByAgent,
  freezeLinkOf,
  hostKey,
  newAccount,
  newSignedIn,
  reason,
  signIn,
} from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Pressed = { accountId: string; email: string; accessToken: string };
type Press = { source: string; actor: string; press: (who: Pressed) => Promise<Answer> };

const presses: Record<string, Press> = {
  'an agent': { source: 'agent', actor: 'agent', press: ({ accountId }) => freezeByAgent(h, agent, accountId) },
  'the owner': {
    source: 'owner',
    actor: 'owner',
    press: ({ accessToken }) => h.post('/v1/me/freeze', {}, { token: accessToken }),
  },
  'the host': {
    source: 'agent',
    actor: 'host',
    press: async ({ accountId }) =>
      h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token: await hostKey(h) }),
  },
  'a mailed link': {
    source: 'owner',
    actor: 'owner',
    press: async ({ email }) => h.post('/v1/auth/link/use', { token: await freezeLinkOf(h, email), confirm: true }),
  },
};

async function rows(table: string, accountId: string) {
  return (await h.pool.query(`select * from ${table} where account_id = $1`, [accountId])).rows;
}

async function ticketsOf(accountId: string) {
  const sql = 'select t.* from tickets t join cases c on c.id = t.case_id where c.account_id = $1';
  return (await h.pool.query(sql, [accountId])).rows;
}

describe('freezing', () => {
  it.each(Object.entries(presses))(
    'by %s contains the account in one press',
    async (_who, { source, actor, press }) => {
      const owner = await newSignedIn(h);
      await h.post('/v1/auth/password-reset', { identifier: owner.email });
      await h.mails();
      const answer = await press(owner);
      expect(answer.status, answer.text).toBeLessThan(202);
      const [hold, ...others] = await rows('holds', owner.accountId);
      expect(others).toEqual([]);
      expect(hold).toMatchObject({ scope: 'all', source, released_at: null, until: null });
      expect(await count(h, 'sessions', owner.accountId, 'ended_at is null')).toBe(0);
      expect(await count(h, 'sessions', owner.accountId, "end_reason = 'frozen'")).toBeGreaterThan(0);
      expect(await count(h, 'devices', owner.accountId)).toBe(0);
      expect(await count(h, 'challenges', owner.accountId)).toBe(0);
      expect(await count(h, 'links', owner.accountId, "purpose = 'reset-password' and voided_at is null")).toBe(0);
      const [theCase, ...otherCases] = await rows('cases', owner.accountId);
      expect(otherCases).toEqual([]);
      expect(theCase).toMatchObject({ kind: 'takeover', priority: 'urgent', closed_at: null });
      expect(hold.case_id).toBe(theCase.id);
      expect(await ticketsOf(owner.accountId)).toMatchObject([{ case_id: theCase.id, priority: 'urgent' }]);
      const events = (await rows('events', owner.accountId)).filter((event) => event.case_id === theCase.id);
      const expected = [
        'account.frozen',
        'case.opened',
        ...(_who === 'a mailed link' ? ['freeze-link.used', 'window.proposed'] : []),
      ];
      expect(events.map((event) => event.type).sort()).toEqual(expected);
      expect(new Set(events.map((event) => event.actor_kind))).toEqual(new Set([actor]));
      expect(await count(h, 'receipts', owner.accountId)).toBe(1);
    },
  );

  it('ends challenges, and the codes of a half-done sign-in open nothing', async () => {
    const owner = await newOwner(h);
    const { recoveryCodes } = await enrolTotp(h, owner);
    const { challenge } = await signIn(h, owner.email);
    await freezeByAgent(h, agent, owner.accountId);
    const input = { challenge, factor: 'recovery-code', code: recoveryCodes[0] };
    expect((await h.post('/v1/auth/second-factor', input)).body.code).toBe('invalid-challenge');
  });

  it('V7.4.1 kills a live access token at once', async () => {
    const owner = await newSignedIn(h);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
    await freezeByAgent(h, agent, owner.accountId);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    const token = await hostKey(h);
    const answer = await h.post('/v1/server/sessions/introspect', { token: owner.accessToken }, { token });
    expect(answer.text).toBe('{"active":false}');
  });

  it('PS-68 gives a receipt that anybody can verify with the published keys', async () => {
    const owner = await newSignedIn(h);
    const { receipt, caseReference } = (await h.post('/v1/me/freeze', {}, { token: owner.accessToken })).body;
    const keys = createLocalJWKSet((await h.get('/.well-known/jwks.json')).body);
    const { payload, protectedHeader } = await jwtVerify(receipt, keys, { algorithms: ['EdDSA'], typ: 'receipt+jwt' });
    expect(protectedHeader.kid).toBeTypeOf('string');
    expect(payload).toMatchObject({
      iss: h.instance.ctx.config.publicUrl,
      sub: owner.accountId,
      event: 'account-frozen',
      scope: 'all',
      case: caseReference,
      at: h.clock.now().toISOString(),
    });
    const [head, , signature] = receipt.split('.');
    const forged = Buffer.from(JSON.stringify({ ...payload, sub: 'somebody else' })).toString('base64url');
    await expect(jwtVerify(`${head}.${forged}.${signature}`, keys)).rejects.toThrow();
    expect((await h.get('/v1/me', receipt)).status).toBe(401);
    expect((await h.get('/v1/me/cases', receipt)).status).toBe(401);
  });

  it.each([
    ['en', /frozen/i],
    ['zh-CN', /冻结/],
  ])('PS-69 tells the owner in %s, with the reference of the case', async (locale, word) => {
    const { accountId, email } = await newAccount(h, { locale });
    const { reference } = (await freezeByAgent(h, agent, accountId)).body;
    const [mail, ...more] = await h.mails(email);
    expect(more).toEqual([]);
    expect(mail?.subject).toMatch(word);
    expect(mail?.text).toContain(reference);
    expect(mail?.html).toContain(reference);
  });

  it('opens an urgent ticket at once', async () => {
    const { accountId } = await newAccount(h);
    const { caseId, reference } = (await freezeByAgent(h, agent, accountId)).body;
    await h.mails();
    const [ticket] = (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body.items;
    expect(ticket).toMatchObject({ caseId, provider: 'builtin', priority: 'urgent', status: 'open', lastError: null });
    expect(ticket.externalId).toBe(reference);
  });

  it('gives the same hold, case and ticket when the same press comes again', async () => {
    const { accountId, email } = await newAccount(h);
    const first = (await freezeByAgent(h, agent, accountId)).body;
    h.clock.advance(60_000);
    expect((await freezeByAgent(h, agent, accountId)).body).toEqual(first);
    expect(await count(h, 'holds', accountId)).toBe(1);
    expect(await ticketsOf(accountId)).toHaveLength(1);
    expect(await h.mails(email)).toHaveLength(1);
  });

  it.each([
    ['an agent', (who: Pressed) => freezeByAgent(h, agent, who.accountId)],
    ['the owner', (who: Pressed) => h.post('/v1/me/freeze', {}, { token: who.accessToken })],
  ])('V15.4.2 makes one hold, one case and one ticket of sixteen presses by %s at once', async (_who, press) => {
    const owner = await newSignedIn(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => press(owner)));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    // Whoever came when the session had ended already is refused as anybody without one.
    expect(answers.filter(({ status }) => ![201, 401].includes(status))).toEqual([]);
    expect(await count(h, 'holds', owner.accountId)).toBe(1);
    expect(await count(h, 'cases', owner.accountId)).toBe(1);
    expect(await ticketsOf(owner.accountId)).toHaveLength(1);
    expect(await count(h, 'events', owner.accountId, "type = 'account.frozen'")).toBe(1);
    expect((await h.mails(owner.email)).filter(({ text }) => text.includes('/case#token='))).toHaveLength(1);
  });

  it('of payments alone leaves the session, and stacks under a freeze', async () => {
    const owner = await newSignedIn(h);
    const payments = await h.post('/v1/me/freeze', { scope: 'payments' }, { token: owner.accessToken });
    expect(payments.body.hold).toMatchObject({ scope: 'payments', reasonCode: 'owner-request' });
    expect((await h.get('/v1/me', owner.accessToken)).body.holds).toHaveLength(1);
    await freezeByAgent(h, agent, owner.accountId);
    const path = `/v1/server/accounts/${owner.accountId}/gate?action=payment`;
    const scopes = (await h.get(path, await hostKey(h))).body.holds.map((hold: { scope: string }) => hold.scope);
    expect(scopes.sort()).toEqual(['all', 'payments']);
    expect(await count(h, 'cases', owner.accountId)).toBe(1);
  });

  it('shows owner and host neither the id nor the source of a hold', async () => {
    const { accountId, email } = await newAccount(h);
    const placed = (await freezeByAgent(h, agent, accountId)).body.hold;
    expect(placed).toMatchObject({ source: 'agent', scope: 'all' });
    const shown = ['reasonCode', 'scope', 'since', 'until'];
    const [hold] = (await signIn(h, email)).holds;
    expect(Object.keys(hold).sort()).toEqual(shown);
    const gate = await h.get(`/v1/server/accounts/${accountId}/gate?action=sign-in`, await hostKey(h));
    expect(gate.body.allowed).toBe(false);
    expect(Object.keys(gate.body.holds[0]).sort()).toEqual(shown);
  });

  it('answers not-found for an account that does not exist, and writes nothing', async () => {
    const nobody = '01900000-0000-7000-8000-000000000000';
    expect((await freezeByAgent(h, agent, nobody)).body.code).toBe('not-found');
    const path = `/v1/server/accounts/${nobody}/freeze`;
    expect((await h.post(path, reason, { token: await hostKey(h) })).body.code).toBe('not-found');
    expect(await count(h, 'events', nobody)).toBe(0);
  });
});
