import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Harness,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  someEmail,
  tokenIn,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ env: { PUBLIC_URL: 'https://wallet.example' } });
});
afterAll(() => h.close());

const NEW_PASSWORD = 'another long enough sentence';
const request = (identifier: string, call: object = {}) => h.post('/v1/auth/password-reset', { identifier }, call);
const confirm = (token: string, extra: object = {}) =>
  h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, ...extra });
const signIn = (email: string, password = PASSWORD) => h.post('/v1/auth/sign-in', { identifier: email, password });
const me = async (token: string) => (await h.get('/v1/me', token)).status;

async function tokenFor(owner: Owner): Promise<string> {
  await request(owner.email);
  return tokenIn((await h.mails(owner.email))[0], 'reset');
}

async function resetMails(email: string) {
  return (await h.mails(email)).filter(({ text }) => text.includes('/reset#token='));
}

describe('a reset', () => {
  it('OW-FP8 sets the password and signs nobody in', async () => {
    const owner = await newOwner(h);
    const answer = await confirm(await tokenFor(owner));
    expect([answer.status, answer.text, answer.headers.getSetCookie()]).toEqual([204, '', []]);
    expect((await signIn(owner.email)).status).toBe(401);
    expect((await signIn(owner.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('V7.4.3 ends every session, device and challenge', async () => {
    const owner = await newOwner(h);
    const token = await tokenFor(owner);
    await confirm(token);
    expect(await me(owner.accessToken)).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(401);
    const { rows } = await h.pool.query(
      `select (select count(*)::int from devices where account_id = $1) as devices,
         (select count(*)::int from challenges where account_id = $1) as challenges,
         (select count(*)::int from sessions where account_id = $1 and ended_at is null) as sessions`,
      [owner.accountId],
    );
    expect(rows).toEqual([{ devices: 0, challenges: 0, sessions: 0 }]);
  });

  it('NB-R7 V6.3.7 holds withdrawals for a day, a day more after another, and tells the owner with a link that freezes', async () => {
    const owner = await newOwner(h);
    const apiKey = await newApiKey(h, ['accounts:read']);
    const gate = async () =>
      (await h.get(`/v1/server/accounts/${owner.accountId}/gate?action=withdrawal`, apiKey)).body;
    await confirm(await tokenFor(owner));
    const tomorrow = () => new Date(h.clock.now().getTime() + 86_400_000).toISOString();
    expect(await gate()).toMatchObject({ allowed: false, holds: [{ until: tomorrow() }] });
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).toMatch(/^https:\/\/wallet\.example\/freeze#token=hf_ln_\S+$/m);
    h.clock.advance(3_600_000);
    await confirm(await tokenFor(owner));
    expect(await gate()).toMatchObject({ allowed: false, holds: [{ until: tomorrow() }] });
    h.clock.advance(86_400_000);
    expect((await gate()).allowed).toBe(true);
  });
});

describe('a reset token', () => {
  it('V2.3.4 OW-FP4 is redeemed once among sixteen callers', async () => {
    const owner = await newOwner(h);
    const token = await tokenFor(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(token)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 400 && body.code === 'invalid-token')).toHaveLength(15);
  });

  it('V6.6.2 V6.5.1 is refused alike when unknown, used, expired, of another purpose and made before the last reset', async () => {
    const owner = await newOwner(h);
    const [older, other, used] = [await tokenFor(owner), await tokenFor(owner), await tokenFor(owner)];
    await confirm(used);
    const late = await newOwner(h);
    const expired = await tokenFor(late);
    h.clock.advance(30 * 60_000);
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    const tokens = {
      unknown: 'hf_ln_nobody-was-ever-mailed-this-one',
      used,
      older,
      other,
      expired,
      'of a sign-up': tokenIn((await h.mails(email))[0], 'confirm'),
    };
    const answers = await Promise.all(Object.values(tokens).map((token) => confirm(token)));
    for (const { status, body } of answers) {
      expect([status, { ...body, requestId: '' }]).toEqual([400, { ...answers[0]?.body, requestId: '' }]);
    }
    expect((await signIn(owner.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('NB-R2 is good until the thirtieth minute', async () => {
    const token = await tokenFor(await newOwner(h));
    h.clock.advance(30 * 60_000 - 1);
    expect((await confirm(token)).status).toBe(204);
  });

  it('is not spent by a password that is refused', async () => {
    const owner = await newOwner(h);
    const token = await tokenFor(owner);
    const weak = await confirm(token, { newPassword: 'too short' });
    expect([weak.status, weak.body.code, weak.body.reason]).toEqual([422, 'weak-password', 'too-short']);
    expect((await confirm(token)).status).toBe(204);
  });

  it('V11.5.1 V6.5.2 has 256 bits and stands in the database as a hash alone', async () => {
    const token = await tokenFor(await newOwner(h));
    expect(Buffer.from(token.replace('hf_ln_', ''), 'base64url')).toHaveLength(32);
    const { rows } = await h.pool.query('select row_to_json(l)::text as row from links l');
    const deliveries = await h.pool.query('select row_to_json(d)::text as row from deliveries d');
    const events = await h.pool.query('select row_to_json(e)::text as row from events e');
    for (const { row } of [...rows, ...deliveries.rows, ...events.rows]) expect(row).not.toContain(token);
  });

  it('V14.2.1 is in the fragment of a link of ours, whatever Host the request named (OW-FP6)', async () => {
    const owner = await newOwner(h);
    const poisoned = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    await request(owner.email, { headers: poisoned });
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).toMatch(/^https:\/\/wallet\.example\/reset#token=hf_ln_\S+$/m);
    expect(mail?.text + (mail?.html ?? '')).not.toContain('evil.example');
  });
});

describe('requests for a reset', () => {
  it('OW-FP3 mail three links an hour to an account and are always accepted', async () => {
    const owner = await newOwner(h);
    for (let n = 0; n < 6; n++) {
      const { status, text } = await request(owner.email);
      expect([status, text]).toEqual([202, '{}']);
    }
    expect(await resetMails(owner.email)).toHaveLength(3);
  });

  it('OW-FP5 lock nobody out and change nothing', async () => {
    const owner = await newOwner(h);
    await Promise.all(Array.from({ length: 40 }, () => request(owner.email)));
    expect((await signIn(owner.email)).status).toBe(200);
    expect(await me(owner.accessToken)).toBe(200);
  });

  it('V2.4.1 are limited per address, IPv6 by /64', async () => {
    const statuses = [];
    for (let n = 0; n < 12; n++) statuses.push((await request(someEmail(), { ip: `2001:db8:7:7::${n}` })).status);
    expect(statuses).toEqual([...Array(10).fill(202), 429, 429]);
    const refused = await request(someEmail(), { ip: '2001:db8:7:7:ffff::1' });
    expect(refused.body.code).toBe('too-many-requests');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await request(someEmail(), { ip: '2001:db8:7:8::1' })).status).toBe(202);
  });

  it('mail nothing to an address nobody has', async () => {
    const email = someEmail();
    await request(email);
    expect(await h.mails(email)).toEqual([]);
  });

  it('mail the address on file, though the username was given', async () => {
    const owner = await newOwner(h, { username: 'resetter' });
    await request('Resetter');
    expect(await resetMails(owner.email)).toHaveLength(1);
  });
});

describe('a frozen account', () => {
  it('has no reset: links from before are void, new ones are not mailed', async () => {
    const owner = await newOwner(h);
    const token = await tokenFor(owner);
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    expect((await confirm(token)).body.code).toBe('invalid-token');
    expect((await request(owner.email)).status).toBe(202);
    expect(await resetMails(owner.email)).toHaveLength(1);
  });

  it.each(['sign-in', 'security-changes'])(
    'nor has one held on %s, though the link was mailed before',
    async (scope) => {
      const owner = await newOwner(h);
      const token = await tokenFor(owner);
      await h.pool.query(
        `insert into holds (id, account_id, scope, reason_code, source, since)
       values (gen_random_uuid(), $1, $2, 'review', 'agent', $3)`,
        [owner.accountId, scope, h.clock.now()],
      );
      const refused = await confirm(token);
      expect([refused.status, refused.body.code]).toEqual([403, 'account-held']);
      await h.pool.query('update holds set released_at = since where account_id = $1', [owner.accountId]);
      expect((await signIn(owner.email)).status, 'the old password stands').toBe(200);
    },
  );
});
