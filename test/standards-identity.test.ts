import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seal, unseal } from '../src/crypto/sealed.ts';
import { type PolicyKey, policyKeys } from '../src/policy.ts';
import { showValue } from '../src/policy-file.ts';
import { type Harness, openHarness, PASSWORD, someEmail, tokenIn, totpCode } from './support/harness.ts';
import { count, enrol, mailedToken, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const MINUTE = 60_000;
const live = (accountId: string) => count(h, 'sessions', accountId, 'ended_at is null');
const me = async (token: string) => (await h.get('/v1/me', token)).status;

describe('V6.3.2 a new installation', () => {
  it('knows nobody: no account, no agent, no API key', async () => {
    for (const table of ['accounts', 'agents', 'api_keys', 'passwords', 'identifiers'])
      expect((await h.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n, table).toBe(0);
    for (const email of ['admin@localhost.example', 'root@example.com', 'admin@holdfast.example'])
      for (const password of ['admin', 'password', 'holdfast', PASSWORD]) {
        const credentials = { identifier: email, password };
        expect((await h.post('/v1/auth/sign-in', credentials)).status).toBe(401);
        expect((await h.post('/v1/agent/auth/sign-in', { email, password, code: '000000' })).status).toBe(401);
      }
  });
});

describe('V6.1.1 V7.1.1 the document about authentication', () => {
  const text = readFileSync(new URL('../docs/authentication.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| .+ \| ([^|]+) \| `(\w+\.[\w.]+)` \|/gm)].map((row) => row.slice(1));

  it('gives the default of every limit and time it names', () => {
    const keys = policyKeys as Record<string, PolicyKey>;
    for (const [value, name = ''] of rows) {
      const key = keys[name];
      expect(key && showValue(key, key.default), name).toBe(value);
    }
  });

  it('names each that stops guessing or ends a session', () => {
    const named = rows.map(([, name]) => name);
    const needed = Object.keys(policyKeys).filter((name) =>
      /^(lockout|totp|session|agents|access|challenge)\.|^reset\.attempts$|^limits\.(signIn|reset|signUp)PerIp$/.test(
        name,
      ),
    );
    expect(needed.filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe('V6.3.6 NB-X1 a mailbox', () => {
  it('opens no session: not by confirming, resetting, unlocking, nor by the link to a case', async () => {
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    const confirmed = await h.post('/v1/auth/email-confirmation', { token: await mailedToken(h, email, 'confirm') });
    expect([confirmed.status, confirmed.text]).toEqual([204, '']);
    for (let guess = 0; guess < 5; guess++) await signIn(h, email, { password: 'not the right one at all' });
    const unlock = await h.post('/v1/auth/link/use', { token: await mailedToken(h, email, 'unlock'), confirm: true });
    expect(Object.keys(unlock.body)).toEqual(['deviceToken']);
    await h.post('/v1/auth/password-reset', { identifier: email });
    const token = await mailedToken(h, email, 'reset');
    const reset = await h.post('/v1/auth/password-reset/confirm', { token, newPassword: 'another long enough one' });
    expect([reset.status, reset.text]).toEqual([204, '']);
    const frozen = await h.post('/v1/auth/link/use', { token: await mailedToken(h, email, 'freeze'), confirm: true });
    expect(frozen.body.hold.scope).toBe('all');
    const access = await h.post('/v1/auth/case-access', { token: await mailedToken(h, email, 'case') });
    expect((await h.get('/v1/me/cases', access.body.caseToken)).status).toBe(200);
    expect((await h.get('/v1/me/sessions', access.body.caseToken)).status).toBe(401);
    const { rows } = await h.pool.query('select count(*)::int as n from sessions');
    expect(rows[0].n).toBe(0);
  });
});

describe('V7.1.2 sessions of one account', () => {
  it('are not limited: twenty-five devices stay signed in, of which twenty are known', async () => {
    const owner = await newSignedIn(h);
    const others: SignedIn[] = [];
    for (let device = 1; device < 25; device++) {
      h.clock.advance(1_000);
      others.push(await signIn(h, owner.email));
    }
    for (const { accessToken } of [owner, ...others]) expect(await me(accessToken)).toBe(200);
    expect([await live(owner.accountId), await count(h, 'devices', owner.accountId)]).toEqual([25, 20]);
  });
});

describe('V7.2.4 a new sign-in in a browser', () => {
  const cookie = (refreshToken: string) => ({ headers: { cookie: `__Host-holdfast-refresh=${refreshToken}` } });
  const asCookie = (owner: SignedIn, extra: object = {}) =>
    h.post(
      '/v1/auth/sign-in',
      { identifier: owner.email, password: PASSWORD, tokens: 'cookie', deviceToken: owner.deviceToken, ...extra },
      cookie(owner.refreshToken),
    );
  const isOver = async ({ accessToken, refreshToken }: SignedIn) => {
    const refreshed = await h.post('/v1/auth/refresh', { refreshToken });
    return [await me(accessToken), refreshed.status].every((status) => status === 401);
  };

  it('ends the session whose cookie it replaces, and no other', async () => {
    const owner = await newSignedIn(h);
    const elsewhere = await signIn(h, owner.email);
    h.clock.advance(MINUTE);
    const { status, body } = await asCookie(owner);
    expect(status).toBe(200);
    expect(body.sessionId).not.toBe(owner.sessionId);
    expect([await isOver(owner), await isOver({ ...owner, ...elsewhere })]).toEqual([true, false]);
    expect(await me(body.accessToken)).toBe(200);
  });

  it('ends it after the second step, and not after the first or a wrong password', async () => {
    const owner = await newSignedIn(h);
    const { secret } = await enrol(h, owner.accessToken);
    h.clock.advance(30_000);
    expect((await asCookie(owner, { password: 'not the right one at all' })).status).toBe(401);
    const { challenge } = (await asCookie(owner)).body;
    expect(await me(owner.accessToken)).toBe(200);
    const answer = { challenge, factor: 'totp', code: totpCode(secret, h.clock.now()), tokens: 'cookie' };
    expect((await h.post('/v1/auth/second-factor', answer, cookie(owner.refreshToken))).status).toBe(200);
    expect([await isOver(owner), await live(owner.accountId)]).toEqual([true, 1]);
  });

  it('ends it once where sixteen come at once, and whoever was let in stays in', async () => {
    const owner = await newSignedIn(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => asCookie(owner)));
    const entered = answers.filter(({ status }) => status === 200);
    expect(entered.length).toBeGreaterThan(0);
    for (const { body } of entered) expect(await me(body.accessToken)).toBe(200);
    const ended = `type = 'session.ended' and session_id = '${owner.sessionId}'`;
    expect([await isOver(owner), await count(h, 'events', owner.accountId, ended)]).toEqual([true, 1]);
    expect(await live(owner.accountId)).toBe(entered.length);
  });

  it('with a cookie of no session is a sign-in like any', async () => {
    const owner = await newSignedIn(h);
    expect((await asCookie({ ...owner, refreshToken: `hf_rt_${'A'.repeat(70)}` })).status).toBe(200);
    expect(await live(owner.accountId)).toBe(2);
  });
});

describe('V6.4.1 a link that gives an account its first password', () => {
  it('is good once, for half an hour, and takes none that is weak', async () => {
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    await h.post('/v1/auth/email-confirmation', { token: await mailedToken(h, email, 'confirm') });
    const ask = async () => {
      await h.post('/v1/auth/password-reset', { identifier: email });
      return tokenIn((await h.mails(email))[0], 'reset');
    };
    const use = (token: string, newPassword: string) =>
      h.post('/v1/auth/password-reset/confirm', { token, newPassword });
    const stale = await ask();
    h.clock.advance(30 * MINUTE + 1);
    expect((await use(stale, 'a first good sentence')).body.code).toBe('invalid-token');
    const token = await ask();
    expect((await use(token, 'short')).body.code).toBe('weak-password');
    expect((await use(token, 'a first good sentence')).status).toBe(204);
    expect((await use(token, 'a second good sentence')).body.code).toBe('invalid-token');
  });
});

describe('V11.3.3 V11.2.5 what is encrypted', () => {
  const key = Buffer.alloc(32, 7);
  const sealed = seal(key, Buffer.from('a secret'), 'row:1');

  it('opens with no bit changed, for no other row, and says no more than that', () => {
    expect(unseal(key, sealed, 'row:1').toString()).toBe('a secret');
    const messages = new Set<string>();
    const fail = (value: Buffer, context: string) => {
      try {
        unseal(key, value, context);
      } catch (error) {
        return messages.add((error as Error).message);
      }
      throw new Error('it opened');
    };
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      fail(changed, 'row:1');
    }
    fail(sealed, 'row:2');
    expect(messages.size).toBe(1);
  });

  it('V11.3.4 has a nonce of its own each time', () => {
    const nonces = Array.from({ length: 20_000 }, () => seal(key, sealed, 'row:1').toString('hex', 0, 12));
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describe('V11.1.2 V11.2.1 V11.4.1 the algorithms in the code', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => [file, readFileSync(join('src', file), 'utf8')] as const);
  const named = (pattern: RegExp) =>
    sources.flatMap(([file, text]) => Array.from(text.matchAll(pattern), ([, name]) => `${name} ${file}`));

  it('hash with SHA-256, and with SHA-1 only for the range of breached passwords', () => {
    const hashes = named(/(?:createHash|createHmac|hkdfSync)\(\s*'([\w-]+)'/g);
    expect(hashes.length).toBeGreaterThan(5);
    expect(hashes.filter((use) => !use.startsWith('sha256 '))).toEqual(['sha1 passwords/breaches.ts']);
  });

  it('V11.3.1 V11.3.2 encrypt with AES-256-GCM; V11.6.1 V11.4.3 sign with Ed25519', () => {
    const ciphers = named(/create(?:Cipher|Decipher)iv\(\s*'([\w-]+)'/g);
    // Firebase’s scrypt ends in a cipher: imported hashes are checked as they were made.
    expect(ciphers.filter((use) => !use.startsWith('aes-256-gcm '))).toEqual([
      'aes-256-ctr crypto/foreign-hashes/scrypt.ts',
    ]);
    expect(named(/generateKeyPair(?:Sync)?\(\s*'([\w-]+)'/g)).toEqual(['ed25519 crypto/keys.ts']);
    expect(named(/alg(?:orithms)?: \[?'(\w+)'/g).filter((use) => !use.startsWith('EdDSA '))).toEqual([]);
  });

  it('V6.5.3 V11.5.1 take randomness from node:crypto alone', () => {
    expect(named(/(Math\.random|pseudoRandomBytes|Math\['random)/g)).toEqual([]);
    expect(named(/\b(randomBytes|randomInt|randomUUID)\(/g).length).toBeGreaterThan(5);
  });
});
