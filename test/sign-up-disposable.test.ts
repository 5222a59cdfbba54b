import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDisposable } from '../src/accounts/disposable.ts';
import { type Harness, newAgent, openHarness, PASSWORD, tokenIn } from './support/harness.ts';

let folder: string;
let file: string;
let h: Harness;
let strict: Harness;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-domains-'));
  file = join(folder, 'domains.txt');
  await writeFile(file, '# ours\nThrowaway.example\n!mailinator.com # tests of a partner\n');
  h = await openHarness();
  strict = await openHarness({
    policy: { 'signUp.disposable': 'refuse' },
    env: { DISPOSABLE_DOMAINS_FILE: file },
  });
});
afterAll(async () => {
  await Promise.all([h.close(), strict.close()]);
  await rm(folder, { recursive: true });
});

const signUp = (at: Harness, email: string, headers = {}) =>
  at.post('/v1/auth/sign-up', { email, password: PASSWORD }, { headers });

describe('a mailbox that is given away for minutes', () => {
  it.each([
    ['ana@mailinator.com', true],
    ['ana@MAILINATOR.com ', true],
    ['ana@inbox.mailinator.com', true],
    ['ana@not-quite-mailinator.com', false],
    ['mailinator.com@example.com', false],
    ['ana@gmail.com', false],
    ['ana@qq.com', false],
    ['ana@com', false],
    ['', false],
  ])('%s: %s', async (email, expected) => {
    expect(await openDisposable(undefined)(email)).toBe(expected);
  });

  it.each([
    ['ana@mailinator.com', false],
    ['ana@a.throwaway.example', true],
    ['ana@10minutemail.com', true],
  ])('%s with the operator’s file over the list: %s', async (email, expected) => {
    expect(await openDisposable(file)(email)).toBe(expected);
  });

  it('stops the start where the file cannot be read', () => {
    expect(() => openDisposable('/nowhere/domains')).toThrow('DISPOSABLE_DOMAINS_FILE: cannot read /nowhere/domains');
  });

  it('is a signal, kept with the sign-up and shown to agents, and no refusal', async () => {
    const agent = await newAgent(h);
    for (const [email, isDisposable] of [
      ['ana@mailinator.com', true],
      ['ana@example.com', false],
    ] as const) {
      expect((await signUp(h, email)).status).toBe(202);
      await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(email))[0], 'confirm') });
      const { rows } = await h.pool.query(`select account_id, type, detail->'isDisposable' as signal from events
        where type in ('sign-up.requested', 'sign-up.confirmed') order by id desc limit 2`);
      expect(rows.map(({ type, signal }) => [type, signal])).toEqual([
        ['sign-up.confirmed', isDisposable],
        ['sign-up.requested', isDisposable],
      ]);
      const { body } = await h.get(`/v1/agent/accounts/${rows[0].account_id}`, agent.accessToken);
      expect(body).toMatchObject({ email, emailDisposable: isDisposable });
    }
  });

  it('is refused where the policy says so, with the reason, and leaves nothing', async () => {
    const refused = await signUp(strict, 'ana@throwaway.example', { 'accept-language': 'zh-CN' });
    expect([refused.status, refused.body.code]).toEqual([422, 'email-not-accepted']);
    expect(refused.body.errors).toEqual([{ pointer: '/email', detail: expect.stringContaining('一次性邮箱') }]);
    expect((await strict.pool.query('select count(*)::int as n from sign_ups')).rows[0].n).toBe(0);
    expect((await signUp(strict, 'ana@mailinator.com')).status).toBe(202);
    expect((await signUp(strict, 'ana@example.com')).status).toBe(202);
  });
});

it('an address is the same with blanks around it and in any case, at every door', async () => {
  const email = 'Honest.Person@Example.com';
  const ways = [email, ` ${email}`, `${email}\t`, email.toUpperCase(), `\u3000${email.toLowerCase()} `];
  expect((await signUp(h, ` ${email} `)).status).toBe(202);
  const [mail] = await h.mails(email);
  await h.post('/v1/auth/email-confirmation', { token: tokenIn(mail, 'confirm') });
  for (const identifier of ways) {
    expect((await h.post('/v1/auth/sign-in', { identifier, password: PASSWORD })).status, identifier).toBe(200);
    expect((await h.post('/v1/auth/case-access', { identifier, password: PASSWORD })).status, identifier).toBe(200);
    const before = (await h.mails(email)).length;
    await h.post('/v1/auth/password-reset', { identifier });
    expect((await h.mails(email)).length - before, identifier).toBe(1);
    h.clock.advance(60_000);
    await h.pool.query('delete from rate_limits');
  }
});
