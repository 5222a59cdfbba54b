import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../src/log.ts';
import { forgetStrangers } from '../src/stuffing/forget.ts';
import { mailedCode, newWithTotp, psd2, secondStep, send } from './support/enrolling.ts';
import {
  type Answer,
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  someAddress,
  someEmail,
  totpCode,
} from './support/harness.ts';
import { openNode } from './support/nodes.ts';
import { enrol, freezeByAgent, newAccount, newSignedIn } from './support/seed.ts';
import { openSink, type Sink } from './support/sink.ts';
import { solve } from './support/work.ts';

const MINUTE = 60_000;
const live = { 'stuffing.mode': 'live', 'limits.signInPerIp': 10_000 } as const;
const opened: { close(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const each of opened) await each.close();
});
async function open(options: Parameters<typeof openHarness>[0] = {}): Promise<Harness> {
  const h = await openHarness({ ...options, policy: { ...live, ...options.policy } });
  opened.push(h);
  return h;
}

const enter = (h: Harness, identifier: string, password: string, extra: object = {}, ip = someAddress()) =>
  h.post('/v1/auth/sign-in', { identifier, password, ...extra }, { ip });

/** Strangers who fail everywhere, each from an address of their own. */
async function attack(h: Harness, tries = 20): Promise<void> {
  for (let n = 0; n < tries; n += 1) await enter(h, someEmail(), `guess ${randomBytes(6).toString('hex')}`);
  // Whoever was asked for work had the time to do it.
  h.clock.advance(10_000);
}

/** What is asked for is done, and the same call sent again. */
async function doing(ask: (extra: object) => Promise<Answer>): Promise<Answer> {
  const { body, ...answer } = await ask({});
  return body.proof ? await ask({ proof: solve(body.proof) }) : { ...answer, body };
}

/** All of an answer that a caller can see, but for what is drawn anew for each. */
function shown({ status, text, body, headers }: Answer): string {
  const own = [body?.requestId, body?.proof?.challenge, body?.challenge].filter((each) => each !== undefined);
  const rest = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  return JSON.stringify([status, own.reduce((shorn, each) => shorn.replace(each, '…'), text), rest]);
}

describe('V6.3.8 what is asked for during an attack', () => {
  let h: Harness;
  let people: Record<string, string>;
  let owner: { email: string; recoveryCode: string };
  beforeAll(async () => {
    h = await open();
    const [known, locked, frozen, closed, enrolled] = [
      await newAccount(h),
      await newAccount(h),
      await newAccount(h),
      await newSignedIn(h),
      await newSignedIn(h),
    ];
    const { recoveryCodes } = await enrol(h, enrolled.accessToken);
    owner = { email: enrolled.email, recoveryCode: recoveryCodes[0] as string };
    await freezeByAgent(h, await newAgent(h), frozen.accountId);
    await h.pool.query('update accounts set closed_at = now() where id = $1', [closed.accountId]);
    for (let n = 0; n < 4; n += 1) await enter(h, locked.email, 'a wrong password');
    people = {
      unknown: someEmail(),
      known: known.email,
      'one short of locked': locked.email,
      frozen: frozen.email,
      closed: closed.email,
      enrolled: enrolled.email,
    };
    await attack(h);
  });

  it.each([
    ['sign-in', 'a wrong password', {}],
    ['sign-in', PASSWORD, {}],
    ['sign-in', PASSWORD, { code: '000000' }],
    ['case-access', PASSWORD, {}],
  ])('is the same for everybody: %s with %s %o', async (path, password, extra) => {
    const answers = new Map<string, string>();
    for (const [kind, identifier] of Object.entries(people)) {
      const answer = await h.post(`/v1/auth/${path}`, { identifier, password, ...extra });
      expect(answer, kind).toMatchObject({ status: 403, body: { code: 'proof-required', proof: { difficulty: 19 } } });
      answers.set(shown(answer), kind);
    }
    expect([...answers.keys()], [...answers.values()].join()).toHaveLength(1);
  });

  it('takes no place under the limit: who only asks for work locks nobody out', async () => {
    const owner = await newAccount(h);
    for (let n = 0; n < 8; n += 1) await enter(h, owner.email, 'a wrong password');
    const { rows } = await h.pool.query("select count(*)::int as n from events where type = 'sign-in.locked'");
    expect(rows[0].n).toBe(0);
  });

  it('is owed for a one-shot sign-in too, and the right code ends the doubt', async () => {
    const ip = someAddress();
    const answer = await doing((extra) => enter(h, owner.email, PASSWORD, { code: owner.recoveryCode, ...extra }, ip));
    expect(answer.body.status).toBe('signed-in');
  });

  it('is owed for access to cases too, and a password alone that is taken for stolen opens none', async () => {
    const owner = await newAccount(h);
    const ip = someAddress();
    const ask = (extra: object) =>
      h.post('/v1/auth/case-access', { identifier: owner.email, password: PASSWORD, ...extra }, { ip });
    const answer = await doing(ask);
    expect(answer).toMatchObject({ status: 403, body: { code: 'password-change-required' } });
    expect((await h.mails(owner.email)).map(({ subject }) => subject).join()).toContain('Someone knows your');
  });

  it('opens cases to who was in that network before', async () => {
    const owner = await newAccount(h);
    const ip = someAddress();
    const { challenge } = (await doing((extra) => enter(h, owner.email, PASSWORD, extra, ip))).body;
    await send(h, challenge);
    const code = (await mailedCode(h, owner.email)) as string;
    const answer = await h.post('/v1/auth/second-factor', { challenge, factor: 'email-code', code }, { ip });
    expect(answer.body.status).toBe('signed-in');
    const ask = (extra: object) =>
      h.post('/v1/auth/case-access', { identifier: owner.email, password: PASSWORD, ...extra }, { ip });
    expect((await doing(ask)).body.caseToken).toEqual(expect.any(String));
  });
});

describe('PS-4.3a V6.3.8 during an attack, where the second step is hidden', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await open({ policy: psd2 });
  });
  const required = async (accountId: string) => {
    const { rows } = await h.pool.query('select change_required_at from passwords where account_id = $1', [accountId]);
    return rows[0].change_required_at !== null;
  };

  it('asks the same of everybody, and who did the work learns the same', async () => {
    const [right, wrong, bare] = [await newWithTotp(h), await newWithTotp(h), await newAccount(h)];
    await attack(h);
    const asked = new Set<string>();
    const answered = new Set<string>();
    for (const [identifier, password] of [
      [right.email, PASSWORD],
      [wrong.email, 'a wrong password'],
      [bare.email, PASSWORD],
      [someEmail(), PASSWORD],
    ] as const) {
      const ip = someAddress();
      asked.add(shown(await enter(h, identifier, password, {}, ip)));
      answered.add(shown(await doing((extra) => enter(h, identifier, password, extra, ip))));
    }
    expect([asked.size, answered.size]).toEqual([1, 1]);
    expect([...answered][0]).toContain('second-factor-required');
    await expect.poll(() => required(right.accountId)).toBe(true);
    expect(await required(wrong.accountId)).toBe(false);
  });

  it('believes the owner who gives the second factor too', async () => {
    const owner = await newWithTotp(h);
    await attack(h, 5);
    const ip = someAddress();
    const { body } = await doing((extra) => enter(h, owner.email, PASSWORD, extra, ip));
    await expect.poll(() => required(owner.accountId)).toBe(true);
    const code = totpCode(owner.secret, h.clock.now());
    expect((await secondStep(h, body.challenge, 'totp', code)).body.status).toBe('signed-in');
    expect(await required(owner.accountId)).toBe(false);
  });
});

describe('V6.3.1 two nodes', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await open();
  });

  it('see one attack and tell it once', async () => {
    const other = await openNode(h);
    opened.unshift({ close: () => other.close() });
    const ip = someAddress();
    for (let n = 0; n < 2; n += 1) {
      expect((await enter(h, someEmail(), `here ${n}`, {}, ip)).status).toBe(401);
      const there = { identifier: someEmail(), password: `there ${n}` };
      expect((await other.post('/v1/auth/sign-in', there, ip)).status).toBe(401);
    }
    expect((await enter(h, someEmail(), 'the fifth', {}, ip)).body.code).toBe('proof-required');
    const sixth = { identifier: someEmail(), password: 'the sixth' };
    expect((await other.post('/v1/auth/sign-in', sixth, ip)).body.code).toBe('proof-required');
    const { rows } = await h.pool.query("select detail from events where type = 'stuffing.detected'");
    expect(rows).toHaveLength(1);
  });

  it('sum up what strangers tried once, and leave attacks out of what is normal', async () => {
    const other = await openNode(h);
    opened.unshift({ close: () => other.close() });
    const both = () => Promise.all([h.instance, other].map(({ ctx }) => forgetStrangers(ctx)));
    const sums = async () => {
      const { rows } = await h.pool.query(
        'select coalesce(sum(failed), 0)::int as failed, coalesce(sum(succeeded), 0)::int as succeeded from stranger_hours',
      );
      return rows[0];
    };
    const owner = await newAccount(h);
    await attack(h, 3);
    await enter(h, owner.email, PASSWORD);
    h.clock.advance(16 * MINUTE);
    await both();
    expect(await sums()).toEqual({ failed: 3, succeeded: 1 });
    expect((await h.pool.query('select from stranger_tries')).rowCount).toBe(0);
    // Attacks in pulses: the second begins before what the first one tried is summed up.
    await attack(h, 30);
    h.clock.advance(12 * MINUTE);
    await attack(h, 30);
    h.clock.advance(4 * MINUTE);
    await both();
    h.clock.advance(16 * MINUTE);
    await both();
    expect((await h.pool.query('select from stranger_tries')).rowCount).toBe(0);
    expect(await sums()).toEqual({ failed: 3, succeeded: 1 });
    h.clock.advance(15 * 24 * 60 * MINUTE);
    await both();
    expect(await sums()).toEqual({ failed: 0, succeeded: 0 });
  });
});

describe('what is kept of strangers', () => {
  it('V14.2.1 tells no password, address or name, and is the same password for ten minutes alone', async () => {
    const h = await open({ policy: { 'stuffing.mode': 'shadow' } });
    const [email, password, ip] = ['canary-stranger@example.com', 'a canary of a password', '198.51.100.77'];
    const passwords = async () => (await h.pool.query('select distinct password from stranger_tries')).rowCount;
    for (let n = 0; n < 6; n += 1) await enter(h, n === 0 ? email : someEmail(), password, {}, ip);
    expect(await passwords()).toBe(1);
    h.clock.advance(10 * MINUTE);
    await enter(h, email, password, {}, ip);
    expect(await passwords()).toBe(2);
    for (const table of ['stranger_tries', 'stuffing_alarms', 'stranger_hours', 'spent_work']) {
      const { rows } = await h.pool.query(`select t::text as row from ${table} t`);
      const kept = rows.map(({ row }) => row).join('\n');
      for (const canary of [email, password, ip]) {
        for (const form of [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64')])
          expect(kept, table).not.toContain(form);
      }
    }
    expect((await h.pool.query('select from stuffing_alarms')).rowCount).toBeGreaterThan(0);
    const { rows } = await h.pool.query("select detail::text as detail from events where type = 'stuffing.detected'");
    expect(rows.map(({ detail }) => JSON.parse(detail).mode)).toContain('shadow');
    expect(JSON.stringify(rows)).not.toContain(ip);
  });
});

describe('the operator’s CAPTCHA', () => {
  const SECRET = 'a secret of the operator’s CAPTCHA';
  const lines: string[] = [];
  let sink: Sink;
  let h: Harness;
  beforeAll(async () => {
    sink = await openSink();
    opened.unshift(sink);
    const memory = new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk)) as undefined) });
    h = await open({ env: { CAPTCHA_VERIFY_URL: sink.url, CAPTCHA_SECRET: SECRET }, log: openLog('debug', memory) });
    await attack(h);
  });
  const show = (identifier: string, captcha: string, ip = someAddress()) =>
    enter(h, identifier, 'a wrong password', { proof: { captcha } }, ip);

  it('is asked for instead of work, and let through where its service says so', async () => {
    sink.answer = ({ text }) => ({ body: { success: new URLSearchParams(text).get('response') === 'right' } });
    const asked = await enter(h, someEmail(), 'a wrong password');
    expect(asked).toMatchObject({ status: 403, body: { code: 'proof-required', proof: { captcha: true } } });
    expect(await show(someEmail(), 'wrong')).toMatchObject({ status: 403, body: { proof: { captcha: true } } });
    const ip = someAddress();
    expect((await show(someEmail(), 'right', ip)).status).toBe(401);
    const last = sink.received.at(-1);
    expect(last?.headers['content-type']).toContain('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(last?.text))).toEqual({
      secret: SECRET,
      response: 'right',
      remoteip: ip,
    });
  });

  it.each([
    ['fails', { status: 503 }],
    ['talks nonsense', { body: 'no JSON' }],
    ['sends elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('is replaced by work where its service %s', async (_, reply) => {
    sink.answer = () => reply;
    expect((await show(someEmail(), 'right')).body.proof).toEqual({ challenge: expect.any(String), difficulty: 19 });
  });

  it('is replaced by work where its service hangs, and the work lets through', async () => {
    sink.answer = () => ({ hang: true });
    const [identifier, ip] = [someEmail(), someAddress()];
    const asked = await show(identifier, 'right', ip);
    const done = await enter(h, identifier, 'a wrong password', { proof: solve(asked.body.proof) }, ip);
    expect(done.status).toBe(401);
  });

  it('V16.2.5 leaves its secret and answers in no line of the log', () => {
    expect(lines.length).toBeGreaterThan(10);
    for (const word of [SECRET, encodeURIComponent(SECRET)]) expect(lines.join('\n')).not.toContain(word);
  });
});
