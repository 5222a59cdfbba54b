import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, exportJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decode,
  forge,
  forgeRaw,
  forgeries,
  header,
  ISSUER,
  type Kind,
  kinds,
  setScene,
  stranger,
} from './support/forged-tokens.ts';
import { type Harness, newAgent, newApiKey, newOwner, type Owner, openHarness, PASSWORD } from './support/harness.ts';

let h: Harness;
let owner: Owner;
let apiKey: string;
/** A stranger's web server with a stranger's keys. */
let lure: Server;
const lured: string[] = [];
const bases: Record<Kind, string> = { owner: '', agent: '', case: '' };
beforeAll(async () => {
  h = await openHarness();
  owner = await newOwner(h);
  apiKey = await newApiKey(h, ['sessions:read']);
  const credentials = { identifier: owner.email, password: PASSWORD };
  bases.owner = owner.accessToken;
  bases.agent = (await newAgent(h)).accessToken;
  bases.case = (await h.post('/v1/auth/case-access', credentials)).body.caseToken;
  const keys = { keys: [{ ...(await exportJWK(stranger.publicKey)), kid: 'x', alg: 'EdDSA', use: 'sig' }] };
  lure = createServer((request, response) => {
    lured.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end(JSON.stringify(keys));
  });
  await new Promise<void>((resolve) => lure.listen(0, '127.0.0.1', resolve));
  const { port } = lure.address() as AddressInfo;
  const { rows } = await h.pool.query("select id from keys where purpose = 'encryption'");
  const encryptionKeyId: string = rows[0].id;
  const lureAt = (path: string) => `http://127.0.0.1:${port}${path}`;
  setScene(() => ({ signing: signingKey(), now: now(), encryptionKeyId, lureAt }));
});
afterAll(async () => {
  lure.close();
  await h.close();
});

const ownAudience = { owner: '/v1/me', agent: '/v1/agent', case: '/v1/me/cases' };
const ownDoor = { owner: '/v1/me', agent: '/v1/agent/cases', case: '/v1/me/cases' };

const signingKey = () => h.instance.ctx.keys.signing(h.clock.now());
const now = () => Math.floor(h.clock.now().getTime() / 1000);

describe('an access token', () => {
  it('HT-A1 HT-S3 NB-S3 has the claims of RFC 9068 and lives five minutes', async () => {
    const seconds = Math.floor(h.clock.now().getTime() / 1000);
    const other = (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body;
    expect(decode(other.accessToken, 0)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: signingKey().id });
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
    expect(shown.jti).not.toBe(decode(owner.accessToken, 1).jti);
  });

  it('V11.6.1 is verified by anybody with the published keys, which hold nothing private', async () => {
    const { body } = await h.get('/.well-known/jwks.json');
    const options = { issuer: ISSUER, audience: `${ISSUER}/v1/me`, typ: 'at+jwt', currentDate: h.clock.now() };
    const { payload } = await jwtVerify(owner.accessToken, createLocalJWKSet(body), options);
    expect(payload.sub).toBe(owner.accountId);
    for (const key of body.keys) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
      expect(key).not.toHaveProperty('d');
    }
  });
});

it('V9.2.4 V10.3.1 tokens signed by one key have an audience each, and typ tells owners from cases', () => {
  const audiences = kinds.map((kind) => [decode(bases[kind], 1).aud, decode(bases[kind], 0).typ]);
  expect(audiences).toEqual(kinds.map((kind) => [ISSUER + ownAudience[kind], kind === 'case' ? 'case+jwt' : 'at+jwt']));
  expect(new Set(audiences.map(([audience]) => audience)).size).toBe(kinds.length);
});

describe.each(kinds)('the %s token', (kind) => {
  it('is accepted when a forger had our very key: the refusals below are not for something else', async () => {
    const raw = (base: string) => forgeRaw(JSON.stringify(decode(base, 0)), JSON.stringify(decode(base, 1)));
    for (const token of [await forge(bases[kind]), raw(bases[kind])])
      expect((await h.get(ownDoor[kind], token)).status).toBe(200);
  });

  it('V9.2.1 is held to its times to the second, and to a minute of clocks that differ', async () => {
    const lasting = (await h.get(ownDoor[kind], await forge(bases[kind], { claims: { exp: now() + 1 } }))).status;
    const ahead = (await h.get(ownDoor[kind], await forge(bases[kind], { claims: { iat: now() + 60 } }))).status;
    expect([lasting, ahead]).toEqual([200, 200]);
  });
});

describe('V9.1.1 V9.1.2 V9.1.3 V9.2.1 V9.2.2 V9.2.3 RFC 8725: nobody gets in with', () => {
  it.each(forgeries)('%s', async (_name, make, of = [...kinds]) => {
    for (const kind of of) {
      const token = await make(bases[kind], kind);
      for (const path of ['/v1/me', '/v1/me/cases', '/v1/agent/cases']) {
        const answer = await h.get(path, token);
        expect([kind, path, answer.status, answer.body.code]).toEqual([kind, path, 401, 'unauthorized']);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
      if (token.length > 8_192) continue;
      const asked = await h.post('/v1/server/sessions/introspect', { token }, { token: apiKey });
      expect([kind, asked.status, asked.text]).toEqual([kind, 200, '{"active":false}']);
    }
  });

  it('V9.1.3 a key from elsewhere: nobody was asked for one', () => {
    expect(lured).toEqual([]);
  });
});

describe('a flood of unknown keys', () => {
  it('asks the database for them at most once a second', async () => {
    const scans = async () => {
      await h.pool.query('select pg_stat_force_next_flush()');
      const { rows } = await h.pool.query(
        "select seq_scan + coalesce(idx_scan, 0) as n from pg_stat_user_tables where relname = 'keys'",
      );
      return Number(rows[0].n);
    };
    const id = (n: number) => `sig-${n.toString(16).padStart(12, '0')}`;
    const tokens = Array.from({ length: 300 }, (_, n) => header({ kid: id(n) })(bases.owner, 'owner'));
    const before = await scans();
    const began = performance.now();
    for (const token of tokens) expect((await h.get('/v1/me', await token)).status).toBe(401);
    const seconds = (performance.now() - began) / 1000;
    // As often again by the poll, and what was going on before.
    expect((await scans()) - before).toBeLessThanOrEqual(2 * Math.ceil(seconds) + 2);
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
