import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutApprovals } from '../src/approvals/carry-out.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { backAtWork, newSeasoned, press } from './support/lost-factor.ts';
import { complete, decide, HOUR, newFrozen, newRestorable, plantHold, release, standing } from './support/release.ts';
import { count, freezeByAgent, freezeLinkOf, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
let other: TestAgent;
let admin: TestAgent;
let chief: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  [agent, lead, other] = [await newSeasoned(h, 'agent'), await newSeasoned(h, 'lead'), await newSeasoned(h, 'lead')];
  [admin, chief] = [await newSeasoned(h, 'admin'), await newSeasoned(h, 'admin')];
});
afterAll(() => h.close());

/** Days later, when everybody has to sign in again. */
async function later(ms: number): Promise<void> {
  h.clock.advance(ms);
  agent = await backAtWork(h, agent);
  lead = await backAtWork(h, lead);
  other = await backAtWork(h, other);
  admin = await backAtWork(h, admin);
  chief = await backAtWork(h, chief);
}

const asked = async (accountId: string) =>
  (
    await h.pool.query(
      `select executed_at is not null as done, end_reason from approvals where account_id = $1 order by id`,
      [accountId],
    )
  ).rows.map(({ done, end_reason }) => (done ? 'done' : (end_reason ?? 'open')));

describe('V2.3.5 a release', () => {
  it('takes a second agent: asking changes nothing, their yes lifts the hold at once', async () => {
    const { accountId, holdId, caseId, email } = await newFrozen(h, agent);
    const wish = await release(h, agent, holdId);
    expect([wish.status, wish.body]).toEqual([202, { approvalId: expect.any(String) }]);
    expect(await standing(h, accountId)).toEqual(['agent all']);
    expect((await signIn(h, email)).code).toBe('account-held');

    const listed = (await h.get('/v1/agent/approvals?status=pending', lead.accessToken)).body.items;
    expect(listed[0]).toMatchObject({ kind: 'release-hold', subjectId: holdId, reasonCode: 'mistake', caseId });
    const { status, body } = await decide(h, lead, wish.body.approvalId);
    expect([status, body.status]).toEqual([200, 'done']);
    expect(await standing(h, accountId)).toEqual(['policy withdrawals']);
    const [row] = (await h.pool.query('select * from holds where id = $1', [holdId])).rows;
    expect(row).toMatchObject({ released_by: lead.agentId, release_reason: 'mistake', released_at: h.clock.now() });
    expect((await signIn(h, email)).status).toBe('signed-in');
  });

  it('leaves what ended ended, starts the cool-down of a recovery, and is told everywhere and to the helpdesk', async () => {
    const owner = await newFrozen(h, agent);
    const { approvalId } = (await release(h, agent, owner.holdId)).body;
    await decide(h, lead, approvalId);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(401);
    const cool = (
      await h.pool.query(`select * from holds where account_id = $1 and source = 'policy'`, [owner.accountId])
    ).rows;
    expect(cool).toMatchObject([
      { scope: 'withdrawals', reason_code: 'recovery', until: new Date(h.clock.now().getTime() + 48 * HOUR) },
    ]);
    const [mail] = await h.mails(owner.email);
    expect(mail?.subject).toMatch(/is open again/);
    expect(mail?.text).not.toMatch(/10\.\d+\.\d+\.\d+/);
    expect(
      await count(
        h,
        'deliveries d',
        owner.accountId,
        `d.kind = 'ticket' and d.event_id in (select id from events where type = 'hold.released')`,
      ),
    ).toBe(1);
    const [event] = (
      await h.pool.query(
        `select detail, actor_id, case_id from events where account_id = $1 and type = 'hold.released'`,
        [owner.accountId],
      )
    ).rows;
    expect(event).toMatchObject({
      actor_id: lead.agentId,
      case_id: owner.caseId,
      detail: { holdId: owner.holdId, releaseReason: 'mistake', scope: 'all', source: 'agent', note: 'Looked at it' },
    });
  });

  it('of one hold never lifts another', async () => {
    const { accountId, holdId } = await newFrozen(h, agent);
    await freezeByAgent(h, other, accountId, { reasonCode: 'suspected-fraud', note: 'Mine' });
    await plantHold(h, accountId, { source: 'agent', scope: 'payments' });
    await decide(h, lead, (await release(h, agent, holdId)).body.approvalId);
    expect((await standing(h, accountId)).sort()).toEqual(['agent all', 'agent payments', 'policy withdrawals']);
  });

  it('is asked for once per hold, and can be asked for anew after a no', async () => {
    const { accountId, holdId } = await newFrozen(h, agent);
    const { approvalId } = (await release(h, agent, holdId)).body;
    const again = await release(h, other, holdId);
    expect([again.status, again.body]).toMatchObject([409, { code: 'approval-open', approvalId }]);
    const second = await plantHold(h, accountId, { source: 'agent', scope: 'payments' });
    expect((await release(h, agent, second)).status).toBe(202);
    expect((await decide(h, lead, approvalId, 'reject')).status).toBe(200);
    expect((await release(h, agent, holdId)).status).toBe(202);
    expect(await asked(accountId)).toEqual(['rejected', 'open', 'open']);
  });

  it('runs out undecided after its time', async () => {
    const { accountId, holdId } = await newFrozen(h, agent);
    const { approvalId } = (await release(h, agent, holdId)).body;
    await later(73 * HOUR);
    expect((await decide(h, lead, approvalId)).body.code).toBe('approval-closed');
    await carryOutApprovals(h.instance.ctx);
    expect([await asked(accountId), await standing(h, accountId)]).toEqual([['expired'], ['agent all']]);
  });

  it('answers clearly for a hold that is over, and 404 for none', async () => {
    const { accountId, holdId } = await newFrozen(h, agent);
    await decide(h, lead, (await release(h, agent, holdId)).body.approvalId);
    expect((await release(h, agent, holdId)).body).toMatchObject({ status: 409, code: 'already-released' });
    const until = await plantHold(h, accountId, { source: 'agent', since: new Date(h.clock.now().getTime() - HOUR) });
    await h.pool.query('update holds set until = $2 where id = $1', [until, h.clock.now()]);
    expect((await release(h, agent, until)).body.code).toBe('already-released');
    expect((await release(h, agent, accountId)).body.code).toBe('not-found');
  });

  it('of sixteen who ask at once is asked for once, and of sixteen who agree one lifts it', async () => {
    const { accountId, holdId } = await newFrozen(h, agent);
    const wishes = await Promise.all(Array.from({ length: 16 }, () => release(h, agent, holdId)));
    expect(wishes.map(({ status }) => status).sort()).toEqual([202, ...Array(15).fill(409)]);
    const { approvalId } = wishes.find(({ status }) => status === 202)?.body ?? {};
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => decide(h, n % 2 ? lead : other, approvalId)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(15).fill(409)]);
    expect(await count(h, 'events', accountId, `type = 'hold.released'`)).toBe(1);
  });

  it('is refused without an agent’s token, to an auditor, and with another reason', async () => {
    const { holdId } = await newFrozen(h, agent);
    const path = `/v1/agent/holds/${holdId}/release`;
    const body = { reasonCode: 'mistake', note: 'x' };
    expect((await h.post(path, body)).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await h.post(path, body, { token: auditor.accessToken })).status).toBe(403);
    const odd = await h.post(path, { reasonCode: 'owner', note: 'x' }, { token: agent.accessToken });
    expect([odd.status, odd.body.errors[0].pointer]).toEqual([422, '/reasonCode']);
  });
});

describe('who may lift what', () => {
  const lone = ['payments', 'withdrawals', 'sign-in', 'security-changes'];

  it.each(['all', ...lone])('an agents’ hold on %s: two people', async (scope) => {
    const { accountId } = await newAccount(h);
    const holdId = await plantHold(h, accountId, { source: 'agent', scope });
    const { approvalId } = (await release(h, agent, holdId, 'false-positive')).body;
    expect(await standing(h, accountId)).toHaveLength(1);
    expect((await decide(h, agent, approvalId)).body.code).toBe('self-approval');
    expect((await decide(h, lead, approvalId)).body.status).toBe('done');
  });

  it('a rule’s on everything: two people; a narrower one: one, at once', async () => {
    const { accountId } = await newAccount(h);
    const all = await plantHold(h, accountId, { source: 'rule' });
    expect((await release(h, agent, all, 'false-positive')).body.approvalId).toEqual(expect.any(String));
    expect(await standing(h, accountId)).toEqual(['rule all']);
    for (const scope of lone) {
      const one = await plantHold(h, accountId, { source: 'rule', scope });
      const { status, body } = await release(h, agent, one, 'false-positive');
      expect([status, body]).toEqual([202, { approvalId: null, effectiveAt: h.clock.now().toISOString() }]);
    }
    expect(await standing(h, accountId)).toEqual(['rule all']);
  });

  it('a policy’s: nobody, not even an admin', async () => {
    const { accountId } = await newAccount(h);
    for (const scope of ['withdrawals', 'all']) {
      const holdId = await plantHold(h, accountId, { source: 'policy', scope });
      const { status, body } = await release(h, admin, holdId);
      expect([status, body.code]).toEqual([409, 'hold-not-releasable']);
    }
  });

  it.each(['all', 'payments'])('a legal one on %s: two admins, and nobody below', async (scope) => {
    const { accountId } = await newAccount(h);
    const holdId = await plantHold(h, accountId, { source: 'legal', scope });
    for (const low of [agent, lead]) expect((await release(h, low, holdId)).body.code).toBe('forbidden');
    const { approvalId } = (await release(h, admin, holdId)).body;
    expect((await decide(h, lead, approvalId)).body.code).toBe('forbidden');
    expect((await decide(h, chief, approvalId)).body.status).toBe('done');
    const refused = `type = 'authorisation.failed' and detail->>'path' = '/v1/agent/holds/${holdId}/release'`;
    expect((await h.pool.query(`select 1 from events where ${refused}`)).rowCount).toBe(2);
  });

  it.each(['all', 'payments'])(
    'the owner’s on %s: two agents after verified identity, for no other reason',
    async (scope) => {
      const owner = await newRestorable(h, agent);
      const holdId = await plantHold(h, owner.accountId, { source: 'owner', scope, caseId: owner.caseId });
      for (const reason of ['mistake', 'false-positive'])
        expect((await release(h, agent, holdId, reason)).body).toMatchObject({ status: 409, code: 'hold-contested' });
      // The proofs are older than the owner's veto in that case: they count no more.
      await h.pool.query("update verifications set verified_at = verified_at - interval '1 hour' where case_id = $1", [
        owner.caseId,
      ]);
      const contest = `insert into approvals (id, kind, account_id, case_id, requested_by, reason, requested_at, expires_at, ended_at, end_reason)
      values (gen_random_uuid(), 'second-factor-reset', $1, $2, $3, 'x', $4, $4::timestamptz + interval '1 day', $4, 'vetoed')`;
      await h.pool.query(contest, [
        owner.accountId,
        owner.caseId,
        agent.agentId,
        new Date(h.clock.now().getTime() - HOUR / 2),
      ]);
      const refused = await release(h, agent, holdId, 'restored');
      expect([refused.status, refused.body.missing]).toEqual([409, ['identity-verified']]);
      for (const kind of ['video', 'document'])
        await h.post(
          `/v1/agent/cases/${owner.caseId}/verifications`,
          { kind, note: 'Seen' },
          { token: agent.accessToken },
        );
      const { approvalId } = (await release(h, agent, holdId, 'restored')).body;
      expect((await decide(h, lead, approvalId)).body.status).toBe('done');
    },
  );
});

describe('the reasons of a release', () => {
  it('`restored` waits for the playbook, by name, and for a case', async () => {
    const { accountId, holdId, caseId } = await newFrozen(h, agent);
    const { status, body } = await release(h, agent, holdId, 'restored');
    expect([status, body.code]).toEqual([409, 'step-not-ready']);
    expect(body.missing).toEqual(
      expect.arrayContaining(['reported', 'window-set', 'identity-verified', 'credentials-reset']),
    );
    await complete(h, agent, { accountId, caseId });
    expect((await release(h, agent, holdId, 'restored')).body.missing).toEqual(['factor-bound']);
    const bare = await plantHold(h, accountId, { source: 'agent', scope: 'payments' });
    expect((await release(h, agent, bare, 'restored')).body.missing).toEqual(['case']);
  });

  it('`restored` is looked at again when the second agent agrees', async () => {
    const { accountId, holdId, caseId } = await newRestorable(h, agent);
    const { approvalId } = (await release(h, agent, holdId, 'restored')).body;
    await h.pool.query('delete from verifications where case_id = $1', [caseId]);
    const refused = await decide(h, lead, approvalId);
    expect([refused.status, refused.body.missing]).toEqual([409, ['identity-verified']]);
    expect(await standing(h, accountId)).toContain('agent all');
    expect(await asked(accountId)).toEqual(['open']);
  });

  it.each(['mistake', 'false-positive'])(
    '`%s` is closed once the owner reported or holds something',
    async (reason) => {
      const reported = await newFrozen(h, agent);
      const { caseToken } = (
        await h.post('/v1/auth/case-access', { identifier: reported.email, password: 'correct horse battery staple' })
      ).body;
      await h.post('/v1/me/reports', { kind: 'complaint', message: 'Why am I frozen?' }, { token: caseToken });
      const early = await release(h, agent, reported.holdId, reason);
      expect(early.status).toBe(202);
      await h.post('/v1/me/reports', { kind: 'takeover', message: 'It was a thief' }, { token: caseToken });
      // Also when it was asked for before the owner spoke.
      expect((await decide(h, lead, early.body.approvalId)).body.code).toBe('hold-contested');
      expect((await release(h, agent, reported.holdId, reason)).body.code).toBe('hold-contested');

      const holding = await newFrozen(h, agent);
      await plantHold(h, holding.accountId, { source: 'owner', scope: 'payments' });
      expect((await release(h, agent, holding.holdId, reason)).body.code).toBe('hold-contested');
      expect(await standing(h, holding.accountId)).toEqual(['agent all', 'owner payments']);
    },
  );

  it('a stranger’s report keeps nobody frozen', async () => {
    const { holdId, email } = await newFrozen(h, agent);
    const words = { kind: 'takeover', message: 'It is mine', contact: 'x@example.net' };
    expect((await h.post('/v1/auth/report', { identifier: email, ...words })).status).toBe(202);
    expect((await release(h, agent, holdId, 'mistake')).status).toBe(202);
  });
});

describe('two agents are two people', () => {
  it('not one who is new, was made by the other lately, made the other, or is no lead', async () => {
    const { holdId } = await newFrozen(h, lead);
    const { approvalId } = (await release(h, lead, holdId)).body;
    const refusalOf = async (who: TestAgent) => {
      const { status, body } = await decide(h, who, approvalId);
      return [status, body.code, body.reason];
    };
    expect(await refusalOf(lead)).toEqual([403, 'self-approval', undefined]);
    expect(await refusalOf(await newAgent(h, 'admin'))).toEqual([403, 'second-person-required', 'too-new']);
    expect(await refusalOf(agent)).toEqual([403, 'forbidden', undefined]);
    const made = await newSeasoned(h, 'admin');
    await h.pool.query('update agents set created_by = $2 where id = $1', [made.agentId, lead.agentId]);
    expect(await refusalOf(made)).toEqual([403, 'second-person-required', 'made-by-requester']);
    const maker = await newSeasoned(h, 'lead');
    await h.pool.query('update agents set created_by = $2 where id = $1', [lead.agentId, maker.agentId]);
    expect(await refusalOf(maker)).toEqual([403, 'second-person-required', 'made-requester']);
    await h.pool.query('update agents set created_by = null where id = $1', [lead.agentId]);
    expect(
      await standing(
        h,
        (await h.pool.query('select account_id from holds where id = $1', [holdId])).rows[0].account_id,
      ),
    ).toEqual(['agent all']);
  });

  it('not one who verified who the owner is', async () => {
    const { holdId } = await newRestorable(h, lead);
    const { approvalId } = (await release(h, agent, holdId, 'restored')).body;
    expect((await decide(h, lead, approvalId)).body).toMatchObject({
      code: 'second-person-required',
      reason: 'verified-identity',
    });
    expect((await decide(h, other, approvalId)).body.status).toBe('done');
  });
});

describe('freeze links after a release', () => {
  it('are void: those mailed before, and those mailed late; the mail of the release carries the only good one', async () => {
    const owner = await newSignedIn(h);
    const old = await freezeLinkOf(h, owner.email);
    // Its notice is written only after the release.
    await signIn(h, owner.email);
    await freezeByAgent(h, agent, owner.accountId);
    const { rows } = await h.pool.query('select id from holds where account_id = $1', [owner.accountId]);
    // Pressed while a freeze stands it changes nothing.
    expect((await press(h, old)).status).toBe(200);
    h.clock.advance(1000);
    const { approvalId } = (await release(h, agent, rows[0].id)).body;
    await decide(h, lead, approvalId);
    expect((await press(h, old)).body.code).toBe('invalid-token');
    const fresh = await mailedToken(h, owner.email, 'freeze');
    const late = (await h.mails(owner.email)).filter(({ text }) => text.includes('/freeze#token='));
    const good = [];
    for (const mail of late) {
      const token = /\/freeze#token=(\S+)/.exec(mail.text)?.[1] as string;
      if ((await h.post('/v1/auth/link', { token })).status === 200) good.push(mail.subject);
    }
    expect(good).toEqual(['Your Holdfast account is open again']);
    const pressed = await press(h, fresh);
    expect([pressed.status, pressed.body.hold.scope]).toEqual([200, 'all']);
    expect(await standing(h, owner.accountId)).toContain('owner all');
  });
});

describe('with a delay by policy, or one person’s shop', () => {
  it.each([{ 'approvals.solo': 'true' } as const, { 'approvals.releaseDelay': 48 * HOUR } as const])(
    '%j gives the owner 48 hours and a veto',
    async (policy) => {
      const solo = await openHarness({ policy });
      const [one, two] = [await newSeasoned(solo, 'lead'), await newSeasoned(solo, 'lead')];
      const ask = async (holdId: string, who: TestAgent, second: TestAgent) => {
        const { body } = await release(solo, who, holdId);
        if (!('approvals.solo' in policy))
          expect((await decide(solo, second, body.approvalId)).body.status).toBe('scheduled');
        else expect(body.effectiveAt).toBe(new Date(solo.clock.now().getTime() + 48 * HOUR).toISOString());
      };
      const vetoed = await newFrozen(solo, one);
      const kept = await newFrozen(solo, one);
      const again = await newFrozen(solo, one);
      for (const { holdId } of [vetoed, kept, again]) await ask(holdId, one, two);
      const token = await mailedToken(solo, vetoed.email, 'veto');
      expect((await press(solo, token)).body.caseReference).toMatch(/^HF-/);
      await freezeByAgent(solo, one, again.accountId);
      solo.clock.advance(48 * HOUR - 1000);
      await carryOutApprovals(solo.instance.ctx);
      expect(await standing(solo, kept.accountId)).toEqual(['agent all']);
      solo.clock.advance(1000);
      await Promise.all(Array.from({ length: 4 }, () => carryOutApprovals(solo.instance.ctx)));
      expect(await standing(solo, kept.accountId)).toEqual(['policy withdrawals']);
      expect(await standing(solo, vetoed.accountId)).toEqual(['agent all']);
      expect(await standing(solo, again.accountId)).toEqual(['agent all']);
      expect((await solo.mails(vetoed.email))[0]?.subject).toMatch(/stays$/);
      expect((await press(solo, token)).body.code).toBe('invalid-token');
      await solo.close();
    },
  );
});
