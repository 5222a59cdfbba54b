import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyError, revokeSigningKey, rotateKey } from '../src/keys/rotate.ts';
import { tendKeys } from '../src/keys/tend.ts';
import { verifySeals } from '../src/seals/seals.ts';
import { type Harness, newOwner, type Owner, openHarness, PASSWORD } from './support/harness.ts';
import { type Node, openNode } from './support/nodes.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const operator = { kind: 'system' } as const;

let h: Harness;
let other: Node;
let owner: Owner;
beforeAll(async () => {
  h = await openHarness();
  other = await openNode(h);
  owner = await newOwner(h);
});
afterAll(async () => {
  await other.close(500);
  await h.close();
});

const ctx = () => h.instance.ctx;
const tend = () => tendKeys(ctx());
const rotate = (atOnce = false) => rotateKey(ctx(), 'signing', { atOnce }, operator);
const published = async (path = 'jwks') =>
  (await h.get(`/.well-known/${path}.json`)).body.keys.map(({ kid }: { kid: string }) => kid);
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const signIn = async () => (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body;
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const events = async (type: string) =>
  (await h.pool.query('select * from events where type = $1 order by id', [type])).rows;

const bells = `from pg_stat_activity where datname = current_database() and application_name like 'holdfast-bell %'`;
const listening = async () => (await h.pool.query(`select pid ${bells}`)).rows.length;
const refusedByOther = (token: string, timeout: number) =>
  expect.poll(async () => (await other.get('/v1/me', token)).status, { interval: 5, timeout }).toBe(401);

/** The owner's token as the key of this id would sign it now; the database's keys are all there. */
function forge(token: string, privateKey: Parameters<typeof sign>[2], change: object): string {
  const [head = '', body = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const input = `${head}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}

describe('V11.1.1 RFC 7517: signing keys change on schedule', () => {
  it('V11.2.2 announced an hour before, believed a day after, and then only for receipts', async () => {
    const [first] = await published();
    const { privateKey } = ctx().keys.signing(h.clock.now());
    h.clock.advance(90 * DAY - HOUR - MINUTE);
    await tend();
    expect(await published()).toEqual([first]);

    h.clock.advance(MINUTE);
    await tend();
    await tend();
    const [, next, ...more] = await published();
    expect([next, more]).toEqual([expect.stringMatching(/^sig-[0-9a-f]{12}$/), []]);
    h.clock.advance(HOUR - 1_000);
    const before = await signIn();
    expect(kidOf(before.accessToken)).toBe(first);
    const { receipt } = (await h.post('/v1/me/freeze', { scope: 'payments' }, { token: before.accessToken })).body;

    h.clock.advance(1_000);
    const after = await signIn();
    expect(kidOf(after.accessToken)).toBe(next);
    expect([await me(before.accessToken), await me(after.accessToken)]).toEqual([200, 200]);
    expect((await other.get('/v1/me', after.accessToken)).status).toBe(200);

    h.clock.advance(DAY - 1_000);
    const kept = await signIn();
    const forged = () => {
      const now = Math.floor(h.clock.now().getTime() / 1000);
      const { sid } = JSON.parse(Buffer.from(kept.accessToken.split('.')[1] ?? '', 'base64url').toString());
      return forge(before.accessToken, privateKey, { sid, iat: now, exp: now + 60 });
    };
    expect(await me(forged())).toBe(200);
    h.clock.advance(1_000);
    expect(await published()).toEqual([next]);
    expect([await me(kept.accessToken), await me(forged())]).toEqual([200, 401]);

    await tend();
    expect(await published('receipt-keys')).toEqual([first, next]);
    const keys = createLocalJWKSet((await h.get('/.well-known/receipt-keys.json')).body);
    const options = { algorithms: ['EdDSA'], typ: 'receipt+jwt' };
    expect((await jwtVerify(receipt, keys, options)).payload.sub).toBe(owner.accountId);
  });

  it('V11.1.1 destroys the private half of a retired key, and the whole key after 18 months', async () => {
    const [retired] = (await h.pool.query('select * from keys where retired_at is not null')).rows;
    const half = ctx().wrapping.unwrap(retired, `keys:${retired.id}:signing:public`);
    expect(createPublicKey({ key: half, format: 'der', type: 'spki' }).asymmetricKeyType).toBe('ed25519');
    expect(() => createPrivateKey({ key: half, format: 'der', type: 'pkcs8' })).toThrow();
    expect(() => ctx().wrapping.unwrap(retired, `keys:${retired.id}:signing`)).toThrow();
    h.clock.advance(548 * DAY - 1_000);
    await tend();
    expect(await published('receipt-keys')).toContain(retired.id);
    h.clock.advance(1_000);
    await tend();
    expect(await published('receipt-keys')).not.toContain(retired.id);
    expect((await events('key.retired')).map(({ detail }) => [detail.keyId, detail.isGone])).toContainEqual([
      retired.id,
      true,
    ]);
  });

  it('is done once by sixteen who find it due', async () => {
    h.clock.advance(90 * DAY);
    const before = (await events('key.rotated')).length;
    await Promise.all(Array.from({ length: 16 }, (_, n) => tendKeys(n % 2 ? other.ctx : ctx())));
    const made = (await events('key.rotated')).slice(before);
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject({ actor_kind: 'system', detail: { by: 'schedule', purpose: 'signing' } });
    h.clock.advance(2 * HOUR);
  });
});

describe('keys rotate', () => {
  it('announces one key, whoever asks how often', async () => {
    const before = await published();
    const answers = await Promise.all(Array.from({ length: 16 }, () => rotate()));
    expect(new Set(answers.map(({ keyId }) => keyId)).size).toBe(1);
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(+(answers[0]?.usedFrom ?? 0)).toBe(+h.clock.now() + HOUR);
    expect(await published()).toHaveLength(before.length + 1);
    expect(kidOf((await signIn()).accessToken)).not.toBe(answers[0]?.keyId);
    h.clock.advance(2 * HOUR);
  });

  it('signs at once with --now, and another node believes it at once though no notification reached it', async () => {
    await h.pool.query(`select pg_terminate_backend(pid) ${bells}`);
    const { keyId } = await rotate(true);
    const { accessToken } = await signIn();
    expect(kidOf(accessToken)).toBe(keyId);
    expect((await other.get('/v1/me', accessToken)).status).toBe(200);
  });
});

describe('keys revoke', () => {
  it('V9.1.3 takes a leaked key’s word from it at once, on every node, and another signs', async () => {
    const { accessToken, refreshToken } = await signIn();
    const leaked = kidOf(accessToken);
    expect([await me(accessToken), (await other.get('/v1/me', accessToken)).status]).toEqual([200, 200]);
    const { successorId } = await revokeSigningKey(ctx(), leaked, operator);
    expect(await me(accessToken)).toBe(401);
    await refusedByOther(accessToken, 3_000);
    for (const document of ['jwks', 'receipt-keys']) {
      const shown = await published(document);
      expect([shown.includes(leaked), shown.includes(successorId)]).toEqual([false, true]);
    }
    const refreshed = await h.post('/v1/auth/refresh', { refreshToken });
    expect([refreshed.status, kidOf(refreshed.body.accessToken)]).toEqual([200, successorId]);
    expect(await me(refreshed.body.accessToken)).toBe(200);
    expect((await events('key.revoked')).at(-1)?.detail).toEqual({ keyId: leaked, successorId });
    expect((await events('key.rotated')).at(-1)?.detail).toMatchObject({ keyId: successorId, by: 'revocation' });
  });

  it('makes one successor, though sixteen press, and reaches another node in a moment', async () => {
    await expect.poll(listening).toBe(2);
    const { accessToken } = await signIn();
    expect((await other.get('/v1/me', accessToken)).status).toBe(200);
    const leaked = kidOf(accessToken);
    const answers = await Promise.all(Array.from({ length: 16 }, () => revokeSigningKey(ctx(), leaked, operator)));
    expect(answers.filter(({ successorId }) => successorId !== undefined)).toHaveLength(1);
    await refusedByOther(accessToken, 250);
  });

  it('needs no successor for a key that only was announced: the one in use signs on, past its successor’s time', async () => {
    const current = ctx().keys.signing(h.clock.now()).id;
    const { keyId } = await rotate();
    expect(await revokeSigningKey(ctx(), keyId, operator)).toEqual({ successorId: undefined });
    expect(await published()).not.toContain(keyId);
    h.clock.advance(3 * DAY);
    expect(kidOf((await signIn()).accessToken)).toBe(current);
    expect(await published()).toContain(current);
  });

  it('says which key it does not know, or cannot revoke', async () => {
    await expect(revokeSigningKey(ctx(), 'sig-000000000000', operator)).rejects.toThrow(KeyError);
    const { rows } = await h.pool.query(`select id from keys where purpose = 'hashing'`);
    await expect(revokeSigningKey(ctx(), rows[0].id, operator)).rejects.toThrow('is no signing key');
  });
});

describe('the keys in the database', () => {
  it('are bound to their row: nobody who can write there can put one of theirs in its place', async () => {
    const mine = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    const { rows } = await h.pool.query(`select * from keys where retired_at is null and purpose = 'signing'`);
    const [victim, donor] = rows;
    const wrapped = victim.wrapped;
    for (const fake of [mine, donor.wrapped]) {
      await h.pool.query('update keys set wrapped = $2 where id = $1', [victim.id, fake]);
      await expect(openNode(h)).rejects.toThrow();
    }
    await h.pool.query('update keys set wrapped = $2 where id = $1', [victim.id, wrapped]);
    await (await openNode(h)).close(500);
  });

  it('leave every change of theirs in the chain of seals', async () => {
    expect(await verifySeals(ctx().db)).not.toHaveProperty('brokenAt');
  });
});
