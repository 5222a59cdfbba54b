import { openSha256 } from './sha256.ts';

/** Tries between two breaths: some milliseconds, so that nothing else in the process waits for long. */
const AT_ONCE = 5_000;

/**
 * Does the work that a sign-in from an unknown device is asked for while somebody guesses (`proof-required`, with it in
 * `problem.proof`): the SHA-256 of `challenge.nonce` begins with `difficulty` zero bits. Send the same call again with the
 * answer as `proof`, within two minutes and from the same address; it counts once. Throws RangeError for a difficulty that
 * is no whole number from 1 to 32, and what `signal` was aborted with.
 */
export async function solveProof(
  { challenge, difficulty }: { challenge: string; difficulty: number },
  { signal }: { signal?: AbortSignal } = {},
): Promise<{ challenge: string; nonce: string }> {
  if (!(Number.isInteger(difficulty) && difficulty >= 1 && difficulty <= 32)) throw new RangeError('difficulty');
  // Zeros up to the end of a block of 64 bytes: what comes before the counter is hashed once for all tries.
  const zeros = '0'.repeat((64 - ((challenge.length + 1) % 64)) % 64);
  const firstWord = openSha256(`${challenge}.${zeros}`);
  for (let counter = 0; ; counter += 1) {
    if (firstWord(String(counter)) >>> (32 - difficulty) === 0) return { challenge, nonce: zeros + counter };
    if (counter % AT_ONCE > 0) continue;
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve));
  }
}
