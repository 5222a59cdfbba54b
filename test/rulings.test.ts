import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carryOutApprovals } from '../src/approvals/carry-out.ts';
import { weighEvents } from '../src/suspicions/weigh.ts';
import { carryOutUnfreezes } from '../src/unfreeze/lift.ts';
import {
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  totpCode,
} from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { age, decide, HOUR, newFrozen, newRestorable, release, standing } from './support/release.ts';
import {
  count,
  enrol,
  freezeByAgent,
  hostKey,
  mailedToken,
  newSignedIn,
  type SignedIn,
  signIn,
} from './support/seed.ts';

const DAY = 24 * HOUR;
const MINUTE = 60_000;

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
beforeAll(async () => {
  h = await openHarness({
    policy: {
      'rules.many-lockouts': 'live',
      'rules.refresh-reused': 'live',
      'rules.stolen-session': 'live',
      'limits.mailPerRecipient': 1000,
      'access.ttl': 90 * DAY,
      'session.idle': 90 * DAY,
      'session.absolute': 90 * DAY,
      'agents.idle': 90 * DAY,
      'agents.absolute': 90 * DAY,
    },
  });
});
beforeEach(async () => {
  [agent, lead] = [await newAgent(h), await newSeasoned(h, 'lead')];
});
afterAll(() => h.close());

const as = (who: { accessToken: string }) => ({ token: who.accessToken });
const work = (caseId: string, what: string, body: object = {}, who = agent) =>
  h.post(`/v1/agent/cases/${caseId}/${what}`, body, as(who));
const ago = (ms: number) => new Date(h.clock.now().getTime() - ms).toISOString();
const setWindow = (caseId: string, from: string, who = agent) =>
  work(caseId, 'window', { from, note: 'Since then' }, who);
const verify = async (caseId: string, who = agent, kinds = ['video', 'document']) => {
  for (const kind of kinds) expect((await work(caseId, 'verifications', { kind, note: 'Seen' }, who)).status).toBe(201);
};
const caseOf = async (accountId: string, kind = 'takeover'): Promise<string> =>
  (
    await h.pool.query('select id from cases where account_id = $1 and kind = $2 and closed_at is null', [
      accountId,
      kind,
    ])
  ).rows[0]?.id;
const caseToken = async (identifier: string, code?: string): Promise<string> =>
  (await h.post('/v1/auth/case-access', { identifier, password: PASSWORD, ...(code && { code }) })).body.caseToken;
const unfreeze = (token: string, body: object = {}) => h.post('/v1/me/unfreeze', body, { token });
const mailCode = async (mailbox: string): Promise<string> => {
  const mail = (await h.mails(mailbox)).find(({ subject }) => /code to unfreeze/.test(subject));
  return /^\s*(\d{6})\s*$/m.exec(mail?.text ?? '')?.[1] ?? 'none';
};
const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });

type Robbed = SignedIn & { secret: string; mailbox: string; recoveryCodes: string[] };
/** The thief bound an authenticator and a mailbox of their own so many days ago, and signed in once more a day ago. */
async function newRobbed(days: number): Promise<Robbed> {
  const owner = await newSignedIn(h);
  h.clock.advance(40 * DAY);
  const thief = await signIn(h, owner.email);
  const factor = await enrol(h, thief.accessToken);
  h.clock.advance(30_000);
  const mailbox = someEmail();
  const code = totpCode(factor.secret, h.clock.now());
  await h.post('/v1/me/email-change', { newEmail: mailbox, code }, as(thief));
  const token = await mailedToken(h, mailbox, 'confirm-address');
  expect((await h.post('/v1/me/email-change/confirm', { token }, as(thief))).status).toBe(204);
  h.clock.advance((days - 1) * DAY);
  await signIn(h, mailbox, { code: totpCode(factor.secret, h.clock.now()) });
  h.clock.advance(DAY);
  [agent, lead] = [await newAgent(h), await newSeasoned(h, 'lead')];
  return { ...owner, ...factor, mailbox };
}

/** The owner presses in the newest mail that reached them: about the thief's last sign-in, not the first. */
async function pressLatest(accountId: string, to: string): Promise<void> {
  await h.mails();
  const { hold } = (await press(await mailedToken(h, to, 'freeze'))).body;
  expect(hold?.scope).toBe('all');
  expect(await standing(h, accountId)).toContain('owner all');
}

describe('two agents means two people', () => {
  it('a press on a late entry does not make what a thief bound before it good for the way out', async () => {
    const robbed = await newRobbed(3);
    await pressLatest(robbed.accountId, robbed.mailbox);
    for (const waited of [3 * HOUR, 8 * DAY]) {
      h.clock.advance(waited);
      const token = await caseToken(robbed.mailbox, robbed.recoveryCodes.pop());
      const { status, body } = await unfreeze(token, { code: totpCode(robbed.secret, h.clock.now()) });
      expect([status, body.code]).toEqual([403, 'proof-too-new']);
      await unfreeze(token);
      expect(await mailCode(robbed.mailbox), 'nor does the mailbox').toBe('none');
    }
  });

  it('an agent who sets a window to suit a thief, and verifies them, opens nothing: that is one person', async () => {
    const robbed = await newRobbed(3);
    await pressLatest(robbed.accountId, robbed.mailbox);
    const caseId = await caseOf(robbed.accountId);
    const honest = await newAgent(h);
    await verify(caseId, honest);
    h.clock.advance(MINUTE);
    expect((await setWindow(caseId, ago(HOUR))).status, 'which the honest one never saw').toBe(200);
    await verify(caseId);
    h.clock.advance(3 * HOUR);
    const token = await caseToken(robbed.mailbox, robbed.recoveryCodes[0]);
    const { status, body } = await unfreeze(token, { code: totpCode(robbed.secret, h.clock.now()) });
    expect([status, body.code]).toEqual([403, 'proof-too-new']);
    expect((await setWindow(caseId, ago(MINUTE))).body.code, 'nor later still').toBe('second-person-required');
    await verify(caseId, lead, ['known-transactions', 'phone-code']);
    expect((await unfreeze(token, { code: robbed.recoveryCodes[1] })).body.code, 'nor with half a second word').toBe(
      'proof-too-new',
    );
    await verify(caseId, lead);
    expect((await unfreeze(token, { code: robbed.recoveryCodes[2] })).status, 'two agents’ word counts').toBe(202);
  });

  it('an agent who undoes the owner’s factor in a case beside it leaves no password to lift the freeze with', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    await age(h, owner.accountId, 30);
    await h.post('/v1/me/freeze', {}, as(owner));
    h.clock.advance(3 * HOUR);
    const thiefs = await caseToken(owner.email, recoveryCodes[0]);
    const complaint = { kind: 'complaint', message: 'Slow' };
    const beside = (await h.post('/v1/me/reports', complaint, { token: thiefs })).body.caseId;
    expect((await setWindow(beside, ago(60 * DAY))).status).toBe(200);
    const { items } = (await h.get(`/v1/agent/cases/${beside}/window`, agent.accessToken)).body;
    const factor = items.find(({ kind }: { kind: string }) => kind === 'totp');
    expect((await work(beside, 'window/undo', { kind: 'totp', id: factor.id, note: 'Theirs' })).status).toBe(200);
    await work(beside, 'contacts', { channel: 'phone', summary: 'Sorry' });
    await work(beside, 'messages', { message: 'Sorry' });
    expect((await work(beside, 'resolve', { outcome: 'solved', note: 'Sorry' })).status).toBe(200);
    const token = await caseToken(owner.email);
    await unfreeze(token);
    const confirmed = await h.post('/v1/me/unfreeze/confirm', { mailCode: await mailCode(owner.email) }, { token });
    expect(confirmed.status).toBeGreaterThanOrEqual(400);
    h.clock.advance(2 * DAY);
    await carryOutUnfreezes(h.instance.ctx);
    expect(await standing(h, owner.accountId)).toContain('owner all');
  });

  it('an agent’s freeze that ends by itself is no cover for taking the last factor', async () => {
    const owner = await newSignedIn(h);
    await enrol(h, owner.accessToken);
    const report = { kind: 'complaint', message: 'Slow' };
    const { caseId } = (await h.post('/v1/me/reports', report, as(owner))).body;
    await setWindow(caseId, ago(60 * DAY));
    const expiresAt = new Date(h.clock.now().getTime() + MINUTE).toISOString();
    const hold = { scope: 'all', reasonCode: 'review', note: 'For a minute', expiresAt };
    expect((await h.post(`/v1/agent/accounts/${owner.accountId}/holds`, hold, as(agent))).status).toBe(201);
    const { items } = (await h.get(`/v1/agent/cases/${caseId}/window`, agent.accessToken)).body;
    const { id } = items.find(({ kind }: { kind: string }) => kind === 'totp');
    const taken = await work(caseId, 'window/undo', { kind: 'totp', id, note: 'Theirs' });
    expect(taken.body.code).toBe('last-way-in');
    expect(await count(h, 'totp_factors', owner.accountId, 'confirmed_at is not null')).toBe(1);
  });

  it('a recovery link goes to no mailbox that an agent’s narrow window would make the older one', async () => {
    const robbed = await newRobbed(3);
    const { caseId } = (await freezeByAgent(h, agent, robbed.accountId)).body;
    expect((await setWindow(caseId, ago(HOUR))).status).toBe(200);
    await work(caseId, 'contacts', { channel: 'phone', summary: 'Says it is them' });
    await verify(caseId);
    expect((await work(caseId, 'recovery-link')).status).toBe(202);
    expect((await h.mails(robbed.mailbox)).some(({ text }) => text.includes('/recover#'))).toBe(false);
    expect((await h.mails(robbed.email)).some(({ text }) => text.includes('/recover#'))).toBe(true);
  });

  it('closing, merging and reopening a case skip no step', async () => {
    const { accountId, email, caseId, holdId } = await newFrozen(h, agent);
    const token = await caseToken(email);
    const beside = (await h.post('/v1/me/reports', { kind: 'complaint', message: 'Slow' }, { token })).body.caseId;
    for (const outcome of ['false-positive', 'solved', 'confirmed', 'declined']) {
      const closed = await work(caseId, 'resolve', { outcome, note: 'Done' });
      expect([closed.status, closed.body.missing]).toEqual([409, expect.arrayContaining(['holds-released'])]);
    }
    await setWindow(caseId, ago(2 * DAY));
    await setWindow(beside, ago(HOUR));
    await verify(beside);
    expect((await work(caseId, 'merge', { into: beside, note: 'Same' })).status).toBe(200);
    const page = (await h.get(`/v1/agent/cases/${beside}`, agent.accessToken)).body;
    expect(Date.parse(page.window.from), 'the wider window stays').toBeLessThanOrEqual(
      h.clock.now().getTime() - 2 * DAY,
    );
    const asked = await release(h, agent, holdId, 'restored');
    expect([asked.status, asked.body.missing]).toEqual([409, expect.arrayContaining(['credentials-reset'])]);
    expect(await standing(h, accountId)).toContain('agent all');
  });

  it('a case that is opened again by an appeal has no hold lifted, and not by whoever closed it', async () => {
    const { accountId, email, holdId, caseId } = await newFrozen(h, agent);
    const { body } = await release(h, agent, holdId);
    expect((await decide(h, lead, body.approvalId)).body.status).toBe('done');
    expect((await work(caseId, 'resolve', { outcome: 'false-positive', note: 'Nothing' })).status).toBe(200);
    const again = await freezeByAgent(h, agent, accountId);
    const token = await caseToken(email);
    expect((await h.post(`/v1/me/cases/${caseId}/appeal`, { message: 'Open it' }, { token })).status).toBe(202);
    expect(await standing(h, accountId)).toContain('agent all');
    expect((await release(h, agent, again.body.hold.id, 'restored')).body.code).toBe('step-not-ready');
  });

  it('an approval that ran out, was refused or was done is not used again', async () => {
    const late = await newFrozen(h, agent);
    const { approvalId } = (await release(h, agent, late.holdId)).body;
    h.clock.advance(30 * DAY);
    for (const _ of [1, 2]) expect((await decide(h, lead, approvalId)).body.code).toBe('approval-closed');
    await carryOutApprovals(h.instance.ctx);
    expect((await decide(h, lead, approvalId)).body.code).toBe('approval-closed');
    expect(await standing(h, late.accountId)).toContain('agent all');

    const done = await newFrozen(h, agent);
    const yes = (await release(h, agent, done.holdId)).body.approvalId;
    expect((await decide(h, lead, yes)).body.status).toBe('done');
    await freezeByAgent(h, agent, done.accountId);
    expect((await decide(h, lead, yes)).body.code).toBe('approval-closed');
    expect(await standing(h, done.accountId)).toContain('agent all');
  });

  it('whoever verified the owner, or came this week, agrees to nothing', async () => {
    const { accountId, caseId, holdId } = await newRestorable(h, agent);
    await verify(caseId, lead, ['known-transactions']);
    const { approvalId } = (await release(h, agent, holdId, 'restored')).body;
    expect((await decide(h, lead, approvalId)).body.reason).toBe('verified-identity');
    expect((await decide(h, await newAgent(h, 'admin'), approvalId)).body.reason).toBe('too-new');
    expect(await standing(h, accountId)).toContain('agent all');
  });
});

describe('anonymous reports', () => {
  it('flood neither the queue nor the mailbox, and freeze nobody', async () => {
    const owner = await newSignedIn(h);
    const before = (await h.mails(owner.email)).length;
    const kinds = ['takeover', 'scam', 'complaint', 'locked-out', 'unauthorised-transaction'];
    for (let n = 0; n < 20; n++) {
      const report = { identifier: owner.email, kind: kinds[n % 5], message: `No ${n}`, contact: 'me@example.net' };
      await h.post('/v1/auth/report', report);
    }
    expect(await count(h, 'cases', owner.accountId)).toBe(1);
    expect(await count(h, 'cases', owner.accountId, "priority in ('urgent', 'high')")).toBe(0);
    expect((await h.mails(owner.email)).length - before).toBeLessThanOrEqual(5);
    expect(await standing(h, owner.accountId)).toEqual([]);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
  });

  it('forbid no erasure; what the owner stands by does', async () => {
    const [one, other] = [await newSignedIn(h), await newSignedIn(h)];
    const say = (identifier: string) =>
      h.post('/v1/auth/report', { identifier, kind: 'takeover', message: 'Mine', contact: 'me@example.net' });
    const erase = async ({ accountId }: SignedIn) =>
      await h.post(`/v1/server/accounts/${accountId}/erase`, {}, { token: await hostKey(h) });
    await say(other.email);
    await press(await mailedToken(h, other.email, 'report'));
    expect((await erase(other)).body.code).toBe('erasure-blocked');
    await say(one.email);
    expect(await count(h, 'cases', one.accountId, 'closed_at is null')).toBe(1);
    expect((await erase(one)).status).toBe(200);
    expect(await count(h, 'cases', one.accountId, 'closed_at is null')).toBe(0);
  });
});

describe('rules', () => {
  it('are set off against somebody by no stranger so that they freeze', async () => {
    const owner = await newSignedIn(h);
    const guess = { password: 'not the right one at all' };
    for (let n = 0; n < 4; n++) {
      for (let tries = 0; tries < 5; tries++) await signIn(h, owner.email, guess, { ip: `10.${n}.0.1` });
      h.clock.advance(4 * HOUR);
    }
    for (let n = 0; n < 5; n++) await h.post('/v1/auth/refresh', { refreshToken: `hf_rt_${'x'.repeat(43)}` });
    const isRead = async () => {
      await weighEvents(h.instance.ctx);
      return (await h.pool.query('select from events e, rule_cursor c where (e.tx, e.id) > (c.tx, c.id)')).rowCount;
    };
    await expect.poll(isRead, { timeout: 10_000, interval: 20 }).toBe(0);
    expect(await count(h, 'cases', owner.accountId), 'work for agents, and no more').toBe(1);
    expect(await standing(h, owner.accountId)).toEqual([]);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
  });
});

describe('notices', () => {
  it('of what a thief does reach the mailbox that they take off the account', async () => {
    const robbed = await newRobbed(2);
    const told = (await h.mails(robbed.email)).filter(({ text }) => text.includes('/freeze#token='));
    expect(told.length, 'the address from before').toBeGreaterThan(0);
    await freezeByAgent(h, agent, robbed.accountId);
    expect((await h.mails(robbed.email)).some(({ subject }) => /frozen/i.test(subject))).toBe(true);
  });
});
