import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WrongSecretError } from '../src/crypto/wrapping.ts';
import { listKeys } from '../src/keys/list.ts';
import { rewrapKeys } from '../src/keys/rewrap.ts';
import { rotateKey } from '../src/keys/rotate.ts';
import { enrolTotp, type Harness, newOwner, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import { type Node, openNode } from './support/nodes.ts';

const operator = { kind: 'system' } as const;
const [next, stranger] = [randomBytes(32), randomBytes(32)];

let h: Harness;
/** Runs on the old secret and has not heard of another. */
let old: Node;
let both: Node;
beforeAll(async () => {
  h = await openHarness();
  old = await openNode(h);
});
afterAll(async () => {
  await both?.close(500);
  await h.close();
});

const previous = () => h.instance.ctx.config.secret as Buffer;
const openBoth = () => openNode(h, { secret: next, previousSecret: previous() });
const rewrap = (force = false) => rewrapKeys(both.ctx, { force }, operator);
const rotate = (node: Node) => rotateKey(node.ctx, 'signing', { atOnce: true }, operator);
const wrappedBy = async () => new Set((await listKeys(both.ctx)).map((key) => key.wrappedBy));

async function signIn(node: Node, email: string) {
  const { body } = await node.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD });
  return body.accessToken as string;
}

describe('V13.3.4 a new HOLDFAST_SECRET', () => {
  it('opens nothing alone before the keys are wrapped by it, and says what is missing', async () => {
    await expect(openNode(h, { secret: next })).rejects.toThrow(WrongSecretError);
    await expect(openNode(h, { secret: next })).rejects.toThrow('HOLDFAST_SECRET_PREVIOUS must be the old one');
    const wrong = openNode(h, { secret: next, previousSecret: stranger });
    await expect(wrong).rejects.toThrow('Neither HOLDFAST_SECRET nor HOLDFAST_SECRET_PREVIOUS');
  });

  it('beside the old one works with nodes on the old one alone, keys made meanwhile included', async () => {
    const owner = await newOwner(h);
    both = await openBoth();
    await rotate(both);
    const token = await signIn(both, owner.email);
    expect((await old.get('/v1/me', token)).status).toBe(200);
    h.clock.advance(1_000);
    const { keyId } = await rotate(old);
    await expect.poll(() => both.ctx.keys.signing(h.clock.now()).id).toBe(keyId);
    expect((await both.get('/v1/me', await signIn(old, owner.email))).status).toBe(200);
    expect(await wrappedBy()).toEqual(new Set(['HOLDFAST_SECRET_PREVIOUS']));
  });

  it('takes over no key while a node runs that could not start again', async () => {
    await expect(rewrap()).rejects.toThrow(/^2 of 3 running nodes and commands do not know this HOLDFAST_SECRET \(/);
    expect(await wrappedBy()).toEqual(new Set(['HOLDFAST_SECRET_PREVIOUS']));
    await old.close(500);
    await expect(rewrap()).rejects.toThrow(/^1 of 2 /);
  });

  it('takes over all or none', async () => {
    const { rows } = await h.pool.query('select id, wrapped from keys order by used_from desc, id desc limit 1');
    const [{ id, wrapped }] = rows;
    const before = (await h.pool.query('select id, wrapped, secret_id from keys where id <> $1 order by id', [id]))
      .rows;
    await h.pool.query('update keys set wrapped = $2 where id = $1', [id, randomBytes(80)]);
    await expect(rewrap(true)).rejects.toThrow();
    const after = (await h.pool.query('select id, wrapped, secret_id from keys where id <> $1 order by id', [id])).rows;
    expect(after).toEqual(before);
    await h.pool.query('update keys set wrapped = $2 where id = $1', [id, wrapped]);
  });

  it('takes over once, though sixteen ask while keys are made; what runs goes on', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const count = async () => Number((await h.pool.query('select count(*) from keys')).rows[0].count);
    const before = await count();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => (n % 4 === 3 ? rotate(both).then(() => 0) : rewrap(true))),
    );
    expect(answers.filter((wrapped) => wrapped > 0).length).toBeGreaterThan(0);
    expect(await wrappedBy()).toEqual(new Set(['HOLDFAST_SECRET']));
    expect(await count()).toBe(before + 4);
    expect(await rewrap(true)).toBe(0);
    const { rows } = await h.pool.query("select detail from events where type = 'keys.rewrapped'");
    expect(rows.map(({ detail }) => detail.secretId)).toContain(both.ctx.wrapping.secretId);

    // The node on the old secret has its keys open, and the database's public keys through `both`.
    const challenged = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    const code = totpCode(secret, h.clock.now());
    const { challenge } = challenged.body;
    const done = await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code });
    expect([done.status, (await h.get('/v1/me', done.body.accessToken)).status]).toEqual([200, 200]);
  });

  it('then opens everything alone, and the old one nothing', async () => {
    const owner = await newOwner(h);
    const alone = await openNode(h, { secret: next });
    const token = await signIn(alone, owner.email);
    expect((await alone.get('/v1/me', token)).status).toBe(200);
    expect((await both.get('/v1/me', token)).status).toBe(200);
    await alone.close(500);
    await expect(openNode(h)).rejects.toThrow(WrongSecretError);
    // Nor does a node that still runs on it make keys that nobody could open.
    await expect(rotateKey(h.instance.ctx, 'signing', { atOnce: true }, operator)).rejects.toThrow(WrongSecretError);
  });

  it('is in no row and no event, nor is its name more than a name', async () => {
    const { secretId } = both.ctx.wrapping;
    expect(secretId).toMatch(/^[0-9a-f]{8}$/);
    const { rows } = await h.pool.query('select row_to_json(k)::text as row from keys k');
    for (const form of ['hex', 'base64', 'base64url'] as const)
      for (const { row } of rows) expect(row).not.toContain(next.toString(form).replace(/=+$/, ''));
    expect(next.toString('hex')).not.toContain(secretId);
  });
});
