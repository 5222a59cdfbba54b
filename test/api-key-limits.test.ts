import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openHarness } from './support/harness.ts';
import { hostKey, newAccount, reason } from './support/seed.ts';

describe('limits.requestsPerKey', () => {
  it('V2.4.1 HT-R3 is told with every answer, and refuses past it with when to come again', async () => {
    const h = await openHarness({ policy: { 'limits.requestsPerKey': 5 } });
    try {
      const { accountId } = await newAccount(h);
      const token = await hostKey(h);
      const ask = () => h.get(`/v1/server/accounts/${accountId}`, token);
      const first = await ask();
      expect(first.headers.get('ratelimit-policy')).toBe('"api-key";q=5;w=60');
      expect(first.headers.get('ratelimit')).toMatch(/^"api-key";r=3;t=\d+$/);
      const answers = await Promise.all(Array.from({ length: 16 }, ask));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      const refused = await ask();
      expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      const frozen = await h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token });
      expect(frozen.status).toBe(201);
    } finally {
      await h.close();
    }
  });

  it('tells strangers nothing', async () => {
    const h = await openHarness();
    try {
      const answers = [
        await h.get(`/v1/server/accounts/${randomUUID()}`, 'hf_sk_nobody'),
        await h.post('/v1/auth/sign-in', { identifier: 'nobody@example.com', password: 'nothing that is right' }),
      ];
      for (const { headers } of answers) expect(headers.get('ratelimit')).toBeNull();
    } finally {
      await h.close();
    }
  });
});
