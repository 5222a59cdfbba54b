import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastContainment } from '../src/playbooks/containment.ts';
import { type Need, playbooks, type Step, steps, stepsOf } from '../src/playbooks/rules.ts';
import { eventsOf, newReporter, pay, readCase, work } from './support/case-work.ts';
import { enrolTotp, type Harness, newAgent, newOwner, openHarness, type TestAgent } from './support/harness.ts';
import { verify } from './support/lost-factor.ts';
import { freezeByAgent, newSignedIn, signIn } from './support/seed.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({
    policy: { 'access.ttl': 365 * DAY, 'agents.idle': 365 * DAY, 'agents.absolute': 365 * DAY },
  });
  agent = await newAgent(h);
});
afterAll(() => h.close());

const doneOf = async (caseId: string): Promise<string[]> =>
  (await readCase(h, agent, caseId)).steps
    .filter(({ done }: { done: boolean }) => done)
    .map(({ step }: { step: string }) => step);
const start = (caseId: string, step: string) => work(h, agent, caseId, `steps/${step}`, { note: 'Next' });
const missingBefore = async (caseId: string, step: string) => (await start(caseId, step)).body.missing;
const ago = (ms: number) => new Date(h.clock.now().getTime() - ms).toISOString();
/** A release as two agents make one. */
const release = (caseId: string, reason = 'restored') =>
  h.pool.query('update holds set released_at = $2, release_reason = $3 where case_id = $1 and released_at is null', [
    caseId,
    h.clock.now(),
    reason,
  ]);

describe('the table of playbooks', () => {
  it('names for every kind only needs that come before, and ends with closing', () => {
    for (const [kind, { steps: own }] of Object.entries(playbooks)) {
      for (const hasFrozen of [false, true]) {
        const all = stepsOf(kind as keyof typeof playbooks, hasFrozen);
        expect(all.closed, kind).toBeDefined();
        for (const [step, needs] of Object.entries(all) as [Step, Need[]][]) {
          for (const need of needs) {
            if (need === 'answered' || need === 'refund-decided') continue;
            expect(Object.keys(all), `${kind}: ${step}`).toContain(need);
            expect(steps.indexOf(need) === steps.indexOf(step), `${kind}: ${step} waits for itself`).toBe(false);
          }
        }
        if (hasFrozen) expect(Object.keys(all)).toEqual(expect.arrayContaining(Object.keys(own)));
      }
    }
  });

  it('lets no step wait for one that waits for it', () => {
    for (const kind of Object.keys(playbooks) as (keyof typeof playbooks)[]) {
      const all = stepsOf(kind, true);
      const reach = (step: Step, seen: Step[]): void => {
        expect(seen, `${kind}: ${step}`).not.toContain(step);
        for (const need of (all[step] ?? []) as Step[]) if (need in all) reach(need, [...seen, step]);
      };
      for (const step of steps) reach(step, []);
    }
  });
});

describe('containment', () => {
  const at = (day: number) => new Date(Date.UTC(2026, 0, day));
  const freeze = (since: number, released?: number, releaseReason = 'restored') => ({
    since: at(since),
    until: null,
    releasedAt: released === undefined ? null : at(released),
    releaseReason: released === undefined ? null : releaseReason,
  });
  // biome-ignore format: a table reads as one
  it.each([
    ['never',                               [],                                         undefined],
    ['once and still',                      [freeze(1)],                                { from: at(1), ended: undefined }],
    ['once and over',                       [freeze(1, 3)],                             { from: at(1), ended: { at: at(3), reason: 'restored' } }],
    ['twice apart',                         [freeze(1, 3), freeze(5)],                  { from: at(5), ended: undefined }],
    ['twice at once, one of which stands',  [freeze(1), freeze(2, 3, 'mistake')],       { from: at(1), ended: undefined }],
    ['twice, one after the other',          [freeze(1, 3, 'mistake'), freeze(2, 4)],    { from: at(1), ended: { at: at(4), reason: 'restored' } }],
  ])('%s', (_what, freezes, expected) => {
    expect(lastContainment(freezes, at(20))).toEqual(expected);
  });
});

describe('a takeover case', () => {
  it('is led from step to step by facts, and by nothing else', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(10 * DAY);
    const { caseId } = (await freezeByAgent(h, agent, owner.accountId)).body;
    expect(await doneOf(caseId)).toEqual(['contained']);
    expect((await readCase(h, agent, caseId)).next).toBe('reported');

    expect(await missingBefore(caseId, 'restored')).toEqual([
      'reported',
      'window-set',
      'credentials-reset',
      'transactions-reviewed',
      'identity-verified',
      'factor-bound',
    ]);
    expect(await missingBefore(caseId, 'identity-verified')).toEqual(['reported']);
    await work(h, agent, caseId, 'contacts', { channel: 'phone', summary: 'Says it was not them' });
    expect(await doneOf(caseId)).toContain('reported');

    const transactionId = await pay(h, owner.accountId, { occurredAt: ago(HOUR) });
    await work(h, agent, caseId, 'window', { from: ago(DAY), note: 'A device nobody knows' });
    expect(await doneOf(caseId)).toEqual(['contained', 'reported', 'window-set']);
    const mark = (mine: boolean, proven: boolean) =>
      h.pool.query(
        `update transactions set marked_mine = $2, marked_at = $3, marked_by = 'owner', mark_proven = $4
         where transaction_id = $1`,
        [transactionId, mine, h.clock.now(), proven],
      );
    // Whoever holds the password may call it the owner's.
    await mark(true, false);
    expect(await doneOf(caseId)).not.toContain('transactions-reviewed');
    await mark(false, false);
    expect(await doneOf(caseId)).toContain('transactions-reviewed');

    await verify(h, agent, caseId, 'video');
    expect(await doneOf(caseId)).not.toContain('identity-verified');
    await verify(h, agent, caseId, 'document');
    expect(await doneOf(caseId)).toContain('identity-verified');

    const setAt = (ms: number) =>
      h.pool.query('update passwords set set_at = $2 where account_id = $1', [owner.accountId, ago(ms)]);
    await setAt(HOUR);
    expect(await doneOf(caseId)).not.toContain('credentials-reset');
    h.clock.advance(HOUR);
    await setAt(0);
    expect(await doneOf(caseId)).toContain('credentials-reset');
    expect(await missingBefore(caseId, 'restored')).toEqual(['factor-bound']);
    const bind = (ms: number) =>
      h.pool.query(
        `insert into sms_factors (account_id, phone, created_at, confirmed_at) values ($1, '+49301234567', $2, $2)
         on conflict (account_id) do update set confirmed_at = $2`,
        [owner.accountId, ago(ms)],
      );
    await bind(3 * HOUR);
    expect(await doneOf(caseId)).not.toContain('factor-bound');
    await bind(0);
    const ready = await start(caseId, 'restored');
    expect(ready.body).toMatchObject({
      started: null,
      next: expect.stringMatching(/^POST \/v1\/agent\/holds\/.+\/release$/),
    });
    expect(await doneOf(caseId)).not.toContain('restored');

    await release(caseId);
    expect(await doneOf(caseId)).toContain('restored');
    expect(await missingBefore(caseId, 'closed')).toEqual(['watched']);
    const early = await work(h, agent, caseId, 'resolve', { outcome: 'confirmed', note: 'Done' });
    expect(early).toMatchObject({ status: 409, body: { code: 'step-not-ready', missing: ['watched'] } });
    await h.pool.query(
      'insert into watches (id, account_id, case_id, began_at, until) values (gen_random_uuid(), $1, $2, $3, $4)',
      [owner.accountId, caseId, h.clock.now(), ago(-28 * DAY)],
    );
    h.clock.advance(28 * DAY);
    expect(await doneOf(caseId)).not.toContain('watched');
    expect((await work(h, agent, caseId, 'watch/sign-off', { note: 'Quiet' })).status).toBeLessThan(300);
    const closed = await work(h, agent, caseId, 'resolve', { outcome: 'confirmed', note: 'Done' });
    expect(closed.body, closed.text).toMatchObject({ status: 'closed', outcome: 'confirmed' });
    expect(await doneOf(caseId)).toEqual(
      Object.keys(stepsOf('takeover', true)).sort((a, b) => steps.indexOf(a as Step) - steps.indexOf(b as Step)),
    );
    expect((await readCase(h, agent, caseId)).next).toBeNull();
  });

  it('begins again with another freeze', async () => {
    const { accountId } = await newSignedIn(h);
    const { caseId } = (await freezeByAgent(h, agent, accountId)).body;
    await release(caseId);
    expect(await doneOf(caseId)).toContain('restored');
    h.clock.advance(HOUR);
    await freezeByAgent(h, agent, accountId);
    expect(await doneOf(caseId)).not.toContain('restored');
  });

  it('a factor older than the window counts, one that was bound inside never', async () => {
    const owner = await newOwner(h);
    await enrolTotp(h, owner);
    h.clock.advance(10 * DAY);
    const { caseId } = (await freezeByAgent(h, agent, owner.accountId)).body;
    expect(await doneOf(caseId)).toContain('factor-bound');
    await work(h, agent, caseId, 'window', { from: ago(DAY), note: 'x' });
    expect(await doneOf(caseId)).toContain('factor-bound');
    await work(h, agent, caseId, 'window', { from: ago(20 * DAY), note: 'x' });
    expect(await doneOf(caseId)).not.toContain('factor-bound');
  });

  it('is not reported by what is said with a case token alone', async () => {
    const { accountId, email } = await newSignedIn(h);
    const { caseId } = (await freezeByAgent(h, agent, accountId)).body;
    const { caseToken } = await signIn(h, email);
    const report = { kind: 'takeover', message: 'It was me' };
    expect((await h.post('/v1/me/reports', report, { token: caseToken })).body.caseId).toBe(caseId);
    expect(await doneOf(caseId)).not.toContain('reported');
  });

  it('is no false alarm while a hold of it stands, or once its owner reported it', async () => {
    const frozen = (await freezeByAgent(h, agent, (await newSignedIn(h)).accountId)).body;
    const alarm = { outcome: 'false-positive', note: 'A test' };
    expect((await work(h, agent, frozen.caseId, 'resolve', alarm)).body.missing).toEqual(['holds-released']);
    await release(frozen.caseId, 'mistake');
    expect((await work(h, agent, frozen.caseId, 'resolve', alarm)).body.outcome).toBe('false-positive');
    expect((await work(h, agent, frozen.caseId, 'resolve', alarm)).body.code).toBe('case-closed');
    const { caseId } = await newReporter(h);
    expect((await work(h, agent, caseId, 'resolve', alarm)).body.errors[0].pointer).toBe('/outcome');
  });
});

describe('starting a step', () => {
  it('freezes, asks the owner in their language, takes the password, or names the call', async () => {
    const { caseId, accountId, accessToken } = await newReporter(h);
    expect((await start(caseId, 'contained')).body).toEqual({ started: 'freeze', next: null });
    expect(await doneOf(caseId)).toEqual(
      ['contained', 'reported', 'factor-bound'].filter((step) => step !== 'factor-bound'),
    );
    expect((await start(caseId, 'identity-verified')).body).toMatchObject({ started: 'message' });
    expect((await readCase(h, agent, caseId)).messages.at(-1).body).toContain('Please have a document at hand');
    expect((await start(caseId, 'window-set')).body.next).toBe(`POST /v1/agent/cases/${caseId}/window`);
    expect(await missingBefore(caseId, 'credentials-reset')).toEqual(['identity-verified']);
    await verify(h, agent, caseId, 'video');
    await verify(h, agent, caseId, 'document');
    expect((await start(caseId, 'credentials-reset')).body.started).toBe('password-reset');
    const { rows } = await h.pool.query('select change_required_at from passwords where account_id = $1', [accountId]);
    expect(rows[0].change_required_at).not.toBeNull();
    expect((await eventsOf(h, caseId, 'case.step-started')).map(({ detail }) => detail.step)).toEqual([
      'contained',
      'identity-verified',
      'window-set',
      'credentials-reset',
    ]);
    expect((await h.get('/v1/me', accessToken)).status).toBe(401);
  });

  it('is refused for what there is none of, and to those who only read', async () => {
    const { caseId } = await newReporter(h);
    expect((await start(caseId, 'painted')).status).toBe(422);
    const auditor = await newAgent(h, 'auditor');
    expect((await work(h, auditor, caseId, 'steps/contained', { note: 'x' })).status).toBe(403);
    expect((await work(h, agent, caseId, 'steps/contained')).status).toBe(422);
  });
});

describe('the other playbooks', () => {
  it('PS-73 an unauthorised transaction ends with a decision on the refund, made once', async () => {
    const { caseId, accessToken } = await newReporter(h, 'unauthorised-transaction');
    const own = async () => (await h.get(`/v1/me/cases/${caseId}`, accessToken)).body;
    expect((await own()).refund.status).toBe('pending');
    expect((await own()).steps.map(({ step }: { step: string }) => step)).toEqual([
      'reported',
      'transactions-reviewed',
      'closed',
    ]);
    const end = { outcome: 'confirmed', note: 'Card was cloned' };
    expect((await work(h, agent, caseId, 'resolve', end)).body.missing).toEqual(['answered', 'refund-decided']);
    await work(h, agent, caseId, 'messages', { message: 'We give it back' });
    const decisions = await Promise.all(
      ['granted', 'refused'].map((decision) => work(h, agent, caseId, 'refund', { decision, note: 'x' })),
    );
    expect(decisions.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(['granted', 'refused']).toContain((await own()).refund.status);
    expect((await work(h, agent, caseId, 'resolve', end)).status).toBe(200);
    expect(await own()).toMatchObject({ status: 'closed', outcome: 'confirmed', next: null });
  });

  it('asks for every named transaction to be marked', async () => {
    const owner = await newSignedIn(h);
    const transactionId = await pay(h, owner.accountId);
    const report = { kind: 'scam', message: 'x', transactionIds: [transactionId] };
    const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
    expect(await doneOf(caseId)).toEqual(['reported']);
    await h.pool.query(
      `update transactions set marked_mine = true, marked_at = $2, marked_by = 'owner', mark_proven = true where transaction_id = $1`,
      [transactionId, h.clock.now()],
    );
    expect(await doneOf(caseId)).toEqual(['reported', 'transactions-reviewed']);
  });

  it('one that froze the account leads the whole way back too', async () => {
    const { caseId, accountId } = await newReporter(h, 'complaint');
    expect((await readCase(h, agent, caseId)).steps).toHaveLength(2);
    await freezeByAgent(h, agent, accountId, { reasonCode: 'review', note: 'x', caseId });
    expect((await readCase(h, agent, caseId)).steps).toHaveLength(10);
    expect(await missingBefore(caseId, 'closed')).toEqual(['restored', 'watched', 'answered']);
    await release(caseId, 'mistake');
    expect(await missingBefore(caseId, 'closed')).toEqual(['answered']);
  });

  it('a refund is decided only where one is due, and never by those who only read', async () => {
    const { caseId } = await newReporter(h, 'locked-out');
    const granted = { decision: 'granted', note: 'x' };
    expect((await work(h, agent, caseId, 'refund', granted)).body.code).toBe('no-refund-due');
    expect((await work(h, await newAgent(h, 'auditor'), caseId, 'refund', granted)).status).toBe(403);
  });
});
