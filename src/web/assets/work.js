// @ts-check
import { openSha256 } from './sha256.js';

/** Tries between two breaths of the page: some milliseconds. */
const AT_ONCE = 5_000;

/**
 * Finds the nonce that a challenge asks for: the SHA-256 of `challenge.nonce` begins with `difficulty` zero bits. It takes
 * a second or so.
 * @param {{ challenge: string, difficulty: number }} asked
 * @returns {Promise<{ challenge: string, nonce: string }>}
 */
export async function doWork({ challenge, difficulty }) {
  // Zeros up to the end of a block of 64 bytes: what comes before the counter is hashed once for all tries.
  const zeros = '0'.repeat((64 - ((challenge.length + 1) % 64)) % 64);
  const firstWord = openSha256(`${challenge}.${zeros}`);
  for (let counter = 0; ; counter += 1) {
    if (firstWord(String(counter)) >>> (32 - difficulty) === 0) return { challenge, nonce: zeros + counter };
    if (counter % AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
  }
}
