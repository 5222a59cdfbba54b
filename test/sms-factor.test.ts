import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import { newSignedIn, type SignedIn, signIn } from './support/seed.ts';
import { openSink } from './support/sink.ts';
import { newBound } from './support/sms-tries.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let h: Harness;
beforeAll(async () => {
  h = await openHarness({
    policy: { 'sms.factor': 'on', 'access.ttl': 3_600_000, 'limits.factorChangesPerAccount': 100 },
  });
});
afterAll(() => h.close());

type Texted = SignedIn & { phone: string; secret: string };

/** An owner with an authenticator and a number that was confirmed a while ago. */
async function newOwner(at: Harness = h, confirmedAgo = 2 * DAY): Promise<Texted> {
  const phone = `+49151${randomInt(10_000_000, 99_999_999)}`;
  const owner = await newBound(at);
  const confirmedAt = new Date(at.clock.now().getTime() - confirmedAgo);
  await at.pool.query('update accounts set phone = $2, phone_confirmed_at = $3 where id = $1', [
    owner.accountId,
    phone,
    confirmedAt,
  ]);
  await at.pool.query(`insert into identifiers (value, kind, account_id, confirmed_at) values ($1, 'phone', $2, $3)`, [
    phone,
    owner.accountId,
    confirmedAt,
  ]);
  return { ...owner, phone };
}

/** A code of the authenticator that was never used. */
function codeOf({ secret }: { secret: string }, at = h): string {
  at.clock.advance(30_000);
  return totpCode(secret, at.clock.now());
}

const start = (owner: Texted, body: object = { code: codeOf(owner) }, at = h) =>
  at.post('/v1/me/sms', body, { token: owner.accessToken });
const confirm = (owner: Texted, code: string, at = h) =>
  at.post('/v1/me/sms/confirm', { code }, { token: owner.accessToken });
const texts = async (phone: string, at = h) => (await at.mails(phone)).filter(({ subject }) => subject === 'sms-code');
const codeIn = (message: string | undefined) => /^(\d{6}) /.exec(message ?? '')?.[1] ?? 'none';
const texted = async (phone: string, at = h) => codeIn((await texts(phone, at))[0]?.text);

/** As `newOwner`, with the number enrolled; its session goes on. */
async function newTexted(at: Harness = h): Promise<Texted> {
  const owner = await newOwner(at);
  expect((await start(owner, { code: codeOf(owner, at) }, at)).status).toBe(202);
  expect((await confirm(owner, await texted(owner.phone, at), at)).status).toBe(204);
  return owner;
}

const challengeOf = async (owner: Texted, at = h): Promise<string> => (await signIn(at, owner.email)).challenge;
const send = (challenge: string, at = h) => at.post('/v1/auth/second-factor/send', { challenge, factor: 'sms' });
const answer = (challenge: string, code: string, at = h) =>
  at.post('/v1/auth/second-factor', { challenge, factor: 'sms', code });
const another = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('enrolling a number', () => {
  it('V6.6.1 is off unless the policy says otherwise', async () => {
    const plain = await openHarness();
    const owner = await newOwner(plain);
    expect((await start(owner, { code: codeOf(owner, plain) }, plain)).status).toBe(404);
    await plain.close();
  });

  it('NB-L8 tells the owner of the risk, in their language, and texts a code for this site', async () => {
    const owner = await newOwner();
    const call = { token: owner.accessToken, headers: { 'accept-language': 'zh-CN' } };
    const { status, body } = await h.post('/v1/me/sms', { code: codeOf(owner) }, call);
    expect([status, body.phone, body.expiresIn]).toEqual([202, `+49…${owner.phone.slice(-2)}`, 600]);
    expect(body.notice).toContain('短信的保护较弱');
    const [message] = await texts(owner.phone);
    expect(message?.text).toMatch(/^\d{6} is your sign-in code for Holdfast\. It works once, for 10 minutes\./);
    expect(message?.text.split('\n').at(-1)).toBe(`@localhost #${codeIn(message?.text)}`);
    expect((await h.get('/v1/me', owner.accessToken)).body.secondFactor.sms).toBe(false);
  });

  it('NB-B2 stands beside another factor, takes a proof of it, and is told everywhere', async () => {
    const bare = await newSignedIn(h);
    const refused = await h.post('/v1/me/sms', {}, { token: bare.accessToken });
    expect([refused.status, refused.body.code]).toEqual([409, 'no-second-factor']);
    const owner = await newOwner();
    const unproven = await start(owner, {});
    expect([unproven.status, unproven.body.code, unproven.body.factors]).toEqual([
      401,
      'second-factor-required',
      ['totp', 'recovery-code'],
    ]);
    expect((await start(owner, { code: '000000' })).body.code).toBe('invalid-code');
    expect(await texts(owner.phone), 'nothing was sent').toEqual([]);
    const other = await signIn(h, owner.email, { code: codeOf(owner) });
    await start(owner);
    expect((await confirm(owner, await texted(owner.phone))).status).toBe(204);
    expect((await h.get('/v1/me', other.accessToken)).status, 'other sessions end').toBe(401);
    expect((await h.get('/v1/me', owner.accessToken)).body.secondFactor).toMatchObject({ totp: true, sms: true });
    const [notice] = (await h.mails(owner.email)).filter(({ subject }) => subject.includes('text message'));
    expect(notice?.text).toContain('somebody who takes over your number');
    expect(notice?.text).toContain('/freeze#token=');
    expect((await start(owner)).body.code).toBe('already-enrolled');
  });

  it('waits a day after the number changed: a thief may have changed it', async () => {
    const young = await newOwner(h, DAY - 1);
    const { status, body } = await start(young, {});
    expect([status, body.code]).toEqual([409, 'phone-not-ready']);
    expect(body.readyAt).toBe(new Date(h.clock.now().getTime() + 1).toISOString());
    const none = await newBound(h);
    expect((await h.post('/v1/me/sms', {}, { token: none.accessToken })).body.code).toBe('phone-not-ready');
    expect((await start(await newOwner(h, DAY))).status).toBe(202);
  });

  it('V6.6.2 V2.3.4 takes its code once among sixteen callers, and none after ten minutes', async () => {
    const owner = await newOwner();
    await start(owner);
    const code = await texted(owner.phone);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, code)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const late = await newOwner();
    await start(late);
    const lateCode = await texted(late.phone);
    h.clock.advance(10 * MINUTE);
    expect((await confirm(late, lateCode)).body.code).toBe('invalid-code');
  });

  it('NB-T5 counts tries over codes: a new one makes none of them undone', async () => {
    const owner = await newOwner();
    for (let round = 0; round < 2; round++) {
      await start(owner);
      const wrong = another(await texted(owner.phone));
      for (let guess = 0; guess < 5; guess++) expect((await confirm(owner, wrong)).status).toBe(401);
      h.clock.advance(MINUTE);
    }
    await h.pool.query(`update sms_codes set expires_at = expires_at + interval '1 h' where account_id = $1`, [
      owner.accountId,
    ]);
    const locked = await confirm(owner, await texted(owner.phone));
    expect([locked.status, locked.body.code]).toEqual([429, 'too-many-attempts']);
  });

  it('asks for a fresh and strong session', async () => {
    const owner = await newTexted();
    h.clock.advance(16 * MINUTE);
    for (const [method, path] of [
      ['POST', '/v1/me/sms'],
      ['POST', '/v1/me/sms/confirm'],
      ['DELETE', '/v1/me/sms'],
    ] as const) {
      const { body } = await h.call(method, path, { body: {}, token: owner.accessToken });
      expect(body.code, path).toBe('insufficient-authentication');
    }
  });
});

describe('a sign-in whose second step is a texted code', () => {
  it('HT-S3 V6.6.2 texts six digits for this sign-in, and is aal2 by password and text', async () => {
    const owner = await newTexted();
    const challenged = await signIn(h, owner.email);
    expect(challenged.factors).toEqual(['totp', 'sms', 'recovery-code']);
    const { status, body } = await send(challenged.challenge);
    expect([status, body]).toEqual([202, {}]);
    const code = await texted(owner.phone);
    const elsewhere = await challengeOf(owner);
    expect((await answer(elsewhere, code)).body.code, 'of another sign-in').toBe('invalid-code');
    const signedIn = await answer(challenged.challenge, code);
    expect(signedIn.status).toBe(200);
    const { items } = (await h.get('/v1/me/sessions', signedIn.body.accessToken)).body;
    expect(items.find((item: { current: boolean }) => item.current)).toMatchObject({
      acr: 'aal2',
      amr: ['pwd', 'sms', 'mfa'],
    });
    expect((await answer(challenged.challenge, code)).body.code).toBe('invalid-challenge');
  });

  it('V6.6.1 proves no change, no step-up, no reset and no payment', async () => {
    const owner = await newTexted();
    const challenge = await challengeOf(owner);
    await send(challenge);
    const code = await texted(owner.phone);
    const call = { token: owner.accessToken };
    expect((await h.post('/v1/me/email-change', { newEmail: 'x@example.com', code }, call)).body.code).toBe(
      'invalid-code',
    );
    expect((await h.post('/v1/me/step-up', { password: PASSWORD, code }, call)).body.code).toBe('invalid-credentials');
    expect((await h.post('/v1/me/email-change', { newEmail: 'x@example.com' }, call)).body.factors).toEqual([
      'totp',
      'recovery-code',
    ]);
    const payment = { action: 'payment', amount: '12.34', currency: 'EUR', payee: { id: 'DE02' } };
    const grant = (await h.post('/v1/me/grants', payment, call)).body;
    expect(grant.factors).toEqual(['totp']);
    expect((await h.post(`/v1/me/grants/${grant.grantId}/confirm`, { code }, call)).body.code).toBe('invalid-code');
    expect((await answer(challenge, code)).status, 'it was never spent').toBe(200);
  });

  it('OW-MF7 answers 202 alike for what cannot be sent, and sends nothing', async () => {
    const [without, held] = [await newOwner(), await newTexted()];
    const agent = await newAgent(h);
    const body = { scope: 'sign-in', reasonCode: 'review', note: 'Checking' };
    await h.post(`/v1/agent/accounts/${held.accountId}/holds`, body, { token: agent.accessToken });
    const asked = [
      await challengeOf(without),
      await challengeOf(held),
      'hf_ch_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    ];
    const before = (await texts(held.phone)).length;
    for (const challenge of asked) {
      const { status, body: said } = await send(challenge);
      expect([status, said]).toEqual([202, {}]);
    }
    expect((await texts(held.phone)).length).toBe(before);
    expect(await texts(without.phone)).toEqual([]);
    const used = await newTexted();
    const challenge = await challengeOf(used);
    await answer(challenge, totpCode(used.secret, new Date(h.clock.now().getTime() + 30_000)));
    h.clock.advance(11 * MINUTE);
    const sent = (await texts(used.phone)).length;
    expect((await send(challenge)).status, 'one that expired').toBe(202);
    expect((await texts(used.phone)).length).toBe(sent);
  });

  it('V6.6.3 NB-T5 five wrong codes end the sign-in, and a new code does not make them undone', async () => {
    const owner = await newTexted();
    const challenge = await challengeOf(owner);
    await send(challenge);
    const first = await texted(owner.phone);
    for (let guess = 0; guess < 3; guess++) await answer(challenge, another(first));
    await send(challenge);
    const second = await texted(owner.phone);
    expect((await answer(challenge, first)).body.code, 'the newest counts').toBe('invalid-code');
    expect((await answer(challenge, another(second))).body.code).toBe('invalid-code');
    expect((await answer(challenge, second)).body.code).toBe('invalid-challenge');
  });

  it('NB-T5 NB-T1 counts on the very counter of authenticator codes', async () => {
    const owner = await newTexted();
    // From a known device: strangers would have lost the password by now.
    const begin = async () => (await signIn(h, owner.email, { deviceToken: owner.deviceToken })).challenge;
    for (let round = 0; round < 2; round++) {
      const challenge = await begin();
      if (round === 0) await send(challenge);
      for (let guess = 0; guess < 5; guess++) await answer(challenge, '000000');
    }
    const challenge = await begin();
    await send(challenge);
    const locked = await answer(challenge, await texted(owner.phone));
    expect([locked.status, locked.body.code]).toEqual([429, 'too-many-attempts']);
  });

  it('V2.3.4 signs in one of sixteen callers', async () => {
    const owner = await newTexted();
    const challenge = await challengeOf(owner);
    await send(challenge);
    const code = await texted(owner.phone);
    const answers = await Promise.all(Array.from({ length: 16 }, () => answer(challenge, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 401, 429]).toContain(status);
  });

  it('V6.6.3 sends five texts an hour to one number, whatever they are for', async () => {
    const owner = await newTexted();
    for (let n = 0; n < 8; n++) expect((await send(await challengeOf(owner))).status).toBe(202);
    expect(await texts(owner.phone), 'one of them enrolled it').toHaveLength(5);
  });

  it('opens nothing any more once the policy is off', async () => {
    const owner = await newTexted();
    const challenge = await challengeOf(owner);
    await send(challenge);
    const code = await texted(owner.phone);
    const { policy } = h.instance.ctx as { policy: { 'sms.factor': string } };
    policy['sms.factor'] = 'off';
    try {
      expect((await answer(challenge, code)).body.code).toBe('invalid-code');
      expect((await signIn(h, owner.email)).factors).toEqual(['totp', 'recovery-code']);
    } finally {
      policy['sms.factor'] = 'on';
    }
  });

  it('V14.2.1 keeps its codes in no table', async () => {
    const owner = await newTexted();
    const challenge = await challengeOf(owner);
    await send(challenge);
    const code = await texted(owner.phone);
    const { rows } = await h.pool.query(
      `select (select json_agg(c)::text from sms_codes c where account_id = $1) as codes,
         (select json_agg(d)::text from deliveries d where account_id = $1) as deliveries,
         (select json_agg(e)::text from events e where account_id = $1) as events`,
      [owner.accountId],
    );
    for (const table of Object.values(rows[0])) expect(table).not.toMatch(new RegExp(`(?<!\\d)${code}(?!\\d)`));
  });
});

describe('a number that is a factor no more', () => {
  it('V6.5.6 is removed against another factor; other sessions end, and the owner is told', async () => {
    const owner = await newTexted();
    const remove = (body: object) => h.call('DELETE', '/v1/me/sms', { body, token: owner.accessToken });
    expect((await remove({})).body.code).toBe('second-factor-required');
    const other = await signIn(h, owner.email, { code: codeOf(owner) });
    expect((await remove({ code: codeOf(owner) })).status).toBe(204);
    expect((await h.get('/v1/me', other.accessToken)).status).toBe(401);
    expect((await signIn(h, owner.email)).factors).toEqual(['totp', 'recovery-code']);
    expect((await h.mails(owner.email))[0]?.subject).toContain('turned off');
    expect((await remove({ code: codeOf(owner) })).status).toBe(404);
  });

  it('goes with the last factor it stood beside', async () => {
    const owner = await newTexted();
    const gone = { body: { code: codeOf(owner) }, token: owner.accessToken };
    expect((await h.call('DELETE', '/v1/me/totp', gone)).status).toBe(204);
    expect((await signIn(h, owner.email)).status, 'a text alone is no second factor').toBe('signed-in');
    const { rows } = await h.pool.query('select 1 from sms_factors where account_id = $1', [owner.accountId]);
    expect(rows).toEqual([]);
  });

  it('goes when the number changes, and a code sent to the old one opens nothing', async () => {
    const owner = await newTexted();
    const newPhone = `+49151${randomInt(10_000_000, 99_999_999)}`;
    const call = { token: owner.accessToken };
    const challenge = await challengeOf(owner);
    await send(challenge);
    const code = await texted(owner.phone);
    expect((await h.post('/v1/me/phone-change', { newPhone, code: codeOf(owner) }, call)).status).toBe(202);
    const change = /\d{6}/.exec((await h.mails(newPhone))[0]?.text ?? '')?.[0];
    expect((await h.post('/v1/me/phone-change/confirm', { code: change }, call)).status).toBe(204);
    expect((await answer(challenge, code)).status).toBe(401);
    expect((await h.get('/v1/me', owner.accessToken)).body.secondFactor.sms).toBe(false);
    expect((await start(owner)).body.code, 'nor is the new one good for a day').toBe('phone-not-ready');
  });
});

describe('the worker', () => {
  it('hands the text to the operator’s hook, the same one again after a failure', async () => {
    const sink = await openSink();
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const env = { SMS_HOOK_URL: sink.url, SMS_HOOK_SECRET: secret };
    const hooked = await openHarness({ policy: { 'sms.factor': 'on' }, env });
    const owner = await newOwner(hooked);
    sink.answer = () => ({ status: sink.received.length === 0 ? 503 : 204 });
    await start(owner, { code: codeOf(owner, hooked) }, hooked);
    await hooked.instance.worker.drain();
    hooked.clock.advance(MINUTE);
    await hooked.instance.worker.drain();
    expect(sink.received).toHaveLength(2);
    const [failed, sent] = sink.received.map(({ text, headers }) => ({
      ...JSON.parse(text),
      id: headers['webhook-id'],
    }));
    expect(sent).toMatchObject({ to: owner.phone, kind: 'sms-code', id: failed.id });
    expect(codeIn(sent.text)).toBe(codeIn(failed.text));
    expect((await confirm(owner, codeIn(sent.text), hooked)).status).toBe(204);
    await hooked.close();
    await sink.close();
  });
});
