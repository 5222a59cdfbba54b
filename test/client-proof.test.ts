import { hash } from 'node:crypto';
import { createClient, HoldfastError, solveProof } from 'holdfast/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { someEmail } from './support/harness.ts';
import { openServed, type Served } from './support/served.ts';

let h: Served;
beforeAll(async () => {
  h = await openServed({ policy: { 'stuffing.mode': 'live' } });
});
afterAll(() => h.close());

const bitsOf = ({ challenge, nonce }: { challenge: string; nonce: string }) =>
  Math.clz32(hash('sha256', `${challenge}.${nonce}`, 'buffer').readUInt32BE());

describe('solveProof', () => {
  it('does the work that a sign-in was asked for, and the same call is let through', async () => {
    const holdfast = createClient({ baseUrl: h.origin });
    const guess = () => ({ identifier: someEmail(), password: 'a password of nobody' });
    for (let n = 0; n < 4; n += 1) await expect(holdfast.signIn(guess())).rejects.toThrow('invalid-credentials');
    const input = guess();
    const refused = (await holdfast.signIn(input).catch((error) => error)) as HoldfastError;
    expect(refused).toBeInstanceOf(HoldfastError);
    expect(refused.code).toBe('proof-required');
    const proof = await solveProof(refused.problem['proof'] as { challenge: string; difficulty: number });
    await expect(holdfast.signIn({ ...input, proof })).rejects.toThrow('invalid-credentials');
    await expect(holdfast.signIn({ ...input, proof })).rejects.toThrow('proof-required');
  });

  it.each([1, 2, 5, 57, 58, 63, 64, 65, 100])(
    'agrees with SHA-256 for a challenge of %i characters',
    async (length) => {
      for (const difficulty of [1, 9]) {
        const solved = await solveProof({ challenge: 'c'.repeat(length), difficulty });
        expect(bitsOf(solved)).toBeGreaterThanOrEqual(difficulty);
      }
    },
  );

  it('stops when told to, and refuses a difficulty that is none', async () => {
    const { signal } = new AbortController();
    const stopped = AbortSignal.abort(new Error('enough'));
    const never = { challenge: 'hf_pw_', difficulty: 32 };
    await expect(solveProof(never, { signal: stopped })).rejects.toThrow('enough');
    await expect(solveProof(never, { signal: AbortSignal.timeout(30) })).rejects.toThrow('timeout');
    for (const difficulty of [0, 33, 1.5, Number.NaN])
      await expect(solveProof({ challenge: 'x', difficulty }, { signal })).rejects.toThrow(RangeError);
  });
});
