import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../src/agents/rules.ts';
import {
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  totpCode,
} from './support/harness.ts';
import { backAtWork, HOUR, newSeasoned } from './support/lost-factor.ts';
import { decide, newFrozen, release } from './support/release.ts';
import {
  agreed,
  askToMake,
  CHOSEN,
  code,
  decideStaff,
  enrolAgent,
  enrolmentTokenFor,
  eventsOf,
  newAdmins,
  newInvited,
  settleStaff,
  signInAgent,
  staffPost,
} from './support/staff.ts';

let h: Harness;
let ada: TestAgent;
let bo: TestAgent;
const both = () => [ada, bo] as const;
beforeAll(async () => {
  h = await openHarness();
  [ada, bo] = await newAdmins(h);
});
afterAll(() => h.close());

const find = async (id: string) => {
  const { items } = (await h.get('/v1/agent/agents?limit=200', ada.accessToken)).body;
  return items.find((item: { id: string }) => item.id === id);
};
const works = async ({ accessToken }: TestAgent) => (await h.get('/v1/agent/cases', accessToken)).status;

describe('making an agent', () => {
  it('takes another admin’s yes, and the agent’s own password and authenticator: up to their first sign-in', async () => {
    const email = someEmail();
    const asked = await askToMake(h, ada, { email, role: 'lead', name: 'Kim' });
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({
      kind: 'make',
      status: 'pending',
      email,
      name: 'Kim',
      role: 'lead',
      agentId: null,
    });
    expect(asked.body).toMatchObject({ requestedBy: ada.agentId, decidedBy: null, reason: 'New colleague' });
    expect((await h.pool.query('select 1 from agents where email = $1', [email])).rowCount).toBe(0);
    const agentId = await agreed(h, both(), asked);
    expect(await find(agentId)).toMatchObject({
      email,
      role: 'lead',
      createdBy: ada.agentId,
      enrolled: false,
      disabledAt: null,
      lockedUntil: null,
      lastSeenAt: null,
    });
    const token = await enrolmentTokenFor(h, email);
    const secret = await enrolAgent(h, token);
    expect(await find(agentId)).toMatchObject({ enrolled: true, lastSeenAt: null });
    const sameCode = await signInAgent(h, email, CHOSEN, code(h, secret));
    expect([sameCode.status, sameCode.body.code]).toEqual([401, 'invalid-credentials']);
    h.clock.advance(30_000);
    const { status, body } = await signInAgent(h, email, CHOSEN, code(h, secret));
    expect([status, body.agentId]).toEqual([200, agentId]);
    expect(await find(agentId)).toMatchObject({ lastSeenAt: h.clock.now().toISOString() });
    const { items } = (await h.get('/v1/agent/agents/changes?limit=1', ada.accessToken)).body;
    expect(items[0]).toMatchObject({ agentId, status: 'done', decidedBy: bo.agentId, decisionNote: 'Known to me' });
  });

  it('V2.3.5 is nobody’s own to agree to, and each refusal is an event', async () => {
    const { id } = (await askToMake(h, ada)).body;
    const own = await decideStaff(h, ada, id);
    expect([own.status, own.body.code]).toEqual([403, 'self-approval']);
    const newcomer = await newAgent(h, 'admin');
    const young = await decideStaff(h, newcomer, id);
    expect([young.status, young.body.code, young.body.reason]).toEqual([403, 'second-person-required', 'too-new']);
    const lead = await newSeasoned(h, 'lead');
    expect((await decideStaff(h, lead, id)).body.code).toBe('forbidden');
    expect(await eventsOf(h, 'agent.change-refused', id)).toBe(2);
    expect((await h.pool.query('select executed_at from staff_changes where id = $1', [id])).rows[0].executed_at).toBe(
      null,
    );
  });

  it('refuses an address that is taken, at the wish and at the yes, and a wish that is open', async () => {
    const email = someEmail();
    const taken = await askToMake(h, ada, { email: bo.email.toUpperCase() });
    expect([taken.status, taken.body.code]).toEqual([409, 'agent-exists']);
    const { body } = await askToMake(h, ada, { email });
    const twice = await askToMake(h, bo, { email });
    expect([twice.status, twice.body.code, twice.body.changeId]).toEqual([409, 'approval-open', body.id]);
    await h.pool.query(
      `insert into agents (id, email, email_key, name, role, created_at) values (gen_random_uuid(), $1, $1, 'X', 'agent', now())`,
      [email],
    );
    expect((await decideStaff(h, bo, body.id)).body.code).toBe('agent-exists');
  });

  it('asked for sixteen times at once is asked for once; agreed to sixteen times at once makes one', async () => {
    const email = someEmail();
    const asked = await Promise.all(Array.from({ length: 16 }, () => askToMake(h, ada, { email })));
    expect(asked.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(asked.filter(({ body }) => body.code === 'approval-open')).toHaveLength(15);
    const { id } = asked.find(({ status }) => status === 202)?.body ?? {};
    const decided = await Promise.all(Array.from({ length: 16 }, () => decideStaff(h, bo, id)));
    expect(decided.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(decided.filter(({ body }) => body.code === 'approval-closed')).toHaveLength(15);
    expect((await h.pool.query('select 1 from agents where email = $1', [email])).rowCount).toBe(1);
    expect(await eventsOf(h, 'agent.created', id)).toBe(1);
  });

  it('is refused bad input with pointers, and an id of nobody', async () => {
    const bad = await askToMake(h, ada, { email: 'x', role: 'owner', reason: ' ', password: PASSWORD });
    expect(bad.status).toBe(422);
    expect(bad.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/email',
      '/password',
      '/reason',
      '/role',
    ]);
    for (const path of ['role', 'reset', 'enable', 'disable', 'unlock']) {
      const body = { reason: 'x', ...(path === 'role' && { role: 'lead' }) };
      const answer = await staffPost(h, ada, `/0190b0a0-0000-7000-8000-000000000000/${path}`, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not-found']);
    }
    expect((await decideStaff(h, ada, '0190b0a0-0000-7000-8000-000000000000')).status).toBe(404);
  });

  it('is for admins alone', async () => {
    const id = '0190b0a0-0000-7000-8000-000000000000';
    const calls = ['', `/${id}/role`, `/${id}/reset`, `/${id}/disable`, `/${id}/unlock`, `/changes/${id}/approve`];
    const agents = await Promise.all(roles.filter((role) => role !== 'admin').map((role) => newAgent(h, role)));
    const others = [(await newOwner(h)).accessToken, await newApiKey(h)];
    for (const path of calls) {
      for (const agent of agents) expect((await staffPost(h, agent, path)).status).toBe(403);
      for (const token of others) expect((await h.post(`/v1/agent/agents${path}`, {}, { token })).status).toBe(401);
    }
    for (const { accessToken } of agents) expect((await h.get('/v1/agent/agents', accessToken)).status).toBe(403);
  });

  it('ends where nobody agrees in time, and can be asked for anew', async () => {
    const email = someEmail();
    const { id } = (await askToMake(h, ada, { email })).body;
    h.clock.advance(72 * HOUR);
    [ada, bo] = [await backAtWork(h, ada), await backAtWork(h, bo)];
    expect((await decideStaff(h, bo, id)).body.code).toBe('approval-closed');
    await settleStaff(h);
    expect(await eventsOf(h, 'agent.change-ended', id)).toBe(1);
    const again = await askToMake(h, ada, { email });
    expect(again.status).toBe(202);
    expect((await decideStaff(h, ada, again.body.id, 'reject')).body).toMatchObject({
      status: 'rejected',
      endedBy: ada.agentId,
      endNote: 'Known to me',
    });
    expect((await decideStaff(h, bo, again.body.id)).body.code).toBe('approval-closed');
  });
});

describe('changing an agent', () => {
  it('gives another role, which counts from the next request on', async () => {
    const agent = await newAgent(h, 'agent');
    const same = await staffPost(h, ada, `/${agent.agentId}/role`, { role: 'agent', reason: 'x' });
    expect([same.status, same.body.code]).toEqual([409, 'agent-unchanged']);
    expect((await h.get('/v1/agent/rules', agent.accessToken)).status).toBe(403);
    await agreed(h, both(), await staffPost(h, ada, `/${agent.agentId}/role`, { role: 'lead', reason: 'Promoted' }));
    expect((await h.get('/v1/agent/rules', agent.accessToken)).status).toBe(200);
    expect(await find(agent.agentId)).toMatchObject({ role: 'lead' });
  });

  it('resets: session, password, authenticator and the token before are dead; the new token lets in', async () => {
    const agent = await newAgent(h, 'agent');
    await agreed(h, both(), await staffPost(h, ada, `/${agent.agentId}/reset`));
    expect(await works(agent)).toBe(401);
    const refreshed = await h.post('/v1/agent/auth/refresh', { refreshToken: agent.refreshToken });
    expect(refreshed.body.code).toBe('invalid-refresh-token');
    h.clock.advance(30_000);
    const old = await signInAgent(h, agent.email, agent.password, totpCode(agent.totpSecret, h.clock.now()));
    expect(old.body.code).toBe('invalid-credentials');
    const first = await enrolmentTokenFor(h, agent.email);
    await agreed(h, both(), await staffPost(h, ada, `/${agent.agentId}/reset`));
    const second = await enrolmentTokenFor(h, agent.email);
    expect(second).not.toBe(first);
    expect((await h.post('/v1/agent/auth/enrolment', { token: first, password: CHOSEN })).body.code).toBe(
      'invalid-token',
    );
    const secret = await enrolAgent(h, second);
    h.clock.advance(30_000);
    expect((await signInAgent(h, agent.email, CHOSEN, code(h, secret))).status).toBe(200);
  });

  it('shuts out who is no admin at once, by one admin, with their session; letting in again takes two', async () => {
    const agent = await newAgent(h, 'lead');
    expect(await works(agent)).toBe(200);
    const { status, body } = await staffPost(h, ada, `/${agent.agentId}/disable`, { reason: 'Gone' });
    expect([status, body.status, body.decidedBy]).toEqual([200, 'done', null]);
    expect(await works(agent)).toBe(401);
    h.clock.advance(30_000);
    const refused = await signInAgent(h, agent.email, agent.password, totpCode(agent.totpSecret, h.clock.now()));
    expect(refused.status).toBe(401);
    expect((await staffPost(h, ada, `/${agent.agentId}/disable`)).body.code).toBe('agent-unchanged');
    expect((await staffPost(h, ada, `/${agent.agentId}/reset`)).body.code).toBe('agent-disabled');
    expect((await find(agent.agentId)).disabledAt).toBe(body.executedAt);
    const { rows } = await h.pool.query(
      `select s.end_reason, s.ended_at = e.at as same, e.detail->'endedSessions' as ended from sessions s
       join events e on e.detail->>'agentId' = s.agent_id::text and e.type = 'agent.disabled' where s.agent_id = $1`,
      [agent.agentId],
    );
    expect(rows).toEqual([{ end_reason: 'agent-disabled', same: true, ended: 1 }]);
    await agreed(h, both(), await staffPost(h, ada, `/${agent.agentId}/enable`));
    expect(await works(agent)).toBe(401);
    expect((await staffPost(h, ada, `/${agent.agentId}/enable`)).body.code).toBe('agent-unchanged');
    h.clock.advance(30_000);
    const back = await signInAgent(h, agent.email, agent.password, totpCode(agent.totpSecret, h.clock.now()));
    expect(back.status).toBe(200);
  });

  it('leaves no session of a sign-in that is under way when its password is reset', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => newAgent(h, 'agent')));
    h.clock.advance(30_000);
    const raced = made.map(async (agent) => {
      const { id } = (await staffPost(h, ada, `/${agent.agentId}/reset`)).body;
      const [signedIn, done] = await Promise.all([
        signInAgent(h, agent.email, agent.password, totpCode(agent.totpSecret, h.clock.now())),
        decideStaff(h, bo, id),
      ]);
      expect(done.status).toBe(200);
      const token = signedIn.body.accessToken;
      return token === undefined ? 401 : (await h.get('/v1/agent/cases', token)).status;
    });
    expect(await Promise.all(raced)).toEqual(Array(8).fill(401));
  });

  it('shuts out sixteen times at once once', async () => {
    const agent = await newAgent(h, 'agent');
    const answers = await Promise.all(Array.from({ length: 16 }, () => staffPost(h, ada, `/${agent.agentId}/disable`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await eventsOf(h, 'agent.disabled', agent.agentId)).toBe(1);
  });

  it('shuts out an admin by two, and never by their own yes or no', async () => {
    const cy = await newSeasoned(h, 'admin');
    const asked = await staffPost(h, ada, `/${cy.agentId}/disable`);
    expect([asked.status, await works(cy)]).toEqual([202, 200]);
    for (const decision of ['approve', 'reject'] as const) {
      const own = await decideStaff(h, cy, asked.body.id, decision);
      expect([own.status, own.body.code, own.body.reason]).toEqual([403, 'second-person-required', 'subject']);
    }
    for (const [path, body] of [
      ['role', { role: 'lead', reason: 'x' }],
      ['reset', { reason: 'x' }],
      ['unlock', { reason: 'x' }],
    ] as const)
      expect((await staffPost(h, cy, `/${cy.agentId}/${path}`, body)).body.code).toBe('forbidden');
    expect((await decideStaff(h, bo, asked.body.id)).status).toBe(200);
    expect(await works(cy)).toBe(401);
  });

  it('carries out nothing for an admin who is none any more', async () => {
    const cy = await newSeasoned(h, 'admin');
    const { id } = (await askToMake(h, cy)).body;
    await agreed(h, both(), await staffPost(h, ada, `/${cy.agentId}/role`, { role: 'lead', reason: 'Moves' }));
    expect((await decideStaff(h, bo, id)).body.code).toBe('approval-closed');
  });
});

describe('the last admin', () => {
  it('stays, also where three shut each other out at once', async () => {
    const own = await openHarness();
    const three = [await newSeasoned(own, 'admin'), await newSeasoned(own, 'admin'), await newSeasoned(own, 'admin')];
    const [a, b, c] = three as [TestAgent, TestAgent, TestAgent];
    const wishes = [
      [a, b, c],
      [b, c, a],
      [c, a, b],
    ] as const;
    const asked = await Promise.all(wishes.map(([by, , whom]) => staffPost(own, by, `/${whom.agentId}/disable`)));
    expect(asked.map(({ status }) => status)).toEqual([202, 202, 202]);
    const decided = await Promise.all(wishes.map(([, yes], n) => decideStaff(own, yes, asked[n]?.body.id)));
    expect(decided.filter(({ status }) => status === 200)).toHaveLength(1);
    const { rows } = await own.pool.query(`select id from agents where role = 'admin' and disabled_at is null`);
    expect(rows).toHaveLength(2);
    await own.pool.query('update agents set disabled_at = now() where id = $1', [rows[0].id]);
    const last = three.find(({ agentId }) => agentId === rows[1].id) as TestAgent;
    const refused = await staffPost(own, last, `/${last.agentId}/disable`);
    expect([refused.status, refused.body.code]).toEqual([409, 'last-admin']);
    await own.close();
  });
});

describe('unlocking', () => {
  it('opens at once what guesses locked, from one address and from all, and is recorded', async () => {
    const agent = await newAgent(h, 'agent');
    expect((await staffPost(h, ada, `/${agent.agentId}/unlock`)).body.code).toBe('agent-unchanged');
    const ip = '192.0.2.77';
    for (let n = 0; n < 5; n++) await signInAgent(h, agent.email, 'a wrong one', '000000', ip);
    h.clock.advance(30_000);
    const right = () => signInAgent(h, agent.email, agent.password, totpCode(agent.totpSecret, h.clock.now()), ip);
    expect((await right()).body.code).toBe('too-many-attempts');
    expect(new Date((await find(agent.agentId)).lockedUntil).getTime()).toBeGreaterThan(h.clock.now().getTime());
    const { status, body } = await staffPost(h, ada, `/${agent.agentId}/unlock`, { reason: 'Called me' });
    expect([status, body.kind, body.status]).toEqual([200, 'unlock', 'done']);
    expect(await eventsOf(h, 'agent.unlocked', agent.agentId)).toBe(1);
    expect((await find(agent.agentId)).lockedUntil).toBe(null);
    expect((await right()).status).toBe(200);
  });
});

describe('V2.3.5 who counts as a second person', () => {
  const locked = async (agent: TestAgent) => {
    for (let n = 0; n < 5; n++) await signInAgent(h, agent.email, 'a wrong one', '000000', '192.0.2.78');
  };

  it('is no lead whom the requester unlocked or re-enrolled, or whose access they agreed to', async () => {
    const deeds: [string, (lead: TestAgent) => Promise<unknown>][] = [
      ['unlocked-by-requester', (lead) => locked(lead).then(() => staffPost(h, ada, `/${lead.agentId}/unlock`))],
      [
        're-enrolled-by-requester',
        async (lead) => agreed(h, [bo, ada], await staffPost(h, bo, `/${lead.agentId}/reset`)),
      ],
      [
        're-enrolled-by-requester',
        async (lead) => agreed(h, both(), await staffPost(h, ada, `/${lead.agentId}/reset`)),
      ],
    ];
    for (const [reason, deed] of deeds) {
      const lead = await newSeasoned(h, 'lead');
      await deed(lead);
      let back = lead;
      if (reason.startsWith('re-enrolled')) {
        const secret = await enrolAgent(h, await enrolmentTokenFor(h, lead.email));
        h.clock.advance(30_000);
        back = { ...lead, ...(await signInAgent(h, lead.email, CHOSEN, code(h, secret))).body };
      }
      const { holdId } = await newFrozen(h, await newAgent(h));
      const { approvalId } = (await release(h, ada, holdId)).body;
      const refused = await decide(h, back, approvalId);
      expect([refused.status, refused.body.code, refused.body.reason]).toEqual([403, 'second-person-required', reason]);
    }
  });

  it('is again after 30 days', async () => {
    const lead = await newSeasoned(h, 'lead');
    await locked(lead);
    await staffPost(h, ada, `/${lead.agentId}/unlock`);
    h.clock.advance(30 * 24 * HOUR);
    [ada, bo] = [await backAtWork(h, ada), await backAtWork(h, bo)];
    const { holdId } = await newFrozen(h, await newAgent(h));
    const { approvalId } = (await release(h, ada, holdId)).body;
    expect((await decide(h, await backAtWork(h, lead), approvalId)).status).toBe(200);
  });

  it('is no admin whom one let in, for what that one wants of staff', async () => {
    const { email, token } = await newInvited(h, both(), { role: 'admin' });
    const secret = await enrolAgent(h, token);
    await h.pool.query("update agents set created_at = created_at - interval '8 days' where email = $1", [email]);
    h.clock.advance(30_000);
    const cy = (await signInAgent(h, email, CHOSEN, code(h, secret))).body;
    for (const by of both()) {
      const { id } = (await askToMake(h, by)).body;
      const refused = await decideStaff(h, cy, id);
      expect(refused.body.reason).toBe('made-by-requester');
    }
  });
});
