import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newApiKey, newOwner, type Owner, openHarness } from './support/harness.ts';

let h: Harness;
let owners: Owner[];
let keys: string[];
beforeAll(async () => {
  h = await openHarness();
  owners = await Promise.all(Array.from({ length: 8 }, () => newOwner(h)));
  keys = await Promise.all(Array.from({ length: 3 }, () => newApiKey(h, ['sessions:read'])));
});
afterAll(() => h.close());

const introspect = (key: string, accessToken: string) =>
  h.post('/v1/server/sessions/introspect', { token: accessToken }, { token: key });

/** Another signature. */
function forged(token: string): string {
  const place = token.lastIndexOf('.') + 10;
  return `${token.slice(0, place)}${token[place] === 'A' ? 'B' : 'A'}${token.slice(place + 1)}`;
}

describe('lookups that share a query', () => {
  it('answer everybody with their own, of every kind, known or not', async () => {
    const asked = Array.from({ length: 240 }, async (_, turn) => {
      const owner = owners[turn % owners.length] as Owner;
      const key = keys[turn % keys.length] as string;
      if (turn % 5 === 0) return [(await h.get('/v1/me', owner.accessToken)).body.id, owner.accountId];
      if (turn % 5 === 1) return [(await introspect(`hf_sk_${turn}`, owner.accessToken)).status, 401];
      if (turn % 5 === 2) return [(await introspect(key, forged(owner.accessToken))).body.active, false];
      return [(await introspect(key, owner.accessToken)).body.sub, owner.accountId];
    });
    expect((await Promise.all(asked)).filter(([got, due]) => got !== due)).toEqual([]);
  });

  it('never answer from before they were asked: what ended is refused from then on', async () => {
    const [key = ''] = keys;
    for (const { accessToken } of owners) {
      let isOver = false;
      const busy = Array.from({ length: 4 }, async () => {
        while (!isOver) await introspect(key, owners[0]?.accessToken ?? '');
      });
      expect((await introspect(key, accessToken)).body.active).toBe(true);
      expect((await h.post('/v1/auth/sign-out', {}, { token: accessToken })).status).toBe(204);
      const after = await Promise.all(Array.from({ length: 16 }, () => introspect(key, accessToken)));
      isOver = true;
      await Promise.all(busy);
      expect(after.map(({ body }) => body)).toEqual(Array(16).fill({ active: false }));
    }
  });
});
