import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openBreachList } from '../src/passwords/breaches.ts';
import { type Harness, openHarness, PASSWORD, someEmail, totpCode } from './support/harness.ts';
import { count, enrol, hostKey, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

const NEW = 'another long enough sentence';
const LEAKED = 'a sentence that has leaked';
const DAY = 86_400_000;
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase();

type Answer = (prefix: string, response: ServerResponse) => void;

/** A server that speaks the range protocol, padding included. */
const leaked = new Map<string, number>();
const honest: Answer = (prefix, response) => {
  const hits = [...leaked].flatMap(([password, times]) =>
    sha1(password).startsWith(prefix) ? [`${sha1(password).slice(5)}:${times}`] : [],
  );
  const padding = Array.from({ length: 800 }, (_, n) => `${sha1(`padding ${n}`).slice(5)}:0`);
  response.end([...hits, ...padding].join('\r\n'));
};
let answer = honest;
const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  answer(String(request.url).split('/').at(-1) ?? '', response);
});

let h: Harness;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`;
  h = await openHarness({ policy: { 'passwords.breachCheck': 'on' }, env: { BREACH_RANGE_URL: url } });
});
afterAll(async () => {
  await h.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  answer = honest;
  leaked.clear();
  asked.length = 0;
  h.clock.advance(60_000);
});

const checkedAt = async (accountId: string) =>
  (await h.pool.query('select breach_checked_at as at from passwords where account_id = $1', [accountId])).rows[0].at;
const subjects = async (email: string) => (await h.mails(email)).map(({ subject }) => subject);
const open = () => openBreachList(h.instance.ctx.config.breachRangeUrl);

describe('V6.2.12 NB-P10 a leaked password', () => {
  it('cannot be set at sign-up, by the host, at a reset or a change, with the reason in both languages', async () => {
    const owner = await newSignedIn(h);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = await mailedToken(h, owner.email, 'reset');
    leaked.set(LEAKED, 3);
    const email = someEmail();
    const headers = { 'accept-language': 'zh-CN' };
    const body = { currentPassword: PASSWORD, newPassword: LEAKED };
    const answers = [
      await h.post('/v1/auth/sign-up', { email, password: LEAKED }, { headers }),
      await h.post('/v1/server/accounts', { email, password: LEAKED }, { token: await hostKey(h), headers }),
      await h.post('/v1/auth/password-reset/confirm', { token, newPassword: LEAKED }, { headers }),
      await h.call('PUT', '/v1/me/password', { body, token: owner.accessToken, headers }),
    ];
    for (const { status, body: problem } of answers) {
      expect([status, problem.code, problem.reason]).toEqual([422, 'weak-password', 'breached']);
      expect(problem.detail).toMatch(/[\u4e00-\u9fff]/);
    }
    const english = await h.post('/v1/auth/sign-up', { email, password: LEAKED });
    expect(english.body.detail).toMatch(/leaked/);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
  });

  it('is asked about by five digits of its hash, with padding, and never by itself', async () => {
    await h.post('/v1/auth/sign-up', { email: someEmail(), password: NEW });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe(`/range/${sha1(NEW).slice(0, 5)}`);
    expect(asked[0]?.headers).toMatchObject({ 'add-padding': 'true', 'user-agent': 'Holdfast' });
    const sent = JSON.stringify([asked[0]?.url, asked[0]?.rawHeaders]);
    for (const secret of [NEW, sha1(NEW), sha1(NEW).slice(0, 6)]) expect(sent).not.toContain(secret);
  });

  it('is not one that only pads the answer', async () => {
    leaked.set(NEW, 0);
    expect(await open().look(NEW, h.clock.now())).toBe('clear');
    leaked.set(NEW, 1);
    expect(await open().look(NEW, h.clock.now())).toBe('exposed');
  });

  it('is looked up in the form in which it is hashed', async () => {
    leaked.set('ein längerer deutscher Satz'.normalize('NFC'), 1);
    const password = 'ein längerer deutscher Satz'.normalize('NFD');
    expect((await h.post('/v1/auth/sign-up', { email: someEmail(), password })).body.reason).toBe('breached');
  });
});

describe('a list that does not answer', () => {
  const failures: [string, Answer][] = [
    ['500', (_, response) => response.writeHead(500).end('oops')],
    ['429', (_, response) => response.writeHead(429, { 'retry-after': '2' }).end()],
    ['a page instead', (_, response) => response.end('<html>Sign in to the airport’s network</html>')],
    ['nothing', (_, response) => response.end('')],
    ['half a line', (prefix, response) => response.end(`${sha1(prefix).slice(5)}:1\r\n003D68EB55068C33`)],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['a broken line', (_, response) => response.destroy()],
    ['without end', (_, response) => response.end(Buffer.alloc(600 * 1024, 'A'))],
    ['too late', () => undefined],
    ['a drop at a time', (_, response) => void response.write('003D')],
  ];

  it.each(failures)('refuses nobody: %s', async (_what, fails) => {
    answer = fails;
    const began = performance.now();
    expect(await open().look(NEW, h.clock.now())).toBe('unknown');
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('is waited for once in half a minute, not by everybody', async () => {
    answer = (_, response) => response.writeHead(503).end();
    const list = open();
    const now = h.clock.now();
    for (let caller = 0; caller < 20; caller++) expect(await list.look(NEW, now)).toBe('unknown');
    expect(asked).toHaveLength(1);
    answer = honest;
    expect(await list.look(NEW, new Date(now.getTime() + 30_000))).toBe('clear');
  });

  it('leaves the password to be looked up at the next sign-in at which it answers', async () => {
    answer = (_, response) => response.writeHead(503).end();
    const { email, accountId } = await newAccount(h);
    expect((await signIn(h, email)).status).toBe('signed-in');
    expect(await checkedAt(accountId)).toBeNull();
    answer = honest;
    leaked.set(PASSWORD, 7);
    h.clock.advance(30_000);
    expect((await signIn(h, email)).code).toBe('password-change-required');
  });
});

describe('V6.2.12 a sign-in', () => {
  it('looks a clear password up again only after a month, and on known devices too', async () => {
    const { email, accountId } = await newAccount(h);
    asked.length = 0;
    const { deviceToken } = await signIn(h, email);
    expect(asked).toHaveLength(1);
    expect(await checkedAt(accountId)).toEqual(h.clock.now());
    await signIn(h, email, { deviceToken });
    h.clock.advance(30 * DAY - 1);
    expect(asked).toHaveLength(1);
    h.clock.advance(1);
    leaked.set(PASSWORD, 2);
    expect((await signIn(h, email, { deviceToken })).code).toBe('password-change-required');
    expect(asked).toHaveLength(2);
  });

  it('with a leaked password is refused, opens nothing, tells the owner once, and a reset by mail mends it', async () => {
    const { email, accountId } = await newAccount(h);
    leaked.set(PASSWORD, 2);
    const refused = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD });
    expect([refused.status, refused.body.code]).toEqual([403, 'password-change-required']);
    expect(await count(h, 'sessions', accountId)).toBe(0);
    for (let again = 0; again < 3; again++) expect((await signIn(h, email)).code).toBe('password-change-required');
    const access = await h.post('/v1/auth/case-access', { identifier: email, password: PASSWORD });
    expect([access.status, access.body.code]).toEqual([403, 'password-change-required']);
    const told = await subjects(email);
    expect(told.filter((subject) => subject.includes('leaked'))).toHaveLength(1);
    expect(await count(h, 'events', accountId, "type = 'password.breached'")).toBe(1);
    const token = await mailedToken(h, email, 'reset');
    const confirm = (newPassword: string) => h.post('/v1/auth/password-reset/confirm', { token, newPassword });
    leaked.clear();
    expect((await confirm(PASSWORD)).body.reason, 'not the same again').toBe('unchanged');
    expect((await confirm(NEW)).status).toBe(204);
    expect((await signIn(h, email, { password: NEW })).status).toBe('signed-in');
  });

  it('V6.3.8 answers the same bytes for a wrong password on such an account as for any', async () => {
    const { email } = await newAccount(h);
    leaked.set(PASSWORD, 2);
    await signIn(h, email);
    const headers = { 'x-request-id': 'the-same-for-all' };
    const wrong = { password: 'not the right one at all' };
    const [there, nowhere] = await Promise.all(
      [email, someEmail()].map((identifier) => h.post('/v1/auth/sign-in', { identifier, ...wrong }, { headers })),
    );
    expect([there?.status, there?.text]).toEqual([nowhere?.status, nowhere?.text]);
    expect(there?.body.code).toBe('invalid-credentials');
  });

  it('asks about a wrong password nowhere', async () => {
    const { email } = await newAccount(h);
    asked.length = 0;
    await signIn(h, email, { password: 'not the right one at all' });
    await signIn(h, someEmail());
    expect(asked).toEqual([]);
  });

  it('in two steps says so only after the second factor', async () => {
    const owner = await newSignedIn(h);
    const { secret, recoveryCodes } = await enrol(h, owner.accessToken);
    h.clock.advance(31 * DAY);
    leaked.set(PASSWORD, 2);
    const { challenge, status } = await signIn(h, owner.email);
    expect(status).toBe('second-factor-required');
    const answerWith = (code: string) => h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code });
    expect((await answerWith('000000')).body.code).toBe('invalid-code');
    const told = await answerWith(totpCode(secret, h.clock.now()));
    expect([told.status, told.body.code]).toEqual([403, 'password-change-required']);
    expect(await count(h, 'sessions', owner.accountId, `created_at >= '${h.clock.now().toISOString()}'`)).toBe(0);
    expect((await signIn(h, owner.email, { code: '000000' })).code, 'in one shot').toBe('invalid-credentials');
    expect((await signIn(h, owner.email, { code: recoveryCodes[0] })).code).toBe('password-change-required');
  });

  it('RTS 4(3)(a) in one shot with a wrong code looks nothing up: its time must not tell that the password was right', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    h.clock.advance(31 * DAY);
    leaked.set(PASSWORD, 2);
    asked.length = 0;
    expect((await signIn(h, owner.email, { code: '000000' })).code).toBe('invalid-credentials');
    expect(asked).toEqual([]);
    expect((await signIn(h, owner.email, { code: recoveryCodes[0] })).code).toBe('password-change-required');
  });

  it('of sixteen at once with a leaked password, none opens a session and the owner is told once', async () => {
    const { email, accountId } = await newAccount(h);
    leaked.set(PASSWORD, 2);
    const codes = (await Promise.all(Array.from({ length: 16 }, () => signIn(h, email)))).map(({ code }) => code);
    for (const code of codes) expect(['password-change-required', 'too-many-attempts']).toContain(code);
    expect(codes).toContain('password-change-required');
    expect(await count(h, 'sessions', accountId)).toBe(0);
    expect(await count(h, 'events', accountId, "type = 'password.breached'")).toBe(1);
    expect(await count(h, 'events', accountId, "type = 'sign-in.locked'"), 'nobody guessed').toBe(0);
  });

  it('NB-P6 V6.2.10 of a clear password goes on for years: there is no age', async () => {
    const { email } = await newAccount(h);
    h.clock.advance(400 * DAY);
    expect((await signIn(h, email)).status).toBe('signed-in');
  });
});

describe('where the policy leaves it off', () => {
  it('nothing is asked, as nothing is by default', async () => {
    const quiet = await openHarness({ env: { BREACH_RANGE_URL: h.instance.ctx.config.breachRangeUrl } });
    leaked.set(PASSWORD, 2);
    const { email } = await newAccount(quiet);
    expect((await signIn(quiet, email)).status).toBe('signed-in');
    expect(asked).toEqual([]);
    await quiet.close();
  });
});
