import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolTotp, type Harness, newOwner, type Owner, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import { count } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.factorChangesPerAccount': 1000 } });
});
afterAll(() => h.close());

const STEP = 30_000;
const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const start = (owner: Owner, body: object = {}) => h.post('/v1/me/totp', body, { token: owner.accessToken });
const confirm = (owner: Owner, secret: string) =>
  h.post('/v1/me/totp/confirm', { code: codeNow(secret) }, { token: owner.accessToken });
const list = async (owner: Owner) => (await h.get('/v1/me/totp', owner.accessToken)).body.items;
const removeOne = (owner: Owner, id: string, body: object) =>
  h.call('DELETE', `/v1/me/totp/${id}`, { body, token: owner.accessToken });
const removeAll = (owner: Owner, body: object) => h.call('DELETE', '/v1/me/totp', { body, token: owner.accessToken });
const signIn = (owner: Owner, code?: string) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...(code ? { code } : {}) });
const me = async (owner: Owner) => (await h.get('/v1/me', owner.accessToken)).body.secondFactor;

async function enrolled(extra: Record<string, unknown> = {}) {
  const owner = await newOwner(h, extra);
  return { owner, ...(await enrolTotp(h, owner)) };
}

/** Binds another one with a code of the first, and moves on to a step in which every code is fresh. */
async function addAnother(owner: Owner, secret: string, body: object = {}) {
  const { factorId, secret: fresh } = (await start(owner, { ...body, code: codeNow(secret) })).body;
  const { status, body: answer } = await confirm(owner, fresh);
  h.clock.advance(STEP);
  return { id: factorId as string, secret: fresh as string, status, answer };
}

/** As if one had been registered: what its answers are worth has tests of its own. */
async function bindPasskey({ accountId }: Owner): Promise<void> {
  await h.pool.query(
    `insert into passkeys (id, account_id, credential_id, public_key, sign_count, transports, is_backed_up, name, created_at)
     values (gen_random_uuid(), $1, uuid_send(gen_random_uuid()), '', 0, '{}', false, 'Key', $2)`,
    [accountId, h.clock.now()],
  );
}

describe('several authenticators', () => {
  it('NB-B2 are bound by name, each opens the account, and the list tells when each was used', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const second = await addAnother(owner, secret, { name: '  Tablet  ' });
    expect([second.status, second.answer], 'the codes there are stay good').toEqual([200, { recoveryCodes: [] }]);
    expect((await signIn(owner, recoveryCodes[0])).status).toBe(200);
    expect((await signIn(owner, codeNow(second.secret))).status).toBe(200);
    expect(await list(owner)).toEqual([
      {
        id: expect.any(String),
        name: 'Authenticator',
        createdAt: expect.any(String),
        lastUsedAt: expect.any(String),
        disabled: false,
      },
      {
        id: second.id,
        name: 'Tablet',
        createdAt: expect.any(String),
        lastUsedAt: h.clock.now().toISOString(),
        disabled: false,
      },
    ]);
    expect((await signIn(owner, codeNow(secret))).status).toBe(200);
  });

  it('OW-MF2 need a proof of a factor that is bound, not only the session', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const asked = await start(owner);
    expect([asked.status, asked.body.code, asked.body.factors]).toEqual([
      401,
      'second-factor-required',
      ['totp', 'recovery-code'],
    ]);
    expect((await start(owner, { code: '000000' })).body.code).toBe('invalid-code');
    expect(await count(h, 'totp_factors', owner.accountId)).toBe(1);
    expect((await start(owner, { code: codeNow(secret) })).status).toBe(201);
    expect((await start(owner, { code: codeNow(secret) })).body.code, 'the code is spent').toBe('invalid-code');
    expect((await start(owner, { code: recoveryCodes[0] })).status).toBe(201);
  });

  it('OW-MF2 one that was shown before any other was bound cannot be confirmed after it', async () => {
    const owner = await newOwner(h);
    const shown = (await start(owner)).body.secret;
    // Another kind of factor is bound in between: whoever saw the secret before must not slip past that one.
    await bindPasskey(owner);
    expect((await confirm(owner, shown)).body.code).not.toBe(undefined);
    expect(await count(h, 'totp_factors', owner.accountId, 'confirmed_at is not null')).toBe(0);
  });

  it('are five at most; past that one goes first or is replaced', async () => {
    const { owner, secret } = await enrolled();
    const others = [];
    for (let n = 0; n < 4; n++) others.push(await addAnother(owner, secret));
    const full = await start(owner, { code: codeNow(secret) });
    expect([full.status, full.body.code]).toEqual([409, 'already-enrolled']);
    const replacing = { code: codeNow(secret), replaces: others[0]?.id };
    expect((await start(owner, replacing)).status, 'the refusal spent no code').toBe(201);
    expect(
      (await removeOne(owner, others[0]?.id as string, { code: codeNow(others[1]?.secret as string) })).status,
    ).toBe(204);
    h.clock.advance(STEP);
    expect((await addAnother(owner, secret)).status).toBe(200);
    expect(await list(owner)).toHaveLength(5);
  });

  it('refuse names that are none', async () => {
    const owner = await newOwner(h);
    for (const name of ['', '   ', 'x'.repeat(61), 'two\nlines', 7]) {
      const { status, body } = await start(owner, { name });
      expect([status, body.errors[0].pointer], JSON.stringify(name)).toEqual([422, '/name']);
    }
    expect((await start(owner, { code: '123456', credential: {} })).status).toBe(422);
    expect((await start(owner, { unknown: true })).body.errors[0].pointer).toBe('/unknown');
  });

  it('V6.3.7 NB-B2 each addition ends other sessions, holds withdrawals for a day and is told', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    h.clock.advance(86_400_000 * 2);
    const fresh = { ...owner, ...(await signIn(owner, recoveryCodes[0])).body };
    const other = (await signIn(owner, recoveryCodes[1])).body;
    expect((await h.get('/v1/me', fresh.accessToken)).body.holds).toEqual([]);
    expect((await addAnother(fresh, secret)).status).toBe(200);
    expect((await h.get('/v1/me', other.accessToken)).status).toBe(401);
    const { holds } = (await h.get('/v1/me', fresh.accessToken)).body;
    expect(holds).toMatchObject([{ scope: 'withdrawals', reasonCode: 'credential-change' }]);
    const [mail] = await h.mails(owner.email);
    expect(mail?.subject).toMatch(/^Authenticator app added/);
    expect(mail?.text).toMatch(/\/freeze#token=/);
  });

  it('V2.3.4 the same secret is confirmed once among sixteen at once', async () => {
    const { owner, secret } = await enrolled();
    const shown = (await start(owner, { code: codeNow(secret) })).body.secret;
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, shown)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await list(owner)).toHaveLength(2);
  });
});

describe('every address of the account', () => {
  it('V6.3.7 NB-N1 is told of an addition, a replacement and a removal', async () => {
    const { owner, secret } = await enrolled();
    const other = `also-${owner.email}`;
    await h.pool.query(
      `insert into notice_addresses (id, account_id, email, email_key, added_at, confirmed_at)
       values (gen_random_uuid(), $1, $2, $2, $3, $3)`,
      [owner.accountId, other, h.clock.now()],
    );
    const second = await addAnother(owner, secret);
    const { secret: third } = (await start(owner, { code: codeNow(secret), replaces: second.id })).body;
    expect((await confirm(owner, third)).status).toBe(200);
    h.clock.advance(STEP);
    expect((await removeAll(owner, { code: codeNow(third) })).status).toBe(204);
    for (const address of [owner.email, other]) {
      const subjects = (await h.mails(address)).map(({ subject }) => subject);
      for (const told of [/^Authenticator app added/, /account replaced$/, /^Authenticator app removed/]) {
        expect(subjects.filter((subject) => told.test(subject)).length, `${told} to ${address}`).toBeGreaterThan(0);
      }
    }
  });
});

describe('replacing an authenticator', () => {
  it('ends the old one the moment the new one is confirmed, and not before', async () => {
    const { owner, secret: old } = await enrolled();
    const [{ id }] = await list(owner);
    const { secret, factorId } = (await start(owner, { code: codeNow(old), replaces: id, name: 'New phone' })).body;
    h.clock.advance(STEP);
    expect((await signIn(owner, codeNow(old))).status, 'not confirmed yet').toBe(200);
    h.clock.advance(STEP);
    expect((await confirm(owner, secret)).body).toEqual({ recoveryCodes: [] });
    expect((await signIn(owner, codeNow(old))).status).toBe(401);
    h.clock.advance(STEP);
    expect((await signIn(owner, codeNow(secret))).status).toBe(200);
    expect(await list(owner)).toMatchObject([{ id: factorId, name: 'New phone' }]);
    expect(await me(owner)).toMatchObject({ totp: true, recoveryCodesLeft: 10 });
    const told = (await h.mails(owner.email)).find(({ subject }) => subject.endsWith('account replaced'));
    expect(told?.text).toMatch(/\/freeze#token=/);
  });

  it('asks for one of the account’s own', async () => {
    const [mine, theirs] = [await enrolled(), await enrolled()];
    const [{ id }] = await list(theirs.owner);
    for (const replaces of [id, randomUUID()]) {
      const answer = await start(mine.owner, { code: codeNow(mine.secret), replaces });
      expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
    }
    expect((await signIn(mine.owner, codeNow(mine.secret))).status, 'nor is the code spent').toBe(200);
  });

  it('is forgotten where the old one is removed meanwhile', async () => {
    const { owner, secret } = await enrolled();
    const second = await addAnother(owner, secret);
    const shown = (await start(owner, { code: codeNow(secret), replaces: second.id })).body.secret;
    expect((await removeOne(owner, second.id, { code: codeNow(second.secret) })).status).toBe(204);
    expect((await confirm(owner, shown)).body.code).toBe('invalid-code');
    expect(await list(owner)).toHaveLength(1);
  });
});

describe('renaming', () => {
  it('changes the name and nothing else', async () => {
    const { owner } = await enrolled();
    const [before] = await list(owner);
    const rename = (id: string, name: unknown) =>
      h.call('PUT', `/v1/me/totp/${id}`, { body: { name }, token: owner.accessToken });
    expect((await rename(before.id, 'Old phone')).status).toBe(204);
    expect(await list(owner)).toEqual([{ ...before, name: 'Old phone' }]);
    expect((await rename(randomUUID(), 'Old phone')).status).toBe(404);
    expect((await rename(before.id, '')).status).toBe(422);
    const stranger = await newOwner(h);
    const theirs = await h.call('PUT', `/v1/me/totp/${before.id}`, {
      body: { name: 'x' },
      token: stranger.accessToken,
    });
    expect(theirs.body.code).toBe('not-found');
  });
});

describe('removing', () => {
  it('V6.5.6 OW-MF2 takes one against a proof of any, and leaves the others and the recovery codes', async () => {
    const { owner, secret } = await enrolled();
    const second = await addAnother(owner, secret);
    expect((await removeOne(owner, second.id, { code: '000000' })).body.code).toBe('invalid-code');
    expect((await removeOne(owner, second.id, {})).status).toBe(422);
    expect((await removeOne(owner, randomUUID(), { code: codeNow(secret) })).body.code).toBe('not-found');
    expect((await removeOne(owner, second.id, { code: codeNow(secret) })).status).toBe(204);
    expect((await signIn(owner, codeNow(second.secret))).status).toBe(401);
    expect(await me(owner)).toMatchObject({ totp: true, recoveryCodesLeft: 10 });
    expect((await h.mails(owner.email)).some(({ subject }) => /removed/.test(subject))).toBe(true);
  });

  it('the last one ends the second factor and its recovery codes', async () => {
    const { owner, secret } = await enrolled();
    const [{ id }] = await list(owner);
    expect((await removeOne(owner, id, { code: codeNow(secret) })).status).toBe(204);
    expect(await me(owner)).toMatchObject({ totp: false, recoveryCodesLeft: 0, recoveryCodesLow: false });
    expect(await list(owner)).toEqual([]);
    expect((await signIn(owner)).body.status).toBe('signed-in');
    expect(await count(h, 'recovery_codes', owner.accountId)).toBe(0);
  });

  it('all at once takes every one, and one mail tells of it', async () => {
    const { owner, secret } = await enrolled();
    await addAnother(owner, secret);
    await addAnother(owner, secret);
    expect((await removeAll(owner, { code: codeNow(secret) })).status).toBe(204);
    expect(await list(owner)).toEqual([]);
    const told = (await h.mails(owner.email)).filter(({ subject }) => /removed/.test(subject));
    expect(told).toHaveLength(1);
  });

  it('keeps the recovery codes where another kind of factor stays bound', async () => {
    const { owner, secret } = await enrolled();
    await bindPasskey(owner);
    expect((await removeAll(owner, { code: codeNow(secret) })).status).toBe(204);
    expect(await count(h, 'recovery_codes', owner.accountId)).toBe(10);
    expect((await signIn(owner)).body.status).toBe('second-factor-required');
  });

  it('NB-P1 is refused for the last one where the password is too short to stand alone, not for one of two', async () => {
    const { owner, secret } = await enrolled();
    const second = await addAnother(owner, secret);
    await h.pool.query('update passwords set is_short = true where account_id = $1', [owner.accountId]);
    expect((await removeAll(owner, { code: codeNow(secret) })).body.code).toBe('weak-password');
    expect((await removeOne(owner, second.id, { code: codeNow(secret) })).status).toBe(204);
    const [{ id }] = await list(owner);
    h.clock.advance(STEP);
    expect((await removeOne(owner, id, { code: codeNow(secret) })).body.code).toBe('weak-password');
    expect((await signIn(owner, codeNow(secret))).status, 'nor is the code spent').toBe(200);
  });

  it('of the same one succeeds once among sixteen at once', async () => {
    const { owner, recoveryCodes } = await enrolled();
    const [{ id }] = await list(owner);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => removeOne(owner, id, { code: recoveryCodes[n % 10] })),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

it('V8.2.1 every call about authenticators asks for a session', async () => {
  const { owner } = await enrolled();
  const [{ id }] = await list(owner);
  for (const [method, path] of [
    ['GET', '/v1/me/totp'],
    ['POST', '/v1/me/totp'],
    ['PUT', `/v1/me/totp/${id}`],
    ['DELETE', `/v1/me/totp/${id}`],
    ['DELETE', '/v1/me/totp'],
  ] as const) {
    expect((await h.call(method, path, { body: method === 'GET' ? undefined : {} })).status, path).toBe(401);
  }
});
