import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, openHarness, someEmail, type TestAgent } from './support/harness.ts';
import { backAtWork, HOUR } from './support/lost-factor.ts';
import {
  agreed,
  askToMake,
  CHOSEN,
  code,
  confirmEnrolment,
  decideStaff,
  enrolAgent,
  enrolmentTokenFor,
  eventsOf,
  newAdmins,
  newInvited,
  settleStaff,
  signInAgent,
  staffPost,
  startEnrolment,
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

const refusedToken = async (token: string) => {
  const start = await startEnrolment(h, token);
  const confirm = await confirmEnrolment(h, token, '123456');
  expect([start.status, confirm.status]).toEqual([400, 400]);
  expect([start.body.code, confirm.body.code]).toEqual(['invalid-token', 'invalid-token']);
};

describe('the way in of a new agent', () => {
  it('V6.5.1 V6.5.5 is a token that works once, for three days, and for nobody who made it up', async () => {
    const used = await newInvited(h, both());
    await enrolAgent(h, used.token);
    await refusedToken(used.token);
    await refusedToken(`hf_ae_${'x'.repeat(43)}`);
    const late = await newInvited(h, both());
    h.clock.advance(72 * HOUR);
    await refusedToken(late.token);
    [ada, bo] = [await backAtWork(h, ada), await backAtWork(h, bo)];
  });

  it('opens nothing before a code confirms it, and asks for the first step before the second', async () => {
    const { email, token } = await newInvited(h, both());
    expect((await confirmEnrolment(h, token, '123456')).body.code).toBe('invalid-token');
    const { status, body } = await startEnrolment(h, token);
    expect(status).toBe(200);
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(body.otpauthUri).toContain(`secret=${body.secret}`);
    expect(body.otpauthUri).toMatch(/^otpauth:\/\/totp\/Holdfast:/);
    expect((await signInAgent(h, email, CHOSEN, code(h, body.secret))).body.code).toBe('invalid-credentials');
    const anew = (await startEnrolment(h, token)).body;
    expect(anew.secret).not.toBe(body.secret);
    expect((await confirmEnrolment(h, token, code(h, body.secret))).body.code).toBe('invalid-code');
    expect((await confirmEnrolment(h, token, code(h, anew.secret))).status).toBe(200);
  });

  it('V6.6.3 ends with five wrong codes, each an event', async () => {
    const { agentId, token } = await newInvited(h, both());
    const { secret } = (await startEnrolment(h, token)).body;
    const codes = await Promise.all(Array.from({ length: 16 }, () => confirmEnrolment(h, token, '000000')));
    expect(codes.filter(({ body }) => body.code === 'invalid-code')).toHaveLength(5);
    expect(codes.filter(({ body }) => body.code === 'invalid-token')).toHaveLength(11);
    expect(await eventsOf(h, 'agent.enrolment-failed', agentId)).toBe(5);
    expect((await confirmEnrolment(h, token, code(h, secret))).body.code).toBe('invalid-token');
    await refusedToken(token);
  });

  it('confirmed sixteen times at once is confirmed once', async () => {
    const { agentId, token } = await newInvited(h, both());
    const { secret } = (await startEnrolment(h, token)).body;
    const all = await Promise.all(Array.from({ length: 16 }, () => confirmEnrolment(h, token, code(h, secret))));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await eventsOf(h, 'agent.enrolled', agentId)).toBe(1);
  });

  it('V6.2.4 V6.2.11 takes no password that others know or that is their own address', async () => {
    const { email, token } = await newInvited(h, both());
    for (const password of ['short', 'password1234', email]) {
      const { status, body } = await startEnrolment(h, token, password);
      expect([password, status, body.code]).toEqual([password, 422, 'weak-password']);
      expect(body.errors[0].pointer).toBe('/password');
    }
  });

  it('ends with the agent’s disabling; who is enabled before they enrolled is mailed another', async () => {
    const { agentId, email, token } = await newInvited(h, both());
    await startEnrolment(h, token);
    expect((await staffPost(h, ada, `/${agentId}/disable`)).status).toBe(200);
    await refusedToken(token);
    await agreed(h, both(), await staffPost(h, ada, `/${agentId}/enable`));
    const next = await enrolmentTokenFor(h, email);
    expect(next).not.toBe(token);
    await enrolAgent(h, next);
  });

  it('leaves neither token, password nor secret in the database', async () => {
    const { token } = await newInvited(h, both());
    const { secret } = (await startEnrolment(h, token)).body;
    for (const table of ['agent_enrolments', 'agents', 'staff_changes', 'events', 'deliveries']) {
      const { rows } = await h.pool.query(`select row_to_json(t)::text as row from ${table} t`);
      const all = rows.map(({ row }) => row).join();
      for (const kept of [token, secret, CHOSEN]) expect([table, all.includes(kept)]).toEqual([table, false]);
    }
  });
});

describe('everybody is told', () => {
  const subjects = async (to: string) => (await h.mails(to)).map(({ subject }) => subject);
  const both2 = async (n: number) => [(await subjects(ada.email)).slice(0, n), (await subjects(bo.email)).slice(0, n)];

  it('of a wish, a no and what is done: every admin by mail, in the change’s own transaction', async () => {
    const email = someEmail();
    const { id } = (await askToMake(h, ada, { email, reason: 'See https://evil.example/x' })).body;
    const { rows } = await h.pool.query(
      `select e.type, d.reaction, e.at = c.requested_at as same from events e join deliveries d on d.event_id = e.id
       join staff_changes c on c.id::text = e.detail->>'changeId' where c.id = $1`,
      [id],
    );
    expect(rows).toEqual([{ type: 'agent.change-requested', reaction: 'staff-change-requested', same: true }]);
    const asked = 'A change of access to Holdfast waits for an admin';
    expect(await both2(1)).toEqual([[asked], [asked]]);
    const mail = (await h.mails(bo.email))[0];
    expect(mail?.text).toContain(`${ada.email} asks to give ${email} access with the role “agent”.`);
    expect(mail?.text).not.toContain('evil.example/');
    await decideStaff(h, bo, id, 'reject');
    const off = 'A change of access to Holdfast is called off';
    expect(await both2(1)).toEqual([[off], [off]]);
    expect((await h.mails(ada.email))[0]?.text).toContain(`${bo.email} rejected it.`);
  });

  it('of what is done to them, the agent concerned too, in their own language', async () => {
    const { agentId, email, token } = await newInvited(h, both(), { locale: 'zh-CN' });
    expect(await subjects(email)).toEqual(['设置您在 Holdfast 的登录方式']);
    await enrolAgent(h, token);
    await staffPost(h, ada, `/${agentId}/disable`, { reason: 'Left us' });
    const own = (await h.mails(email)).slice(0, 2);
    expect(own.map(({ subject }) => subject)).toEqual(Array(2).fill('您在 Holdfast 的权限已变更'));
    expect(own[0]?.text).toContain('您已无法登录');
    const changed = 'Somebody’s access to Holdfast changed';
    expect(await both2(2)).toEqual([Array(2).fill(changed), Array(2).fill(changed)]);
    expect((await h.mails(bo.email))[0]?.text).toContain(`${email} can no longer sign in`);
  });
});

describe('where one person works alone', () => {
  it('time stands in: it is done after 48 hours, once, and any admin can say no until then', async () => {
    const own = await openHarness({ policy: { 'approvals.solo': 'true' } });
    const [admin, other] = await newAdmins(own);
    const asked = await askToMake(own, admin);
    const at = new Date(own.clock.now().getTime() + 48 * HOUR).toISOString();
    expect([asked.status, asked.body.status, asked.body.effectiveAt]).toEqual([202, 'scheduled', at]);
    expect((await decideStaff(own, other, asked.body.id)).body.code).toBe('approval-closed');
    const shut = await staffPost(own, admin, `/${other.agentId}/disable`);
    expect((await decideStaff(own, other, shut.body.id, 'reject')).body.status).toBe('rejected');
    own.clock.advance(48 * HOUR - 1000);
    await settleStaff(own);
    expect(await eventsOf(own, 'agent.created', asked.body.id)).toBe(0);
    own.clock.advance(1000);
    await Promise.all(Array.from({ length: 8 }, () => settleStaff(own)));
    expect(await eventsOf(own, 'agent.created', asked.body.id)).toBe(1);
    expect(await eventsOf(own, 'agent.disabled', other.agentId)).toBe(0);
    const token = await enrolmentTokenFor(own, asked.body.email);
    expect(token).toMatch(/^hf_ae_/);
    await own.close();
  });

  it('ends what no longer fits when its time comes, or whose requester is gone', async () => {
    const own = await openHarness({ policy: { 'approvals.solo': 'true' } });
    const [admin, other] = await newAdmins(own);
    const made = await askToMake(own, other);
    const role = await staffPost(own, admin, `/${other.agentId}/role`, { role: 'lead', reason: 'x' });
    await own.pool.query(`update agents set role = 'lead' where id = $1`, [other.agentId]);
    own.clock.advance(48 * HOUR);
    await settleStaff(own);
    const { rows } = await own.pool.query('select id, end_reason from staff_changes order by id');
    expect(rows).toEqual([
      { id: made.body.id, end_reason: 'requester-gone' },
      { id: role.body.id, end_reason: 'unfit' },
    ]);
    await own.close();
  });
});
