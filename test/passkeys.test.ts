import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { type Misbehaviour, newAuthenticator } from './support/authenticator.ts';
import { enrolTotp, type Harness, newApiKey, newOwner, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import { enterByPasskey, newHolder, newKeyed, originOf, proveByPasskey, register } from './support/passkeys.ts';
import { newSignedIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  const policy = { 'limits.factorChangesPerAccount': 100, 'passkeys.perAccount': 3, 'limits.mailPerRecipient': 100 };
  h = await openHarness({ policy });
});
afterAll(() => h.close());

const me = (token: string) => h.get('/v1/me', token);
const list = async (token: string) => (await h.get('/v1/me/passkeys', token)).body.items;
const passwordOf = ({ email }: { email: string }) => ({ identifier: email, password: PASSWORD });
const subjects = async (email: string) => (await h.mails(email)).map((mail) => mail.subject);
const events = async (accountId: string, type: string) =>
  (await h.pool.query('select detail from events where account_id = $1 and type = $2', [accountId, type])).rows;

describe('registering a passkey', () => {
  it('V6.7.2 asks for a discoverable key behind user verification, and keeps only a hash of the challenge', async () => {
    const owner = await newOwner(h);
    const { status, body } = await h.post('/v1/me/passkeys/options', undefined, { token: owner.accessToken });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      rp: { id: 'localhost', name: 'Holdfast' },
      user: { name: owner.email },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
    });
    expect(Buffer.from(body.challenge, 'base64url')).toHaveLength(32);
    expect(Buffer.from(body.user.id, 'base64url').toString('hex')).toBe(owner.accountId.replaceAll('-', ''));
    const rows = await h.pool.query('select t::text as row from webauthn_challenges t');
    const text = JSON.stringify(rows.rows);
    expect(text).not.toContain(body.challenge);
    expect(text).not.toContain(Buffer.from(body.challenge, 'base64url').toString('hex'));
  });

  it('V7.4.3 V6.3.7 the first brings ten recovery codes, ends other sessions, tells the owner, and money waits', async () => {
    const owner = await newOwner(h);
    const other = (await h.post('/v1/auth/sign-in', passwordOf(owner))).body;
    const phone = newAuthenticator(originOf(h), { isSynced: true });
    const { status, body } = await register(h, owner.accessToken, phone, { name: 'My phone' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'My phone', lastUsedAt: null, isBackedUp: true });
    expect(body.recoveryCodes).toHaveLength(10);
    const { secondFactor, holds } = (await me(owner.accessToken)).body;
    expect(secondFactor).toMatchObject({ totp: false, passkeys: 1, recoveryCodesLeft: 10 });
    expect(holds).toMatchObject([{ scope: 'withdrawals', reasonCode: 'credential-change' }]);
    expect((await me(other.accessToken)).status).toBe(401);
    const [mail] = await h.mails(owner.email);
    expect(mail?.subject).toContain('Passkey added');
    expect(mail?.text).toMatch(/\/freeze#token=/);
    expect((await h.post('/v1/auth/sign-in', passwordOf(owner))).body).toMatchObject({
      status: 'second-factor-required',
      factors: expect.arrayContaining(['passkey', 'recovery-code']),
    });
  });

  it.each([
    ['ES256', [-7]],
    ['EdDSA', [-8]],
  ])('takes a key of %s, and that key signs in', async (_, algorithms) => {
    const holder = await newHolder(h, { algorithms });
    expect((await enterByPasskey(h, holder.authenticator)).status).toBe(200);
  });

  const refused: [what: string, wrong: Misbehaviour][] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['our host on another port', { origin: 'http://localhost:1' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['an answer to get()', { type: 'webauthn.get' }],
    ['a challenge nobody asked', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['a frame of another site', { crossOrigin: true }],
    ['no user present', { isUserPresent: false }],
    ['no user verification', { isUserVerified: false }],
    ['a certificate that nobody asked for', { attestation: 'certificate' }],
  ];
  it.each(refused)('V6.3.4 refuses %s, and nothing is written', async (_, wrong) => {
    const owner = await newOwner(h);
    const answer = await register(h, owner.accessToken, newAuthenticator(originOf(h)), { wrong });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-passkey']);
    expect(await list(owner.accessToken)).toEqual([]);
    expect((await me(owner.accessToken)).body.secondFactor.recoveryCodesLeft).toBe(0);
  });

  it('takes a key that signs for itself, though nobody asked', async () => {
    const owner = await newOwner(h);
    const wrong = { attestation: 'self' as const };
    expect((await register(h, owner.accessToken, newAuthenticator(originOf(h)), { wrong })).status).toBe(201);
  });

  it('V2.3.4 takes one answer of sixteen, and none after it', async () => {
    const { accessToken: token, authenticator } = await newKeyed(h);
    const { body } = await h.post('/v1/me/passkeys/options', await proveByPasskey(h, token, authenticator), { token });
    const credentials = Array.from({ length: 17 }, () => newAuthenticator(originOf(h)).create(body));
    const add = (credential: unknown) => h.post('/v1/me/passkeys', { credential }, { token });
    const answers = await Promise.all(credentials.slice(1).map(add));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter((each) => each.body.code === 'invalid-passkey')).toHaveLength(15);
    expect((await add(credentials[0])).body.code).toBe('invalid-passkey');
    expect(await list(token)).toHaveLength(2);
  });

  it('is bound to the account and the session that asked, and to five minutes', async () => {
    const [owner, thief] = [await newOwner(h), await newOwner(h)];
    const again = (await h.post('/v1/auth/sign-in', passwordOf(owner))).body;
    const { body } = await h.post('/v1/me/passkeys/options', undefined, { token: owner.accessToken });
    const credential = newAuthenticator(originOf(h)).create(body);
    const add = async (token: string) => (await h.post('/v1/me/passkeys', { credential }, { token })).body.code;
    expect(await add(thief.accessToken)).toBe('invalid-passkey');
    expect(await add(again.accessToken)).toBe('invalid-passkey');
    h.clock.advance(300_000);
    const fresh = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    expect(await add(fresh.accessToken)).toBe('invalid-passkey');
  });

  it('is no answer of get(), and the credential of one account is nobody else’s', async () => {
    const [owner, other] = [await newOwner(h), await newOwner(h)];
    const { body } = await h.post('/v1/me/passkeys/options', undefined, { token: owner.accessToken });
    const key = newAuthenticator(originOf(h));
    const made = key.create(body);
    expect((await h.post('/v1/me/passkeys', { credential: made }, { token: owner.accessToken })).status).toBe(201);
    const asked = await h.post('/v1/me/passkeys/options', undefined, { token: other.accessToken });
    const { clientDataJSON } = newAuthenticator(originOf(h)).create(asked.body).response;
    const stolen = { ...made, response: { ...made.response, clientDataJSON } };
    const answer = await h.post('/v1/me/passkeys', { credential: stolen }, { token: other.accessToken });
    expect(answer.body.code).toBe('invalid-passkey');
    expect(await list(other.accessToken)).toEqual([]);
  });

  it('V6.5.6 OW-MF2 needs a proof of a factor once one is bound, and leaves the recovery codes', async () => {
    const holder = await newHolder(h);
    const token = holder.accessToken;
    const second = newAuthenticator(originOf(h));
    const bare = await register(h, token, second);
    expect([bare.status, bare.body.code]).toEqual([401, 'second-factor-required']);
    expect(bare.body.factors).toContain('passkey');
    const wrong = await register(h, token, second, { proof: { code: '000000' } });
    expect(wrong.body.code).toBe('invalid-code');
    const proof = await proveByPasskey(h, token, holder.authenticator);
    const added = await register(h, token, second, { proof });
    expect(added.status).toBe(201);
    expect(added.body).not.toHaveProperty('recoveryCodes');
    expect((await me(token)).body.secondFactor).toMatchObject({ passkeys: 2, recoveryCodesLeft: 10 });
    expect((await register(h, token, second, { proof })).body.code, 'a proof is spent').toBe('invalid-code');
  });

  it('excludes what the account has, and stops at the limit', async () => {
    const holder = await newKeyed(h);
    const token = holder.accessToken;
    const own = await proveByPasskey(h, token, holder.authenticator);
    const asked = await h.post('/v1/me/passkeys/options', own, { token });
    expect(asked.body.excludeCredentials).toHaveLength(1);
    expect(() => holder.authenticator.create(asked.body)).toThrow('InvalidStateError');
    for (const status of [201, 201, 409]) {
      const proof = await proveByPasskey(h, token, holder.authenticator);
      const answer = await register(h, token, newAuthenticator(originOf(h)), { proof });
      expect(answer.status, answer.text).toBe(status);
      if (status === 409) expect(answer.body.code).toBe('too-many-passkeys');
    }
  });

  it('what was asked for before a factor was bound adds none after', async () => {
    const owner = await newOwner(h);
    const { body } = await h.post('/v1/me/passkeys/options', undefined, { token: owner.accessToken });
    await enrolTotp(h, owner);
    const credential = newAuthenticator(originOf(h)).create(body);
    const answer = await h.post('/v1/me/passkeys', { credential }, { token: owner.accessToken });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await list(owner.accessToken)).toEqual([]);
  });
});

describe('the account’s passkeys', () => {
  it('are listed with their last use, and named', async () => {
    const holder = await newKeyed(h);
    const token = holder.accessToken;
    const [item] = await list(token);
    expect(item).toMatchObject({ id: holder.passkeyId, isBackedUp: false });
    expect(item.lastUsedAt).toBe(h.clock.now().toISOString());
    const rename = (id: string, name: string) => h.call('PUT', `/v1/me/passkeys/${id}`, { body: { name }, token });
    expect((await rename(holder.passkeyId, ' Key ring ')).body.name).toBe('Key ring');
    expect((await list(token))[0].name).toBe('Key ring');
    expect((await rename(holder.passkeyId, ' ')).status).toBe(422);
    const other = await newKeyed(h);
    expect((await rename(other.passkeyId, 'Mine')).status).toBe(404);
    expect(await events(holder.accountId, 'passkey.renamed')).toMatchObject([{ detail: { name: 'Key ring' } }]);
  });

  it('are removed against a proof; with the last one the recovery codes go too', async () => {
    const holder = await newHolder(h);
    const token = holder.accessToken;
    const remove = (id: string, body?: object) => h.call('DELETE', `/v1/me/passkeys/${id}`, { body, token });
    expect((await remove(holder.passkeyId)).body.code).toBe('second-factor-required');
    expect((await remove(holder.passkeyId, { code: '000000' })).body.code).toBe('invalid-code');
    const other = await newKeyed(h);
    const proof = await proveByPasskey(h, token, holder.authenticator);
    expect((await remove(other.passkeyId, proof)).status).toBe(404);
    expect((await remove(holder.passkeyId, proof)).status).toBe(204);
    expect((await me(token)).body.secondFactor).toMatchObject({ passkeys: 0, recoveryCodesLeft: 0 });
    expect((await subjects(holder.email))[0]).toContain('Passkey removed');
    expect((await enterByPasskey(h, holder.authenticator)).body.code).toBe('invalid-credentials');
    expect((await h.post('/v1/auth/sign-in', passwordOf(holder))).body.status).toBe('signed-in');
  });

  it('a recovery code removes a lost one, and an authenticator app keeps the rest', async () => {
    const holder = await newHolder(h);
    const token = holder.accessToken;
    const started = await h.post('/v1/me/totp', await proveByPasskey(h, token, holder.authenticator), { token });
    const { secret } = started.body;
    await h.post('/v1/me/totp/confirm', { code: totpCode(secret, h.clock.now()) }, { token });
    const body = { code: holder.recoveryCodes[0] };
    expect((await h.call('DELETE', `/v1/me/passkeys/${holder.passkeyId}`, { body, token })).status).toBe(204);
    expect((await me(token)).body.secondFactor).toMatchObject({ totp: true, passkeys: 0, recoveryCodesLeft: 9 });
  });

  it('NB-P1 the last one stays where the password is too short to stand alone', async () => {
    const holder = await newKeyed(h);
    await h.pool.query('update passwords set is_short = true where account_id = $1', [holder.accountId]);
    const body = await proveByPasskey(h, holder.accessToken, holder.authenticator);
    const path = `/v1/me/passkeys/${holder.passkeyId}`;
    const answer = await h.call('DELETE', path, { body, token: holder.accessToken });
    expect([answer.status, answer.body.code]).toEqual([422, 'weak-password']);
    expect(await list(holder.accessToken)).toHaveLength(1);
  });
});

describe('signing in with a passkey alone', () => {
  it('NB-X4 is two factors, on a known browser or a new one', async () => {
    const holder = await newKeyed(h);
    const { rows } = await h.pool.query('select id from devices where account_id = $1', [holder.accountId]);
    const known = await enterByPasskey(h, holder.authenticator, { deviceToken: holder.deviceToken });
    expect(Object.keys(known.body).sort()).toEqual(
      ['status', 'accessToken', 'expiresIn', 'refreshToken', 'deviceToken', 'sessionId', 'accountId'].sort(),
    );
    expect(known.body).toMatchObject({ status: 'signed-in', accountId: holder.accountId });
    expect(decodeJwt(known.body.accessToken)).toMatchObject({ acr: 'aal2', amr: ['hwk', 'user', 'mfa'] });
    const count = async () =>
      (await h.pool.query('select id from devices where account_id = $1', [holder.accountId])).rowCount;
    expect(await count()).toBe(rows.length);
    expect((await enterByPasskey(h, holder.authenticator)).status).toBe(200);
    expect(await count()).toBe(rows.length + 1);
    expect(await subjects(holder.email)).toContainEqual(expect.stringContaining('New device'));
    const synced = await newKeyed(h, { isSynced: true });
    expect(decodeJwt(synced.accessToken)).toMatchObject({ acr: 'aal2', amr: ['swk', 'user', 'mfa'] });
  });

  it('V3.3.4 hands tokens out in cookies where asked to', async () => {
    const { authenticator } = await newKeyed(h);
    const credential = authenticator.get((await h.post('/v1/auth/passkey/options')).body);
    const answer = await h.post('/v1/auth/passkey', { credential, tokens: 'cookie' });
    expect(answer.body).not.toHaveProperty('refreshToken');
    expect(answer.headers.get('set-cookie')).toContain('__Host-holdfast-refresh');
  });

  const refused: [what: string, wrong: Misbehaviour][] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['an answer to create()', { type: 'webauthn.create' }],
    ['a challenge nobody asked', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['a frame of another site', { crossOrigin: true }],
    ['no user present', { isUserPresent: false }],
    ['no user verification', { isUserVerified: false }],
    ['an altered signature', { hasAlteredSignature: true }],
    ['another user’s handle', { userHandle: Buffer.alloc(16).toString('base64url') }],
    ['no user handle', { userHandle: null }],
    ['a counter that stands still', { signCount: 1 }],
  ];
  it.each(refused)('V6.3.4 V6.3.8 refuses %s as it refuses everything', async (_, wrong) => {
    const { authenticator, accountId } = await newKeyed(h);
    const other = await newSignedIn(h);
    const unknown = newAuthenticator(originOf(h));
    unknown.create((await h.post('/v1/me/passkeys/options', undefined, { token: other.accessToken })).body);
    const answers = [await enterByPasskey(h, authenticator, { wrong }), await enterByPasskey(h, unknown)];
    const bare = answers.map(({ status, body: { requestId: _id, ...body } }) => ({ status, body }));
    expect(bare[0]).toMatchObject({ status: 401, body: { code: 'invalid-credentials' } });
    expect(bare[1]).toEqual(bare[0]);
    const { rows } = await h.pool.query('select count(*)::int as n from sessions where account_id = $1', [accountId]);
    expect(rows[0].n, 'those from before').toBe(2);
  });

  it('V2.3.4 spends a challenge once among sixteen', async () => {
    const { authenticator, accountId } = await newKeyed(h);
    const credential = authenticator.get((await h.post('/v1/auth/passkey/options')).body);
    const answers = await Promise.all(Array.from({ length: 16 }, () => h.post('/v1/auth/passkey', { credential })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
    expect(await events(accountId, 'passkey.counter-regressed'), 'a replay is no copy').toEqual([]);
  });

  it('V6.6.2 a challenge lasts five minutes, and housekeeping forgets it', async () => {
    const { authenticator } = await newKeyed(h);
    const { body } = await h.post('/v1/auth/passkey/options');
    h.clock.advance(300_000);
    const credential = authenticator.get(body);
    expect((await h.post('/v1/auth/passkey', { credential })).status).toBe(401);
    h.clock.advance(1);
    await keepHouse(h.instance.ctx);
    const left = await h.pool.query('select 1 from webauthn_challenges where expires_at < $1', [h.clock.now()]);
    expect(left.rowCount).toBe(0);
  });

  it('holds are told after everything was right, with a case token; a closed account is as none', async () => {
    const holder = await newKeyed(h);
    const apiKey = await newApiKey(h);
    const body = { reasonCode: 'account-takeover', note: 'reported' };
    await h.post(`/v1/server/accounts/${holder.accountId}/freeze`, body, { token: apiKey });
    const held = await enterByPasskey(h, holder.authenticator);
    expect([held.status, held.body.code]).toEqual([403, 'account-held']);
    expect((await h.get('/v1/me/cases', held.body.caseToken)).status).toBe(200);
    const wrong = await enterByPasskey(h, holder.authenticator, { wrong: { hasAlteredSignature: true } });
    expect(wrong.body.code).toBe('invalid-credentials');
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [holder.accountId, h.clock.now()]);
    expect((await enterByPasskey(h, holder.authenticator)).body.code).toBe('invalid-credentials');
  });

  it('the password plays no part: locked, disabled or failing, and it stays so', async () => {
    const holder = await newKeyed(h);
    const fail = () => h.post('/v1/auth/sign-in', { identifier: holder.email, password: 'not the right one at all' });
    for (let guess = 0; guess < 5; guess++) await fail();
    expect((await fail()).status).toBe(429);
    expect((await enterByPasskey(h, holder.authenticator)).status).toBe(200);
    expect((await fail()).status, 'strangers stay locked out').toBe(429);
    const failures = 'select consecutive_failures as n from passwords where account_id = $1';
    expect((await h.pool.query(failures, [holder.accountId])).rows[0].n).toBe(5);
    await h.pool.query('update passwords set disabled_at = $2 where account_id = $1', [
      holder.accountId,
      h.clock.now(),
    ]);
    expect((await enterByPasskey(h, holder.authenticator)).status).toBe(200);
  });

  it('WebAuthn 6.1.1 a counter that goes back is refused, told once, and a mail freezes', async () => {
    const { authenticator, accountId, email } = await newKeyed(h);
    const copy = authenticator.clone();
    for (let use = 0; use < 3; use++) expect((await enterByPasskey(h, authenticator)).status).toBe(200);
    const credential = copy.get((await h.post('/v1/auth/passkey/options')).body);
    for (let showing = 0; showing < 3; showing++)
      expect((await h.post('/v1/auth/passkey', { credential })).body.code).toBe('invalid-credentials');
    expect(await events(accountId, 'passkey.counter-regressed')).toMatchObject([{ detail: { signCount: 2 } }]);
    const [mail] = (await h.mails(email)).filter(({ subject }) => subject.includes('copied'));
    expect(mail?.text).toMatch(/\/freeze#token=/);
    expect((await enterByPasskey(h, authenticator)).status, 'the true one goes on').toBe(200);
  });

  it('one that never counts says 0 for ever', async () => {
    const { authenticator } = await newKeyed(h, { counts: false });
    for (let use = 0; use < 3; use++) expect((await enterByPasskey(h, authenticator)).status).toBe(200);
  });
});

describe('a service whose pages are elsewhere too', () => {
  it('V3.5.2 makes passkeys for its domain, on its own pages and those on the list alone', async () => {
    const env = {
      PUBLIC_URL: 'https://id.wallet.example',
      PASSKEY_RP_ID: 'wallet.example',
      ALLOWED_ORIGINS: 'https://app.wallet.example',
    };
    const other = await openHarness({ env });
    try {
      const { accessToken: token } = await newSignedIn(other);
      const from = (origin: string) => register(other, token, newAuthenticator(origin));
      expect((await from('https://evil.wallet.example')).body.code).toBe('invalid-passkey');
      expect((await from('https://wallet.example')).body.code).toBe('invalid-passkey');
      const asked = await other.post('/v1/me/passkeys/options', undefined, { token });
      expect(asked.body.rp.id).toBe('wallet.example');
      expect((await from('https://app.wallet.example')).status).toBe(201);
    } finally {
      await other.close();
    }
  });

  it.each([
    ['https://id.wallet.example', 'wallet.example', 'accepted'],
    ['https://id.wallet.example', 'id.wallet.example', 'accepted'],
    ['https://id.wallet.example', 'other.example', 'refused'],
    ['https://id.wallet.example', 'llet.example', 'refused'],
    ['https://id.wallet.example', 'example', 'refused'],
    ['http://127.0.0.1:3000', '0.1', 'refused'],
  ])('at %s may name %s as the domain: %s', (PUBLIC_URL, PASSKEY_RP_ID, verdict) => {
    const read = () => readConfig({ PUBLIC_URL, PASSKEY_RP_ID });
    if (verdict === 'accepted') expect(read().passkeyRpId).toBe(PASSKEY_RP_ID);
    else expect(read).toThrow(/^PASSKEY_RP_ID: must be/);
  });
});
