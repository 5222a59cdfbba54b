import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, exportJWK, type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newApiKey, newOwner, type Owner, openHarness, PASSWORD } from './support/harness.ts';

let h: Harness;
let owner: Owner;
let apiKey: string;
beforeAll(async () => {
  h = await openHarness();
  owner = await newOwner(h);
  apiKey = await newApiKey(h, ['sessions:read']);
});
afterAll(() => h.close());

const ISSUER = 'http://localhost:3000';
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
const signing = () => h.instance.ctx.keys.signing;
const header = () => decode(owner.accessToken, 0);
const claims = () => decode(owner.accessToken, 1);

/** The owner's own token with a few things changed, properly signed; `undefined` leaves a member out. */
async function forge(
  change: { header?: object; claims?: object } = {},
  key: KeyObject | Uint8Array = signing().privateKey,
): Promise<string> {
  const clean = (object: object) =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  const protectedHeader = clean({ ...header(), ...change.header }) as JWTHeaderParameters;
  return await new SignJWT(clean({ ...claims(), ...change.claims })).setProtectedHeader(protectedHeader).sign(key);
}

describe('an access token', () => {
  it('HT-A1 HT-S3 has the claims of RFC 9068 and lives five minutes', async () => {
    const seconds = Math.floor(h.clock.now().getTime() / 1000);
    const other = (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body;
    expect(decode(other.accessToken, 0)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: signing().id });
    const shown = decode(other.accessToken, 1);
    expect(shown).toEqual({
      iss: ISSUER,
      aud: `${ISSUER}/v1/me`,
      sub: owner.accountId,
      sid: other.sessionId,
      client_id: 'holdfast',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: seconds,
      exp: seconds + 300,
      auth_time: seconds,
      acr: 'aal1',
      amr: ['pwd'],
    });
    expect(shown.jti).not.toBe(claims().jti);
  });

  it('is verified by anybody with the published keys, which hold nothing private', async () => {
    const { body } = await h.get('/.well-known/jwks.json');
    const options = { issuer: ISSUER, audience: `${ISSUER}/v1/me`, typ: 'at+jwt', currentDate: h.clock.now() };
    const { payload } = await jwtVerify(owner.accessToken, createLocalJWKSet(body), options);
    expect(payload.sub).toBe(owner.accountId);
    for (const key of body.keys) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
      expect(key).not.toHaveProperty('d');
    }
  });

  it('is accepted when a forger had our very key: the refusals below are not for something else', async () => {
    expect((await h.get('/v1/me', await forge())).status).toBe(200);
    expect((await h.get('/v1/me', await forge({ claims: { jti: undefined } }))).status).toBe(200);
  });
});

const publicPem = () => createPublicKey(signing().privateKey).export({ type: 'spki', format: 'pem' }) as string;
const publicRaw = () => createPublicKey(signing().privateKey).export({ type: 'spki', format: 'der' }).subarray(-32);
const hmac = (secret: string | Buffer) => {
  const input = `${part({ ...header(), alg: 'HS256' })}.${owner.accessToken.split('.')[1]}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
const unsigned = (alg: string) => `${part({ ...header(), alg })}.${owner.accessToken.split('.')[1]}.`;
const stranger = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [start, middle, end] = [0, 1, 2].map((n) => () => owner.accessToken.split('.')[n] as string) as [
  () => string,
  () => string,
  () => string,
];
const now = () => Math.floor(h.clock.now().getTime() / 1000);

// One row for each practice of RFC 8725 section 3; what is not about the signature is signed with our own key.
const forgeries: [string, () => string | Promise<string>][] = [
  ['3.1 alg none', () => unsigned('none')],
  ['3.1 alg NoNe', () => unsigned('NoNe')],
  ['3.1 alg none with the signature left on', () => `${part({ ...header(), alg: 'none' })}.${middle()}.${end()}`],
  ['3.1 HS256 with the public key as its secret (PEM)', () => hmac(publicPem())],
  ['3.1 HS256 with the public key as its secret (raw)', () => hmac(publicRaw())],
  ['3.1 RS256', () => forge({ header: { alg: 'RS256' } }, rsa.privateKey)],
  ['3.1 ES256', () => forge({ header: { alg: 'ES256' } }, ec.privateKey)],
  ['3.3 a stranger’s key under our kid', () => forge({}, stranger.privateKey)],
  ['3.3 a truncated signature', () => owner.accessToken.slice(0, -8)],
  ['3.3 an empty signature', () => `${start()}.${middle()}.`],
  ['3.3 a zero signature', () => `${start()}.${middle()}.${Buffer.alloc(64).toString('base64url')}`],
  ['3.3 one claim changed', () => `${start()}.${part({ ...claims(), acr: 'aal2' })}.${end()}`],
  ['3.3 one header changed', () => `${part({ ...header(), x: 1 })}.${middle()}.${end()}`],
  [
    '3.7 a payload in UTF-16',
    () => `${start()}.${Buffer.from(JSON.stringify(claims()), 'utf16le').toString('base64url')}.${end()}`,
  ],
  ['3.8 another issuer', () => forge({ claims: { iss: 'https://evil.example' } })],
  ['3.8 no issuer', () => forge({ claims: { iss: undefined } })],
  ['3.8 another subject than the session’s', () => forge({ claims: { sub: '0190b0a0-0000-7000-8000-000000000000' } })],
  ['3.8 no subject', () => forge({ claims: { sub: undefined } })],
  ['3.9 another audience', () => forge({ claims: { aud: `${ISSUER}/v1/agent` } })],
  ['3.9 the bare issuer as audience', () => forge({ claims: { aud: ISSUER } })],
  ['3.9 no audience', () => forge({ claims: { aud: undefined } })],
  ['3.10 a kid that walks the file system', () => forge({ header: { kid: '../../../../dev/null' } })],
  ['3.10 a kid that is SQL', () => forge({ header: { kid: `' or 1=1 --` } })],
  ['3.10 a kid of an object’s own', () => forge({ header: { kid: '__proto__' } }, stranger.privateKey)],
  ['3.10 no kid', () => forge({ header: { kid: undefined } })],
  [
    '3.10 its own key in jwk',
    async () => forge({ header: { kid: undefined, jwk: await exportJWK(stranger.publicKey) } }, stranger.privateKey),
  ],
  [
    '3.10 a jku elsewhere',
    () => forge({ header: { kid: 'x', jku: 'https://evil.example/jwks' } }, stranger.privateKey),
  ],
  ['3.10 an x5u elsewhere', () => forge({ header: { kid: 'x', x5u: 'https://evil.example/c' } }, stranger.privateKey)],
  ['3.11 typ of a security event', () => forge({ header: { typ: 'secevent+jwt' } })],
  ['3.11 typ of a case token', () => forge({ header: { typ: 'case+jwt' } })],
  ['3.11 typ JWT', () => forge({ header: { typ: 'JWT' } })],
  ['3.11 no typ', () => forge({ header: { typ: undefined } })],
  ['exp past', () => forge({ claims: { exp: now() - 1 } })],
  ['exp now', () => forge({ claims: { exp: now() } })],
  ['exp missing', () => forge({ claims: { exp: undefined } })],
  ['exp a text', () => forge({ claims: { exp: 'never' } })],
  ['nbf ahead', () => forge({ claims: { nbf: now() + 10 } })],
  ['iat ahead', () => forge({ claims: { iat: now() + 120, exp: now() + 240 } })],
  ['iat missing', () => forge({ claims: { iat: undefined } })],
  ['no session', () => forge({ claims: { sid: undefined } })],
  ['a session nobody has', () => forge({ claims: { sid: '0190b0a0-0000-7000-8000-000000000000' } })],
  ['a crit nobody knows', () => `${part({ ...header(), crit: ['x'], x: 1 })}.${middle()}.${end()}`],
  ['five parts', () => `${part({ alg: 'dir', enc: 'A256GCM' })}..aaaa.bbbb.cccc`],
  ['two parts', () => `${start()}.${middle()}`],
  ['three thousand bytes of padding', () => forge({ claims: { pad: 'x'.repeat(3_500) } })],
  ['nine kilobytes', () => forge({ claims: { pad: 'x'.repeat(9_000) } })],
  ['no JSON', () => 'aaaa.bbbb.cccc'],
];

describe('RFC 8725: nobody gets in with', () => {
  it.each(forgeries)('%s', async (_name, make) => {
    const token = await make();
    for (const path of ['/v1/me', '/v1/me/cases', '/v1/agent/cases']) {
      const answer = await h.get(path, token);
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'unauthorized']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    if (token.length > 8_192) return;
    const asked = await h.post('/v1/server/sessions/introspect', { token }, { token: apiKey });
    expect([asked.status, asked.text]).toEqual([200, '{"active":false}']);
  });
});

describe('a bearer token', () => {
  it.each(['', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNzd29yZA==', 'Bearer a b c', 'bearer\tx', 'Token abcdefgh'])(
    'is not what %j carries',
    async (authorization) => {
      const answer = await h.call('GET', '/v1/me', { headers: { authorization } });
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
    },
  );

  it('is taken from the header alone (V14.2.1)', async () => {
    expect((await h.get(`/v1/me?access_token=${owner.accessToken}`)).status).toBe(401);
    const cookie = `access_token=${owner.accessToken}`;
    expect((await h.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
  });
});
