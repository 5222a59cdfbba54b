import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutApprovals } from '../src/approvals/carry-out.ts';
import { newId } from '../src/crypto/ids.ts';
import {
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  tokenIn,
} from './support/harness.ts';
import {
  ask,
  backAtWork,
  carryOut,
  DELAY,
  decide,
  HOUR,
  newAsked,
  newLost,
  newScheduled,
  newSeasoned,
  press,
  statusOf,
  verify,
  vetoLink,
} from './support/lost-factor.ts';
import { openNode } from './support/nodes.ts';
import { count, freezeByAgent, mailedToken, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 1000 } });
  agent = await newSeasoned(h, 'agent');
  lead = await newSeasoned(h, 'lead');
});
afterAll(() => h.close());

/** Moves time; whoever works here signs in again. */
async function wait(ms: number): Promise<void> {
  h.clock.advance(ms);
  agent = await backAtWork(h, agent);
  lead = await backAtWork(h, lead);
}

const staff = () => ({ agent, lead });
const factorsOf = (accountId: string) => count(h, 'totp_factors', accountId);
const events = (accountId: string, type: string) => count(h, 'events', accountId, `type = '${type}'`);
const subjects = async (to: string) => (await h.mails(to)).map(({ subject }) => subject);

describe('V6.4.4 V2.3.5 NB-R6 the reset of a lost second factor', () => {
  it('takes verified identity, two agents and 72 hours, and is told everywhere: NB-R7', async () => {
    const lost = await newLost(h, { phone: '+4915112345678' });
    const { accountId, email, caseId } = lost;
    await h.pool.query('update accounts set phone_confirmed_at = created_at where id = $1', [accountId]);
    const [other, former] = [someEmail(), someEmail()];
    await h.pool.query(
      `with address as (insert into notice_addresses (id, account_id, email, email_key, added_at, confirmed_at)
         values (gen_random_uuid(), $1, $2, $2, $4, $4))
       insert into contact_changes (id, account_id, kind, old_value, old_key, new_value, new_key, requested_at,
         expires_at, confirmed_at, undo_until)
       values (gen_random_uuid(), $1, 'email', $3, $3, $5, $5, $4, $4, $4, $4 + interval '7 days')`,
      [accountId, other, former, h.clock.now(), email],
    );
    await verify(h, agent, caseId, 'video');
    await verify(h, agent, caseId, 'old-address-code');
    const asked = await ask(h, agent, accountId, { caseId });
    expect([asked.status, asked.body]).toEqual([202, { approvalId: expect.any(String) }]);
    const { approvalId } = asked.body;
    const page = async () => (await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken)).body;
    expect((await page()).secondFactorReset).toMatchObject({ approvalId, status: 'pending', effectiveAt: null });
    expect(await subjects(other)).not.toContain('Your Holdfast second factor will be removed');

    const agreed = await decide(h, lead, approvalId);
    const effectiveAt = new Date(h.clock.now().getTime() + DELAY).toISOString();
    expect([agreed.status, agreed.body]).toMatchObject([
      200,
      { status: 'scheduled', requestedBy: agent.agentId, decidedBy: lead.agentId, effectiveAt, accountId, caseId },
    ]);
    expect((await page()).secondFactorReset).toMatchObject({ approvalId, status: 'scheduled', effectiveAt });
    for (const to of [email, other, former]) {
      const letter = (await h.mails(to)).find(({ text }) => text.includes('/veto#token='));
      expect(letter?.subject, to).toBe('Your Holdfast second factor will be removed');
      expect(letter?.text).toContain('/freeze#token=');
    }
    expect((await h.mails('+4915112345678'))[0]?.text).toMatch(/will remove the second factor.*\/veto#token=/);

    await wait(DELAY - 31_000);
    await carryOut(h);
    expect([await factorsOf(accountId), await statusOf(h, approvalId)]).toEqual([1, ['open', null]]);
    const before = await signIn(h, email);
    expect(before.status).toBe('second-factor-required');
    await wait(31_000);
    await carryOut(h);
    expect(await statusOf(h, approvalId)).toEqual(['done', null]);
    for (const table of ['totp_factors', 'recovery_codes', 'passkeys', 'sms_factors', 'devices', 'challenges'])
      expect(await count(h, table, accountId), table).toBe(0);
    expect(await count(h, 'sessions', accountId, 'ended_at is null')).toBe(0);
    const late = { challenge: before.challenge, factor: 'recovery-code', code: lost.recoveryCodes[0] };
    expect((await h.post('/v1/auth/second-factor', late)).body.code).toBe('invalid-challenge');
    for (const to of [email, other, former])
      expect(await subjects(to)).toContain('Your Holdfast second factor was removed');
    expect((await h.mails('+4915112345678'))[0]?.text).toContain('was removed, as announced');
    expect((await page()).secondFactorReset).toBeNull();

    const back = await signIn(h, email);
    expect(back.status).toBe('signed-in');
    const { holds, secondFactor } = (await h.get('/v1/me', back.accessToken)).body;
    expect(secondFactor).toMatchObject({ totp: false, recoveryCodesLeft: 0 });
    expect(holds).toContainEqual(
      expect.objectContaining({
        ...{ scope: 'withdrawals', reasonCode: 'recovery' },
        until: new Date(h.clock.now().getTime() + 48 * HOUR).toISOString(),
      }),
    );
    const { rows } = await h.pool.query(
      `select type, actor_kind, actor_id from events where account_id = $1 and case_id = $2
       and (type like 'approval.%' or type like 'second-factor.reset%') order by id`,
      [accountId, caseId],
    );
    expect(rows.map((row) => [row.type, row.actor_kind, row.actor_id])).toEqual([
      ['approval.requested', 'agent', agent.agentId],
      ['approval.approved', 'agent', lead.agentId],
      ['second-factor.reset-scheduled', 'agent', lead.agentId],
      ['second-factor.reset', 'system', null],
    ]);
  });

  it('leaves a password that is too short to stand alone good for nothing but its change: NIST 3.1.1.2', async () => {
    const { accountId, email, accessToken, recoveryCodes, caseId } = await newLost(h);
    const body = { currentPassword: PASSWORD, newPassword: 'tw3lve-Pears', code: recoveryCodes[0] };
    expect((await h.call('PUT', '/v1/me/password', { body, token: accessToken })).status).toBe(204);
    for (const kind of ['video', 'document']) await verify(h, agent, caseId, kind);
    const { approvalId } = (await ask(h, agent, accountId)).body;
    await decide(h, lead, approvalId);
    await wait(DELAY);
    await carryOut(h);
    expect((await signIn(h, email, { password: body.newPassword })).code).toBe('password-change-required');
    await h.post('/v1/auth/password-reset', { identifier: email });
    const token = await mailedToken(h, email, 'reset');
    await h.post('/v1/auth/password-reset/confirm', { token, newPassword: `${PASSWORD} anew` });
    expect((await signIn(h, email, { password: `${PASSWORD} anew` })).status).toBe('signed-in');
  });

  it('voids reset links that were mailed while a factor was asked for', async () => {
    const lost = await newScheduled(h, staff());
    await wait(DELAY - 60_000);
    await h.post('/v1/auth/password-reset', { identifier: lost.email });
    const token = await mailedToken(h, lost.email, 'reset');
    await wait(60_000);
    await carryOut(h);
    const confirm = { token, newPassword: `${PASSWORD} anew` };
    expect((await h.post('/v1/auth/password-reset/confirm', confirm)).body.code).toBe('invalid-token');
  });

  it.each([
    ['nothing was verified', []],
    ['a document alone was seen', ['document']],
    ['mailbox, phone and knowledge were all there was', ['old-address-code', 'phone-code', 'known-transactions']],
  ])('is refused where %s', async (_what, kinds) => {
    const { accountId, caseId } = await newLost(h);
    for (const kind of kinds) await verify(h, agent, caseId, kind);
    for (const body of [{}, { caseId }]) {
      const answer = await ask(h, agent, accountId, body);
      expect([answer.status, answer.body.code, answer.body.missing]).toEqual([
        ...[409, 'step-not-ready'],
        ['identity-verified'],
      ]);
    }
    expect(await events(accountId, 'approval.requested')).toBe(0);
  });

  it('is refused for another account’s case, without a factor, twice, and to auditors', async () => {
    const asked = await newAsked(h, agent);
    const other = await newLost(h);
    const strange = await ask(h, agent, other.accountId, { caseId: asked.caseId });
    expect([strange.status, strange.body.errors[0].pointer]).toEqual([422, '/caseId']);
    const again = await ask(h, lead, asked.accountId);
    expect([again.status, again.body.code, again.body.approvalId]).toEqual([409, 'approval-open', asked.approvalId]);
    await h.call('DELETE', '/v1/me/totp', { body: { code: other.recoveryCodes[0] }, token: other.accessToken });
    await h.pool.query('delete from totp_factors where account_id = $1', [other.accountId]);
    for (const kind of ['video', 'document']) await verify(h, agent, other.caseId, kind);
    expect((await ask(h, agent, other.accountId)).body.code).toBe('no-second-factor');
    expect((await ask(h, await newAgent(h, 'auditor'), asked.accountId)).status).toBe(403);
    expect((await ask(h, agent, randomUUID())).status).toBe(404);
    const bare = await ask(h, agent, asked.accountId, { note: ' ' });
    expect([bare.status, bare.body.errors[0].pointer]).toEqual([422, '/note']);
    expect((await h.post(`/v1/agent/accounts/${asked.accountId}/reset-second-factor`, { note: 'x' })).status).toBe(401);
  });

  it('is asked for once by sixteen at once', async () => {
    const { accountId, caseId } = await newLost(h);
    for (const kind of ['video', 'document']) await verify(h, agent, caseId, kind);
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask(h, agent, accountId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array(15).fill(409)]);
    expect(await count(h, 'approvals', accountId)).toBe(1);
  });
});

describe('V2.3.5 the second person', () => {
  const refused = async (who: TestAgent, approvalId: string) => {
    const { status, body } = await decide(h, who, approvalId);
    return [status, body.code, body.reason];
  };

  it('is not the first one, whatever their role', async () => {
    const asked = await newAsked(h, agent);
    expect(await refused(agent, asked.approvalId)).toEqual([403, 'self-approval', undefined]);
    await decide(h, agent, asked.approvalId, 'reject');
    const again = (await ask(h, lead, asked.accountId)).body.approvalId;
    expect(await refused(lead, again)).toEqual([403, 'self-approval', undefined]);
    expect(await events(asked.accountId, 'approval.refused')).toBe(2);
    expect(await statusOf(h, again)).toEqual(['open', null]);
  });

  it('is a lead or admin who was here for a week, and neither made nor was made by the first', async () => {
    const { approvalId, accountId } = await newAsked(h, agent);
    expect(await refused(await newSeasoned(h, 'agent'), approvalId)).toEqual([403, 'forbidden', undefined]);
    expect(await refused(await newSeasoned(h, 'auditor'), approvalId)).toEqual([403, 'forbidden', undefined]);
    expect(await refused(await newAgent(h, 'admin'), approvalId)).toEqual([403, 'second-person-required', 'too-new']);
    const made = await newSeasoned(h, 'lead');
    const maker = await newSeasoned(h, 'admin');
    const set = (id: string, by: string, age: string) =>
      h.pool.query('update agents set created_by = $2, created_at = created_at - $3::interval where id = $1', [
        id,
        by,
        age,
      ]);
    await set(made.agentId, agent.agentId, '0');
    expect(await refused(made, approvalId)).toEqual([403, 'second-person-required', 'made-by-requester']);
    const puppet = await newAgent(h, 'agent');
    await set(puppet.agentId, maker.agentId, '0');
    const other = await newLost(h);
    for (const kind of ['video', 'document']) await verify(h, puppet, other.caseId, kind);
    const wish = (await ask(h, puppet, other.accountId)).body.approvalId;
    expect(await refused(maker, wish)).toEqual([403, 'second-person-required', 'made-requester']);
    await set(made.agentId, agent.agentId, '30 days');
    expect((await decide(h, made, approvalId)).status).toBe(200);
    expect(await events(accountId, 'approval.refused')).toBe(3);
  });

  it('did not verify the owner in the same case', async () => {
    const { approvalId, caseId } = await newAsked(h, agent);
    const witness = await newSeasoned(h, 'lead');
    await verify(h, witness, caseId, 'known-transactions');
    expect(await refused(witness, approvalId)).toEqual([403, 'second-person-required', 'verified-identity']);
    expect((await decide(h, lead, approvalId)).status).toBe(200);
  });

  it('says yes once, sixteen times at once', async () => {
    const { approvalId, accountId } = await newAsked(h, agent);
    const answers = await Promise.all(Array.from({ length: 16 }, () => decide(h, lead, approvalId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(15).fill(409)]);
    expect(await events(accountId, 'second-factor.reset-scheduled')).toBe(1);
  });

  it('can say no, as the first one can, and also after the yes', async () => {
    const { approvalId, accountId, email } = await newScheduled(h, staff());
    const veto = await vetoLink(h, email);
    const outsider = await newSeasoned(h, 'agent');
    expect((await decide(h, outsider, approvalId, 'reject')).body.code).toBe('forbidden');
    expect((await decide(h, agent, approvalId, 'reject')).body).toMatchObject({
      status: 'rejected',
      endedBy: agent.agentId,
    });
    expect((await press(h, veto)).body.code).toBe('invalid-token');
    expect(await subjects(email)).toContain('Your Holdfast second factor stays');
    for (const decision of ['approve', 'reject'] as const)
      expect((await decide(h, lead, approvalId, decision)).body.code).toBe('approval-closed');
    await wait(DELAY);
    await carryOut(h);
    expect(await factorsOf(accountId)).toBe(1);
  });

  it('decides in time, or it ends and can be asked for anew', async () => {
    const { approvalId, accountId } = await newAsked(h, agent);
    await wait(72 * HOUR);
    expect((await decide(h, lead, approvalId)).body.code).toBe('approval-closed');
    const again = await ask(h, agent, accountId);
    expect(again.status).toBe(202);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'expired']);
    await wait(72 * HOUR);
    await carryOut(h);
    expect(await statusOf(h, again.body.approvalId)).toEqual(['ended', 'expired']);
    expect(await events(accountId, 'approval.ended')).toBe(2);
    expect(await factorsOf(accountId)).toBe(1);
  });

  it('is asked through a list, by status', async () => {
    const asked = await newAsked(h, agent);
    const list = async (query: string) => (await h.get(`/v1/agent/approvals${query}`, agent.accessToken)).body;
    const pending = await list('?status=pending&limit=200');
    expect(pending.items.map((item: { id: string }) => item.id)).toContain(asked.approvalId);
    expect(new Set(pending.items.map((item: { status: string }) => item.status))).toEqual(new Set(['pending']));
    expect((await list('?status=done&limit=200')).items).not.toContainEqual(
      expect.objectContaining({ id: asked.approvalId }),
    );
    const first = await list('?limit=1');
    expect(first.items[0]).toMatchObject({ id: asked.approvalId, reason: 'Phone is gone', caseId: asked.caseId });
    expect((await list(`?limit=1&cursor=${first.nextCursor}`)).items[0].id).not.toBe(asked.approvalId);
    expect((await list('?status=maybe')).errors[0].pointer).toBe('/status');
    expect((await h.get('/v1/agent/approvals', (await newAgent(h, 'auditor')).accessToken)).status).toBe(200);
    expect((await h.get('/v1/agent/approvals', asked.accessToken)).status).toBe(401);
    for (const decision of ['approve', 'reject'] as const)
      expect((await decide(h, lead, randomUUID(), decision)).status).toBe(404);
  });
});

describe('the owner’s veto', () => {
  it('is inert until pressed, once by sixteen, and stops it', async () => {
    const { email, accountId, approvalId, caseId } = await newScheduled(h, staff());
    const token = await vetoLink(h, email);
    const looks = await Promise.all(Array.from({ length: 16 }, () => h.post('/v1/auth/link', { token })));
    for (const { body } of looks)
      expect(body).toMatchObject({ purpose: 'veto', event: { type: 'second-factor.reset-scheduled', ip: null } });
    expect(await statusOf(h, approvalId)).toEqual(['open', null]);
    const pressed = await Promise.all(Array.from({ length: 16 }, () => press(h, token)));
    expect(pressed.map(({ status }) => status).sort()).toEqual([200, ...Array(15).fill(400)]);
    expect(pressed.find(({ status }) => status === 200)?.body.caseReference).toMatch(/^HF-/);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'vetoed']);
    expect((await press(h, token)).body.code).toBe('invalid-token');
    expect(await subjects(email)).toContain('Your Holdfast second factor stays');
    const comment = `reaction = 'commented' and case_id = '${caseId}'`;
    expect(await count(h, 'deliveries', accountId, comment)).toBeGreaterThan(0);
    await wait(DELAY);
    await carryOut(h);
    expect(await factorsOf(accountId)).toBe(1);
    expect((await signIn(h, email)).status).toBe('second-factor-required');
  });

  it('voids the other mailboxes’ links, and leaves the freeze link of the same mail', async () => {
    const lost = await newLost(h);
    const other = someEmail();
    await h.pool.query(
      `insert into notice_addresses (id, account_id, email, email_key, added_at, confirmed_at)
       values (gen_random_uuid(), $1, $2, $2, $3, $3)`,
      [lost.accountId, other, h.clock.now()],
    );
    for (const kind of ['video', 'document']) await verify(h, agent, lost.caseId, kind);
    await decide(h, lead, (await ask(h, agent, lost.accountId)).body.approvalId);
    const [mine, theirs] = [await vetoLink(h, lost.email), await vetoLink(h, other)];
    const letter = (await h.mails(lost.email)).find(({ text }) => text.includes('/veto#token='));
    expect((await press(h, theirs)).status).toBe(200);
    expect((await press(h, mine)).body.code).toBe('invalid-token');
    expect((await h.post('/v1/auth/link', { token: mine })).body.code).toBe('invalid-token');
    expect((await press(h, tokenIn(letter, 'freeze'))).body.hold.scope).toBe('all');
  });

  it('wins until it is done, also after its time while no node ran; not after', async () => {
    const [late, done] = [await newScheduled(h, staff()), await newScheduled(h, staff())];
    const [veto, gone] = [await vetoLink(h, late.email), await vetoLink(h, done.email)];
    await wait(DELAY + 24 * HOUR);
    expect((await press(h, veto)).status).toBe(200);
    await carryOut(h);
    expect([await factorsOf(late.accountId), await factorsOf(done.accountId)]).toEqual([1, 0]);
    expect((await press(h, gone)).body.code).toBe('invalid-token');
    expect(await statusOf(h, done.approvalId)).toEqual(['done', null]);
  });

  it('does not last for ever', async () => {
    const { email, approvalId } = await newScheduled(h, staff());
    const token = await vetoLink(h, email);
    await wait(DELAY + 15 * 24 * HOUR);
    expect((await press(h, token)).body.code).toBe('invalid-token');
    expect(await statusOf(h, approvalId)).toEqual(['open', null]);
    await carryOut(h);
  });

  it('takes what was shown as proof: identity must be verified anew', async () => {
    const { email, accountId, caseId } = await newScheduled(h, staff());
    await press(h, await vetoLink(h, email));
    h.clock.advance(1000);
    expect((await ask(h, agent, accountId)).body.missing).toEqual(['identity-verified']);
    const { verification } = (await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body;
    expect(verification).toMatchObject({ level: 'none', proofs: [{ counts: false }, { counts: false }] });
    for (const kind of ['video', 'document']) await verify(h, agent, caseId, kind);
    expect((await ask(h, agent, accountId)).status).toBe(202);
  });

  it('is not stopped by a hold, not even a legal one', async () => {
    const { email, accountId, approvalId } = await newScheduled(h, staff());
    await placeBare(accountId, 'legal');
    expect((await press(h, await vetoLink(h, email))).status).toBe(200);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'vetoed']);
  });
});

async function placeBare(accountId: string, source: string): Promise<void> {
  await h.pool.query(
    `insert into holds (id, account_id, scope, source, since, reason_code) values ($1, $2, 'all', $3, $4, 'review')`,
    [newId(h.clock.now()), accountId, source, h.clock.now()],
  );
}

describe('what tells against the story ends the reset', () => {
  it.each([
    [
      'a sign-in with what was said to be lost',
      async (lost: Lost) => signIn(h, lost.email, { code: lost.recoveryCodes[1] }),
    ],
    [
      'the second step of a sign-in',
      async ({ email, recoveryCodes }: Lost) => {
        const { challenge } = await signIn(h, email);
        const code = recoveryCodes[1];
        return (await h.post('/v1/auth/second-factor', { challenge, factor: 'recovery-code', code })).body;
      },
    ],
    [
      'a change proven with it',
      async ({ accessToken, recoveryCodes }: Lost) =>
        (await h.post('/v1/me/recovery-codes', { code: recoveryCodes[1] }, { token: accessToken })).body,
    ],
  ])('%s', async (_what, use) => {
    const lost = await newScheduled(h, staff());
    await signIn(h, lost.email, { code: 'ABCD-EFGH-JKLM-NPQR-STVW' });
    expect(await statusOf(h, lost.approvalId)).toEqual(['open', null]);
    expect((await use(lost)).code).toBeUndefined();
    expect(await statusOf(h, lost.approvalId)).toEqual(['ended', 'factor-used']);
    expect((await h.mails(lost.email)).find(({ subject }) => /factor stays/.test(subject))?.text).toContain('was used');
  });

  it('the factor ends a request that nobody agreed to yet, without a word to who never heard of it', async () => {
    const { email, approvalId, recoveryCodes } = await newAsked(h, agent);
    await signIn(h, email, { code: recoveryCodes[0] });
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'factor-used']);
    expect((await decide(h, lead, approvalId)).body.code).toBe('approval-closed');
    expect(await subjects(email)).not.toContain('Your Holdfast second factor stays');
  });

  it('a freeze in between, by the link in the very notice', async () => {
    const { email, accountId, approvalId } = await newScheduled(h, staff());
    const letter = (await h.mails(email)).find(({ text }) => text.includes('/veto#token='));
    expect((await press(h, tokenIn(letter, 'freeze'))).status).toBe(200);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'frozen']);
    await wait(DELAY);
    await carryOut(h);
    expect(await factorsOf(accountId)).toBe(1);
  });

  it('a change of contact that is undone', async () => {
    const lost = await newLost(h);
    const to = someEmail();
    const change = { newEmail: to, code: lost.recoveryCodes[0] };
    await h.post('/v1/me/email-change', change, { token: lost.accessToken });
    const token = await mailedToken(h, to, 'confirm-address');
    await h.post('/v1/me/email-change/confirm', { token }, { token: lost.accessToken });
    await freezeByAgent(h, agent, lost.accountId);
    for (const kind of ['video', 'document']) await verify(h, agent, lost.caseId, kind);
    const { approvalId } = (await ask(h, agent, lost.accountId)).body;
    await decide(h, lead, approvalId);
    expect(await vetoLink(h, lost.email)).toBeTypeOf('string');
    expect((await press(h, await mailedToken(h, lost.email, 'undo'))).status).toBe(200);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'contact-restored']);
  });
});

type Lost = Awaited<ReturnType<typeof newLost>>;

describe('on a frozen account', () => {
  it('a reset is a step of recovery: it is asked for and done, and the freeze stands', async () => {
    const lost = await newLost(h);
    await freezeByAgent(h, agent, lost.accountId);
    for (const kind of ['video', 'document']) await verify(h, agent, lost.caseId, kind);
    const { approvalId } = (await ask(h, agent, lost.accountId)).body;
    await decide(h, lead, approvalId);
    await wait(DELAY);
    await carryOut(h);
    expect([await statusOf(h, approvalId), await factorsOf(lost.accountId)]).toEqual([['done', null], 0]);
    expect((await signIn(h, lost.email)).code).toBe('account-held');
  });

  it('is stopped by a legal hold, before it is asked for and before it is done', async () => {
    const early = await newLost(h);
    for (const kind of ['video', 'document']) await verify(h, agent, early.caseId, kind);
    await placeBare(early.accountId, 'legal');
    const answer = await ask(h, agent, early.accountId);
    expect([answer.status, answer.body.code]).toEqual([403, 'account-held']);
    const late = await newScheduled(h, staff());
    await placeBare(late.accountId, 'legal');
    await wait(DELAY);
    await carryOut(h);
    expect([await statusOf(h, late.approvalId), await factorsOf(late.accountId)]).toEqual([['ended', 'held'], 1]);
  });
});

describe('the job', () => {
  it('does each once on several nodes at once, and catches up after downtime', async () => {
    const [first, second] = [await newScheduled(h, staff()), await newScheduled(h, staff())];
    const node = await openNode(h);
    try {
      h.clock.advance(30 * 24 * HOUR);
      const runs = Array.from({ length: 8 }, (_, n) => carryOutApprovals(n % 2 ? node.ctx : h.instance.ctx));
      await Promise.all(runs);
      for (const { accountId } of [first, second]) {
        expect(await events(accountId, 'second-factor.reset')).toBe(1);
        expect(await count(h, 'holds', accountId, "reason_code = 'recovery'")).toBe(1);
      }
    } finally {
      await node.close(500);
    }
  });

  it('and a veto at the same moment never both win', async () => {
    await wait(60_000);
    const lost = [];
    for (let n = 0; n < 4; n++) lost.push(await newScheduled(h, staff()));
    const tokens = [];
    for (const { email } of lost) tokens.push(await vetoLink(h, email));
    h.clock.advance(DELAY);
    const [, , ...pressed] = await Promise.all([carryOut(h), carryOut(h), ...tokens.map((token) => press(h, token))]);
    for (const [n, { accountId, approvalId }] of lost.entries()) {
      const isVetoed = pressed[n]?.status === 200;
      expect(await statusOf(h, approvalId)).toEqual(isVetoed ? ['ended', 'vetoed'] : ['done', null]);
      expect(await factorsOf(accountId)).toBe(isVetoed ? 1 : 0);
    }
  });
});

describe('where one person works alone', () => {
  it('48 hours and the owner’s veto stand in for the second one, before the delay', async () => {
    const own = await openHarness({ policy: { 'approvals.solo': 'true' } });
    try {
      const only = await newAgent(own, 'admin');
      const [asked, vetoed] = [await newLost(own), await newLost(own)];
      for (const { caseId } of [asked, vetoed])
        for (const kind of ['video', 'document']) await verify(own, only, caseId, kind);
      const { status, body } = await ask(own, only, asked.accountId);
      const effectiveAt = new Date(own.clock.now().getTime() + 120 * HOUR).toISOString();
      expect([status, body]).toEqual([202, { approvalId: expect.any(String), effectiveAt }]);
      expect((await decide(own, only, body.approvalId)).body.code).toBe('self-approval');
      const other = (await ask(own, only, vetoed.accountId)).body.approvalId;
      expect((await press(own, await vetoLink(own, vetoed.email))).status).toBe(200);
      own.clock.advance(120 * HOUR - 1000);
      await carryOut(own);
      expect(await statusOf(own, body.approvalId)).toEqual(['open', null]);
      own.clock.advance(1000);
      await carryOut(own);
      expect(await statusOf(own, body.approvalId)).toEqual(['done', null]);
      expect(await statusOf(own, other)).toEqual(['ended', 'vetoed']);
    } finally {
      await own.close();
    }
  });

  it('a second one, where there is one after all, has nothing to add', async () => {
    const own = await openHarness({ policy: { 'approvals.solo': 'true', 'approvals.minApproverAge': 0 } });
    try {
      const [first, second] = [await newAgent(own, 'lead'), await newAgent(own, 'lead')];
      const asked = await newAsked(own, first);
      expect((await decide(own, second, asked.approvalId)).body.code).toBe('approval-closed');
      expect((await decide(own, second, asked.approvalId, 'reject')).body.status).toBe('rejected');
    } finally {
      await own.close();
    }
  });
});

describe('minApproverAge', () => {
  it('can be nothing for the first week of an installation', async () => {
    const own = await openHarness({ policy: { 'approvals.minApproverAge': 0 } });
    try {
      const [first, second] = [await newAgent(own, 'agent'), await newAgent(own, 'lead')];
      await newScheduled(own, { agent: first, lead: second });
    } finally {
      await own.close();
    }
  });
});
