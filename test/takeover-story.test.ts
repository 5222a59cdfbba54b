import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Answer,
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  type TestAgent,
  totpCode,
} from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { freezeLinkOf, hostKey, mailedToken, newSignedIn } from './support/seed.ts';
import { DAY, expectShutOut, HOUR, MINUTE, newVictim, type Thief, takeOver, tryToPay } from './support/story.ts';

const NEW = 'a very different horse, unbattered';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
beforeAll(async () => {
  // The story takes weeks: agents stay signed in, and no token of the thief's dies of its age.
  const long = 365 * DAY;
  const policy = {
    'agents.idle': long,
    'agents.absolute': long,
    'access.ttl': long,
    'session.absolute': long,
    'session.idle': long,
  };
  h = await openHarness({ policy });
  agent = await newAgent(h);
  lead = await newSeasoned(h, 'lead');
});
afterAll(() => h.close());

const by = (who: TestAgent) => ({ token: who.accessToken });
const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });
const page = async (caseId: string) => (await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body;
const stepsOf = async (caseId: string): Promise<string[]> =>
  (await page(caseId)).steps.filter(({ done }: { done: boolean }) => done).map(({ step }: { step: string }) => step);
const missingFor = ({ status, body }: Answer) => [status, body.code, body.missing];

it('HT-F1 an account that is taken over is contained, reviewed, taken back and watched, with the thief at every door', async () => {
  const owner = await newVictim(h);
  const { accountId, email } = owner;
  const began = h.clock.now();
  h.clock.advance(MINUTE);
  const thief = await takeOver(h, owner);
  expect(thief.paid, 'before anybody knows, the thief can pay').not.toMatch(/deny|challenge/);

  // The owner reads the old mailbox, which hears of the change and can still stop it.
  const [warning] = (await h.mails(email)).filter(({ text }) => text.includes('/freeze#token='));
  const token = /\/freeze#token=(\S+)/.exec(warning?.text ?? '')?.[1] as string;
  const looked = await Promise.all(Array.from({ length: 4 }, () => h.post('/v1/auth/link', { token })));
  expect(looked.map(({ body }) => body.purpose)).toEqual(Array(4).fill('freeze-account'));
  expect((await h.get('/v1/me', thief.session.accessToken)).status, 'a link that was looked at does nothing').toBe(200);

  h.clock.advance(HOUR);
  const refreshed = (await h.post('/v1/auth/refresh', { refreshToken: thief.session.refreshToken })).body;
  thief.session = { ...thief.session, ...refreshed };
  const frozen = await press(token);
  expect([frozen.status, frozen.body.hold.scope]).toEqual([200, 'all']);
  const frozenAt = h.clock.now();
  await expectShutOut(h, thief, 'frozen');
  const { caseReference: reference } = frozen.body;
  const queue = (await h.get('/v1/agent/cases', agent.accessToken)).body.items;
  const { id: caseId } = queue.find((item: { reference: string }) => item.reference === reference);
  expect(queue[0]).toMatchObject({ id: caseId, priority: 'urgent', kind: 'takeover' });
  expect(await stepsOf(caseId)).toEqual(['contained']);

  await thiefTriesToStopIt(thief, caseId, token);
  const caseToken = await ownerReports(email, caseId);
  const work = (what: string, body: object = {}, who = agent) =>
    h.post(`/v1/agent/cases/${caseId}/${what}`, body, by(who));

  // One agent has it, sees what the owner's press proposes, and sets it.
  expect((await work('claim')).status).toBe(200);
  expect([(await work('claim', {}, lead)).body.code]).toEqual(['case-claimed']);
  const { proposedWindow: proposal } = await page(caseId);
  expect(new Date(proposal.from).getTime()).toBeGreaterThanOrEqual(began.getTime());
  expect(missingFor(await work('steps/transactions-reviewed', { note: 'Now' }))).toEqual([
    409,
    'step-not-ready',
    ['window-set'],
  ]);
  const from = began.toISOString();
  expect((await work('window', { from, note: 'A new device, then everything else' })).status).toBe(200);
  expect(await stepsOf(caseId)).toEqual(['contained', 'reported', 'window-set']);

  await reviewWindow(caseId, thief);
  await expectShutOut(h, thief, 'undone');

  // What the thief paid is named as such by the owner, by the token of the case alone; calling it theirs proves nothing.
  const paid = (await h.get('/v1/me/transactions', caseToken)).body.items.filter(
    ({ mine }: { mine: unknown }) => mine === null,
  );
  expect(await stepsOf(caseId)).not.toContain('transactions-reviewed');
  for (const { id } of paid) {
    await h.post(`/v1/me/transactions/${id}/mark`, { mine: true }, { token: caseToken });
    expect(await stepsOf(caseId), 'who holds the password may call it theirs').not.toContain('transactions-reviewed');
    expect((await h.post(`/v1/me/transactions/${id}/mark`, { mine: false }, { token: caseToken })).status).toBe(200);
  }
  expect(await stepsOf(caseId)).toContain('transactions-reviewed');

  // Identity: what a thief knows too proves nothing, nor does what they bound.
  expect(missingFor(await work('recovery-link'))).toEqual([409, 'step-not-ready', ['identity-verified']]);
  const verify = async (kind: string) => (await work('verifications', { kind, note: 'On the phone' })).body;
  expect(await verify('known-transactions')).toMatchObject({ level: 'none' });
  expect(await verify('older-factor')).toMatchObject({ code: 'invalid-request' });
  expect(await verify('phone-code')).toMatchObject({ level: 'partial' });
  expect(await verify('document')).toMatchObject({ level: 'verified' });
  expect(await stepsOf(caseId)).toContain('identity-verified');

  const { secret } = await recover(caseId, thief, email);
  await expectShutOut(h, thief, 'recovered');
  expect(await stepsOf(caseId)).toEqual([
    'contained',
    'reported',
    'window-set',
    'credentials-reset',
    'transactions-reviewed',
    'identity-verified',
    'factor-bound',
  ]);

  await twoAgentsRelease(caseId, email, token);
  await expectShutOut(h, thief, 'released');
  const { accessToken } = await ownerComesIn(email, secret);
  const { body: me } = await h.get('/v1/me', accessToken);
  expect([me.email, me.holds]).toEqual([
    email,
    expect.arrayContaining([expect.objectContaining({ scope: 'withdrawals', reasonCode: 'recovery' })]),
  ]);
  expect(await tryToPay(h, accountId, { kind: 'withdrawal' }), 'money waits').toMatch(/^deny /);
  expect(await tryToPay(h, accountId), 'watched').toBe('challenge grant:watched');
  const until = new Date(h.clock.now().getTime() + 28 * DAY).toISOString();
  expect(Date.parse(me.watchUntil)).toBeLessThanOrEqual(Date.parse(until));
  expect((await work('watch/sign-off', { note: 'Too soon' })).body.code).toBe('too-early');
  expect(missingFor(await work('resolve', { outcome: 'confirmed', note: 'Too soon' }))).toEqual([
    409,
    'step-not-ready',
    ['watched'],
  ]);

  h.clock.advance(28 * DAY);
  await expectShutOut(h, thief, 'weeks later');
  expect((await work('watch/sign-off', { note: 'All quiet' })).status).toBe(200);
  const closed = await work('resolve', { outcome: 'confirmed', note: 'A stolen password' });
  expect([closed.status, closed.body.code]).toEqual([200, undefined]);
  expect((await stepsOf(caseId)).slice(-3)).toEqual(['restored', 'watched', 'closed']);
  expect(await tryToPay(h, accountId), 'watched no more').not.toMatch(/deny|challenge/);
  await ownerLooksBack(email, secret, caseId, { accountId, frozenAt, reference });
});

const signIn = (identifier: string, secret: string, extra: object = {}) => {
  h.clock.advance(30_000);
  const code = totpCode(secret, h.clock.now());
  return h.post('/v1/auth/sign-in', { identifier, password: NEW, code, ...extra });
};

/** The thief's guesses lock strangers out; the owner's browser is none once they pressed the link in the mail about it. */
async function ownerComesIn(email: string, secret: string): Promise<{ accessToken: string }> {
  h.clock.advance(HOUR);
  const { deviceToken } = (await press(await mailedToken(h, email, 'unlock'))).body;
  const { status, body } = await signIn(email, secret, { deviceToken });
  expect([status, body.status]).toEqual([200, 'signed-in']);
  return body;
}

/** A support chat, an anonymous report, the freeze's own link, and a way out of it: none of them moves anything. */
async function thiefTriesToStopIt(thief: Thief, caseId: string, token: string): Promise<void> {
  const { accountId, mailbox, secret, recoveryCodes } = thief;
  const kinds = ['takeover', 'complaint'];
  for (const kind of kinds) {
    const report = { identifier: mailbox, kind, message: 'It is me, unfreeze it', contact: mailbox, channel: 'chat' };
    expect((await h.post('/v1/auth/report', report)).status).toBe(202);
  }
  expect((await press(token)).body.hold?.scope ?? 'void', 'pressed again it changes nothing').toMatch(/all|void/);
  const opened = await h.post('/v1/auth/case-access', {
    identifier: mailbox,
    password: PASSWORD,
    code: recoveryCodes[1],
  });
  const { caseToken } = opened.body;
  const says = { kind: 'locked-out', message: 'Please unfreeze my account' };
  expect((await h.post('/v1/me/reports', says, { token: caseToken })).status).toBe(201);
  h.clock.advance(3 * HOUR);
  const again = { identifier: mailbox, password: PASSWORD, code: totpCode(secret, h.clock.now()) };
  const later = (await h.post('/v1/auth/case-access', again)).body.caseToken;
  h.clock.advance(30_000);
  const out = await h.post('/v1/me/unfreeze', { code: totpCode(secret, h.clock.now()) }, { token: later });
  expect([out.status, out.body.code], 'a factor from inside').toEqual([403, 'proof-too-new']);
  expect((await h.post('/v1/me/unfreeze', {}, { token: later })).status, 'a code is asked for').toBe(202);
  expect((await h.mails(mailbox)).filter(({ subject }) => /code to unfreeze/i.test(subject))).toEqual([]);
  expect(await stepsOf(caseId), 'what is unproven is no report').toEqual(['contained']);
  expect((await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken)).body.holds).toContainEqual(
    expect.objectContaining({ scope: 'all', source: 'owner' }),
  );
  expect((await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body.priority).toBe('urgent');
}

/** Signed out and frozen, by the mail about the freeze at the old address. */
async function ownerReports(email: string, caseId: string): Promise<string> {
  const link = await mailedToken(h, email, 'case');
  const { caseToken } = (await h.post('/v1/auth/case-access', { token: link })).body;
  const report = { kind: 'takeover', message: 'Somebody changed my address and paid' };
  const told = await h.post('/v1/me/reports', report, { token: caseToken });
  expect([told.status, told.body.caseId]).toEqual([201, caseId]);
  expect(await stepsOf(caseId), 'by a token of the case it is unproven').toEqual(['contained']);
  const call = { channel: 'phone', summary: 'Called them back', agreed: 'They show a document' };
  await h.post(`/v1/agent/cases/${caseId}/contacts`, call, by(agent));
  expect(await stepsOf(caseId)).toEqual(['contained', 'reported']);
  return caseToken;
}

type Born = { kind: string; id: string | null; state: string };
/** Undoes everything that was born inside; what is older is not even shown. */
async function reviewWindow(caseId: string, { paid }: Thief): Promise<void> {
  const contents = async (): Promise<Born[]> =>
    (await h.get(`/v1/agent/cases/${caseId}/window`, agent.accessToken)).body.items;
  const items = await contents();
  const kinds = new Set(items.map(({ kind }) => kind));
  for (const kind of ['session', 'totp', 'recovery-codes', 'contact-change', 'transaction', 'payee'])
    expect([...kinds], kind).toContain(kind);
  // What the owner must say themselves stays for them.
  const undone = items.filter(({ kind, state }) => state === 'active' && kind !== 'payee' && kind !== 'transaction');
  for (const { kind, id } of undone) {
    const answer = await h.post(`/v1/agent/cases/${caseId}/window/undo`, { kind, id, note: 'Theirs' }, by(agent));
    expect([kind, answer.status]).toEqual([kind, 200]);
  }
  const left = (await contents()).filter(
    ({ kind, state }) => state === 'active' && kind !== 'payee' && kind !== 'transaction',
  );
  expect(left).toEqual([]);
  expect((await h.get(`/v1/server/transactions/${paid}`, await hostKey(h))).body.decision).toBe('allow');
}

/** The link goes to the mailbox from before; the thief, who reads the other, gets nothing and spoils nothing. */
async function recover(caseId: string, thief: Thief, email: string): Promise<{ secret: string }> {
  expect((await h.post(`/v1/agent/cases/${caseId}/recovery-link`, {}, by(agent))).status).toBe(202);
  const link = await mailedToken(h, email, 'recover');
  expect((await h.mails(thief.mailbox)).some(({ text }) => text.includes('/recover#'))).toBe(false);
  const other = await newSignedIn(h);
  for (const wrong of [await freezeLinkOf(h, other.email), thief.halfDone.resetToken, `${link}x`])
    expect((await h.post('/v1/auth/recovery', { token: wrong })).body.code).toBe('invalid-token');
  const { recoveryToken } = (await h.post('/v1/auth/recovery', { token: link })).body;
  expect((await h.post('/v1/auth/recovery', { token: link })).body.code, 'once').toBe('invalid-token');
  const as = { token: recoveryToken };
  const reused = await h.post('/v1/auth/recovery/password', { newPassword: 'password' }, as);
  expect(reused.body.code).toBe('weak-password');
  expect((await h.post('/v1/auth/recovery/password', { newPassword: NEW }, as)).status).toBe(204);

  // With everything but the second factor there is no way out yet, for nobody.
  const { holds } = (await h.get(`/v1/agent/accounts/${thief.accountId}`, agent.accessToken)).body;
  const freeze = holds.find(({ scope }: { scope: string }) => scope === 'all');
  const early = await h.post(
    `/v1/agent/holds/${freeze.id}/release`,
    { reasonCode: 'restored', note: 'Done' },
    by(agent),
  );
  expect(missingFor(early)).toEqual([409, 'step-not-ready', ['factor-bound']]);

  const { secret } = (await h.call('POST', '/v1/auth/recovery/totp', as)).body;
  const code = totpCode(secret, h.clock.now());
  const bound = await h.post('/v1/auth/recovery/totp/confirm', { code }, as);
  expect([bound.status, bound.body.recoveryCodes?.length]).toEqual([200, 10]);
  const still = await signIn(email, secret);
  expect([still.status, still.body.code], 'still frozen').toEqual([403, 'account-held']);
  return { secret };
}

/** One asks, and cannot agree, in no role; another says yes. Links from before are void, the new mail's works. */
async function twoAgentsRelease(caseId: string, email: string, oldLink: string): Promise<void> {
  const { holds } = await page(caseId);
  const { id: holdId } = holds.find(({ scope }: { scope: string }) => scope === 'all');
  for (const reasonCode of ['mistake', 'false-positive']) {
    const answer = await h.post(`/v1/agent/holds/${holdId}/release`, { reasonCode, note: 'No' }, by(agent));
    expect([answer.status, answer.body.code]).toEqual([409, 'hold-contested']);
  }
  const before = (await h.mails(email)).flatMap(({ text }) => /\/freeze#token=(\S+)/.exec(text)?.[1] ?? []);
  const asked = await h.post(
    `/v1/agent/holds/${holdId}/release`,
    { reasonCode: 'restored', note: 'All done' },
    by(agent),
  );
  expect([asked.status, asked.body.code]).toEqual([202, undefined]);
  const approve = (who: TestAgent) =>
    h.post(`/v1/agent/approvals/${asked.body.approvalId}/approve`, { note: 'Looked at it' }, by(who));
  expect((await approve(agent)).body.code).toBe('self-approval');
  expect((await approve(await newAgent(h, 'agent'))).body.code).toBe('forbidden');
  expect((await approve(await newAgent(h, 'lead'))).body).toMatchObject({
    code: 'second-person-required',
    reason: 'too-new',
  });
  expect(await stepsOf(caseId)).not.toContain('restored');
  expect((await approve(lead)).body.status).toBe('done');
  expect(await stepsOf(caseId)).toContain('restored');

  for (const link of new Set([oldLink, ...before])) {
    expect((await h.post('/v1/auth/link', { token: link })).body.code, 'an old link').toBe('invalid-token');
    expect((await press(link)).body.code).toBe('invalid-token');
  }
  const fresh = await mailedToken(h, email, 'freeze');
  expect(before).not.toContain(fresh);
  expect((await h.post('/v1/auth/link', { token: fresh })).body.purpose).toBe('freeze-account');
}

/** Feedback, and receipts that anybody can check. */
async function ownerLooksBack(
  email: string,
  secret: string,
  caseId: string,
  told: { accountId: string; frozenAt: Date; reference: string },
): Promise<void> {
  const { accessToken } = await ownerComesIn(email, secret);
  const own = (await h.get(`/v1/me/cases/${caseId}`, accessToken)).body;
  expect(own.reference).toBe(told.reference);
  const thanks = { rating: 5, text: 'You were quick' };
  expect((await h.post(`/v1/me/cases/${caseId}/feedback`, thanks, { token: accessToken })).status).toBeLessThan(300);
  const keys = createLocalJWKSet((await h.get('/.well-known/jwks.json')).body);
  const { items } = (await h.get('/v1/me/receipts', accessToken)).body;
  const claims = await Promise.all(
    items.map(
      async ({ receipt }: { receipt: string }) => (await jwtVerify(receipt, keys, { typ: 'receipt+jwt' })).payload,
    ),
  );
  expect(claims).toContainEqual(
    expect.objectContaining({
      event: 'account-frozen',
      sub: told.accountId,
      case: told.reference,
      at: told.frozenAt.toISOString(),
    }),
  );
  expect(claims).toContainEqual(expect.objectContaining({ event: 'reported', case: told.reference }));
}
