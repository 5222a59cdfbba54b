import { createHash } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, someEmail, type TestAgent } from './support/harness.ts';
import { count, freezeByAgent, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

const DAY = 86_400_000;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const said = { kind: 'takeover', message: 'Somebody is in my account', contact: '+49 30 1234567' };
const report = (identifier: string, more: object = {}) => h.post('/v1/auth/report', { identifier, ...said, ...more });
const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });
const confirmMails = async (email: string) =>
  (await h.mails(email)).filter(({ text }) => text.includes('/report#token='));

async function caseOf(accountId: string) {
  const { rows } = await h.pool.query('select * from cases where account_id = $1 order by id', [accountId]);
  return rows;
}

describe('a report by somebody who proved nothing', () => {
  it('is received at any time, signed out, locked and frozen', async () => {
    const frozen = await newAccount(h);
    await freezeByAgent(h, agent, frozen.accountId);
    const locked = await newAccount(h);
    for (let n = 0; n < 5; n++) await signIn(h, locked.email, { password: 'not the right one at all' });
    for (const { email, accountId } of [frozen, locked]) {
      const { status, body } = await report(email);
      expect(status).toBe(202);
      expect(Object.keys(body).sort()).toEqual(['receipt', 'reference', 'respondBy']);
      expect(await count(h, 'anonymous_reports', accountId)).toBe(1);
    }
  });

  it('gives a receipt that anybody can check, of what was said and when, and of nothing else', async () => {
    const { email, accountId } = await newAccount(h);
    const { body } = await report(email);
    const keys = createLocalJWKSet((await h.get('/.well-known/jwks.json')).body);
    const { payload, protectedHeader } = await jwtVerify(body.receipt, keys);
    expect(protectedHeader.typ).toBe('receipt+jwt');
    const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
    const { respondBy, reference } = body;
    const at = h.clock.now().toISOString();
    const about = { about: digest(email), message: digest(said.message) };
    expect(payload).toMatchObject({ event: 'reported', kind: 'takeover', report: reference, at, respondBy, ...about });
    expect(JSON.stringify(payload)).not.toContain(accountId);
  });

  it('places no hold, ends no session, and opens a case that is not above normal, with no priority of its kind', async () => {
    const owner = await newSignedIn(h);
    await report(owner.email);
    expect((await h.get('/v1/me', owner.accessToken)).body.holds).toEqual([]);
    expect(await caseOf(owner.accountId)).toMatchObject([{ kind: 'takeover', priority: 'normal' }]);
    expect(await count(h, 'holds', owner.accountId)).toBe(0);
  });

  it('shows agents a claim, and the owner none of its words: a stranger must not speak to them through us', async () => {
    const owner = await newSignedIn(h);
    await report(owner.email, { message: 'Call 0900 123 to get your money back', channel: 'phone' });
    const [{ id }] = await caseOf(owner.accountId);
    const { body } = await h.get(`/v1/agent/cases/${id}/claims`, agent.accessToken);
    expect(body.items).toMatchObject([{ contact: said.contact, channel: 'phone', confirmedAt: null }]);
    expect((await h.get(`/v1/me/cases/${id}`, owner.accessToken)).text).not.toContain('0900');
    expect((await confirmMails(owner.email))[0]?.text).not.toMatch(/0900|1234567/);
    expect((await h.get(`/v1/agent/cases/${id}/claims`, owner.accessToken)).status).toBe(401);
    expect(await count(h, 'events', owner.accountId, "type = 'account.read' and detail->>'view' = 'claims'")).toBe(1);
  });

  it('writes to the addresses on file alone, never to the contact it names', async () => {
    const { email } = await newAccount(h);
    const contact = someEmail();
    await report(email, { contact });
    expect(await confirmMails(email)).toHaveLength(1);
    expect(await h.mails(contact)).toEqual([]);
  });

  it('keeps nothing for an identifier that nobody has', async () => {
    const tables = ['events', 'deliveries', 'anonymous_reports', 'cases', 'receipts', 'case_messages', 'tickets'];
    const rows = async () => {
      const counts = tables.map((table) => `(select count(*) from ${table})`);
      return (await h.pool.query(`select ${counts.join(', ')}`)).rows;
    };
    const before = await rows();
    expect((await report(someEmail())).status).toBe(202);
    expect(await rows()).toEqual(before);
  });

  it('V6.3.8 answers an identifier that nobody has as any other, to the length', async () => {
    const { email, accountId } = await newAccount(h);
    const nobody = `${'n'.repeat(email.indexOf('@'))}@example.com`;
    const shape = async (identifier: string) => {
      const { status, body, text } = await report(identifier);
      const claims = Object.keys(decodeJwt(body.receipt));
      return [status, text.length, body.reference.length, body.receipt.length, claims, body.respondBy];
    };
    const unknown = await shape(nobody);
    expect(await shape(email)).toEqual(unknown);
    // Again, while one is open, and past what is kept of one.
    for (let n = 0; n < 6; n++) expect(await shape(email)).toEqual(unknown);
    expect(await count(h, 'anonymous_reports', accountId)).toBe(5);
  });

  it('is found by an address that was changed while that can be undone: a thief changes it first', async () => {
    const { email, accountId } = await newAccount(h);
    const until = new Date(h.clock.now().getTime() + DAY);
    await h.pool.query('update identifiers set reserved_until = $2, confirmed_at = null where account_id = $1', [
      accountId,
      until,
    ]);
    await report(email);
    expect(await count(h, 'anonymous_reports', accountId)).toBe(1);
  });

  it('comes together in one case, whatever its kind and however many at once', async () => {
    const { email, accountId } = await newAccount(h);
    const kinds = ['takeover', 'scam', 'complaint', 'locked-out', 'unauthorised-transaction'];
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => report(email, { kind: kinds[n % kinds.length] })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.reference)).size).toBe(16);
    expect(await caseOf(accountId)).toHaveLength(1);
    expect(await count(h, 'anonymous_reports', accountId)).toBe(5);
  });

  it('cannot flood the mailbox: five a day', async () => {
    const { email } = await newAccount(h);
    for (let n = 0; n < 8; n++) await report(email);
    expect(await confirmMails(email)).toHaveLength(5);
  });

  it('is refused past the limit of its address, and for what is no report', async () => {
    const ip = '203.0.113.77';
    const ask = (body: object) => h.post('/v1/auth/report', body, { ip });
    for (let n = 0; n < 10; n++) expect((await ask({ identifier: someEmail(), ...said })).status).toBe(202);
    const refused = await ask({ identifier: someEmail(), ...said });
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-requests']);
    const wrong = await report('ana@example.com', { kind: 'gossip', message: ' ' });
    expect(wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(['/kind', '/message']);
  });
});

describe('a report that its owner stands by', () => {
  it('is verified and urgent by the press of the mailed link, once among sixteen', async () => {
    const { email, accountId } = await newAccount(h);
    const { reference } = (await report(email)).body;
    const [mail] = await confirmMails(email);
    expect(mail?.text).toContain(reference);
    const token = await mailedToken(h, email, 'report');
    expect((await h.post('/v1/auth/link', { token })).body.purpose).toBe('confirm-report');
    expect(await caseOf(accountId)).toMatchObject([{ priority: 'normal' }]);
    const answers = await Promise.all(Array.from({ length: 16 }, () => press(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'invalid-token')).toHaveLength(15);
    const [theCase] = await caseOf(accountId);
    expect(theCase).toMatchObject({ priority: 'urgent' });
    expect(theCase.respond_by.getTime()).toBe(h.clock.now().getTime() + 3_600_000);
    const used = answers.find(({ status }) => status === 200)?.body;
    expect(used.caseReference).toBe(theCase.reference);
    expect(decodeJwt(used.receipt)).toMatchObject({ event: 'reported', sub: accountId });
    expect(await count(h, 'receipts', accountId)).toBe(1);
    expect(await count(h, 'holds', accountId)).toBe(0);
    const { body } = await h.get(`/v1/agent/cases/${theCase.id}/claims`, agent.accessToken);
    expect(body.items).toMatchObject([{ reference, confirmedAt: h.clock.now().toISOString() }]);
  });

  it('is the one that was confirmed: a stranger’s beside it stays a claim', async () => {
    const { email, accountId } = await newAccount(h);
    await report(email, { message: 'A stranger’s words' });
    const { reference } = (await report(email, { message: 'The owner’s words' })).body;
    const mail = (await confirmMails(email)).find(({ text }) => text.includes(reference));
    const token = /\/report#token=(\S+)/.exec(mail?.text ?? '')?.[1] as string;
    expect((await press(token)).status).toBe(200);
    const { rows } = await h.pool.query(
      'select message from anonymous_reports where account_id = $1 and confirmed_at is not null',
      [accountId],
    );
    expect(rows).toEqual([{ message: 'The owner’s words' }]);
  });

  it('opens another case where the first was closed meanwhile', async () => {
    const { email, accountId } = await newAccount(h);
    await report(email);
    await h.pool.query('update cases set closed_at = $2 where account_id = $1', [accountId, h.clock.now()]);
    expect((await press(await mailedToken(h, email, 'report'))).status).toBe(200);
    expect(await caseOf(accountId)).toMatchObject([{ priority: 'normal' }, { priority: 'urgent', closed_at: null }]);
  });

  it('is confirmed by whoever is signed in and has its reference, and by nobody else', async () => {
    const owner = await newSignedIn(h);
    const other = await newSignedIn(h);
    const { reference } = (await report(owner.email)).body;
    const confirm = (token: string) => h.post('/v1/me/reports/confirm', { reference }, { token });
    expect((await confirm(other.accessToken)).body.code).toBe('not-found');
    const { body } = await confirm(owner.accessToken);
    expect(await caseOf(owner.accountId)).toMatchObject([{ priority: 'urgent', reference: body.caseReference }]);
    expect((await confirm(owner.accessToken)).body.code).toBe('not-found');
  });

  it('does not slow the owner: a freeze makes urgent what a stranger opened first', async () => {
    const owner = await newSignedIn(h);
    await report(owner.email);
    const { body } = await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    expect(await caseOf(owner.accountId)).toMatchObject([{ priority: 'urgent', reference: body.caseReference }]);
  });

  it('does not slow the owner: their own report raises it too', async () => {
    const owner = await newSignedIn(h);
    await report(owner.email, { kind: 'scam' });
    await h.post('/v1/me/reports', { kind: 'scam', message: 'They called' }, { token: owner.accessToken });
    expect(await caseOf(owner.accountId)).toMatchObject([{ kind: 'scam', priority: 'high' }]);
  });
});

describe('the progress of such a report', () => {
  const ask = (reference: string, receipt: string) => h.post('/v1/auth/report/progress', { reference, receipt });

  it('is read from the receipt, alike whether or not there is such an account', async () => {
    const { email } = await newAccount(h);
    for (const identifier of [email, someEmail()]) {
      const { reference, receipt, respondBy } = (await report(identifier)).body;
      const known = await ask(reference, receipt);
      const receivedAt = h.clock.now().toISOString();
      expect(known.body).toEqual({ kind: 'takeover', status: 'received', receivedAt, respondBy });
    }
  });

  it('says when the promise has come due', async () => {
    const { reference, receipt, respondBy } = (await report(someEmail())).body;
    h.clock.advance(new Date(respondBy).getTime() - h.clock.now().getTime());
    expect((await ask(reference, receipt)).body.status).toBe('due');
    agent = await newAgent(h);
  });

  it('is refused for another’s reference, a forged receipt and a receipt of something else', async () => {
    const owner = await newSignedIn(h);
    const { reference, receipt } = (await report(owner.email)).body;
    const frozen = (await h.post('/v1/me/freeze', {}, { token: owner.accessToken })).body;
    const forged = `${receipt.slice(0, -10)}AAAAAAAAAA`;
    const tries = [
      ['HF-2345-ABCD', receipt],
      [reference, forged],
      [reference, frozen.receipt],
      [reference, 'nothing'],
    ];
    for (const [name, shown] of tries as [string, string][])
      expect(await ask(name, shown)).toMatchObject({ status: 400, body: { code: 'invalid-token' } });
  });
});
