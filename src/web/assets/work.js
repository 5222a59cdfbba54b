// @ts-check

const AT_ONCE = 512;

/**
 * Finds the nonce that a challenge asks for: the SHA-256 of `challenge.nonce` begins with `difficulty` zero bits. It takes
 * a second or so, and lets the page breathe in between.
 * @param {{ challenge: string, difficulty: number }} asked
 * @returns {Promise<{ challenge: string, nonce: string }>}
 */
export async function doWork({ challenge, difficulty }) {
  const encoder = new TextEncoder();
  for (let from = 0; ; from += AT_ONCE) {
    const nonces = Array.from({ length: AT_ONCE }, (_, index) => String(from + index));
    const digests = await Promise.all(
      nonces.map((nonce) => crypto.subtle.digest('SHA-256', encoder.encode(`${challenge}.${nonce}`))),
    );
    const found = digests.findIndex((digest) => new DataView(digest).getUint32(0) >>> (32 - difficulty) === 0);
    if (found >= 0) return { challenge, nonce: /** @type {string} */ (nonces[found]) };
  }
}
