/** The fractional parts of the cube and square roots of the first primes (FIPS 180-4). */
const primes = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !hasDivisor(n));
const K = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const H = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/**
 * SHA-256 where one text is hashed millions of times with other ends: `prefix` in ASCII and whole blocks of 64 bytes, each
 * end in ASCII and at most 55 bytes. The first 32 bits of the hash. The web's own digest takes ten times as long for short
 * texts, and exists in secure contexts only.
 */
export function openSha256(prefix: string): (end: string) => number {
  if (prefix.length % 64 !== 0) throw new RangeError('prefix');
  const begun = H.slice();
  const words = new Uint32Array(64);
  for (let at = 0; at < prefix.length; at += 64) {
    fill(words, prefix.slice(at, at + 64));
    compress(begun, words);
  }
  const state = new Uint32Array(8);
  return (end) => {
    fill(words, `${end}\x80`);
    words[15] = (prefix.length + end.length) * 8;
    state.set(begun);
    compress(state, words);
    return state[0] as number;
  };
}

function fill(words: Uint32Array, text: string): void {
  words.fill(0, 0, 16);
  for (let at = 0; at < text.length; at += 1) {
    words[at >> 2] = (words[at >> 2] as number) | (text.charCodeAt(at) << (24 - 8 * (at & 3)));
  }
}

function compress(state: Uint32Array, w: Uint32Array): void {
  for (let t = 16; t < 64; t += 1) {
    const [x, y] = [w[t - 15] as number, w[t - 2] as number];
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[t] = (w[t - 16] as number) + s0 + (w[t - 7] as number) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] as number) + (w[t] as number)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  const ends = [a, b, c, d, e, f, g, h];
  for (let at = 0; at < 8; at += 1) state[at] = (state[at] as number) + (ends[at] as number);
}

const rotate = (x: number, by: number) => (x >>> by) | (x << (32 - by));

function hasDivisor(n: number): boolean {
  for (let by = 2; by * by <= n; by += 1) if (n % by === 0) return true;
  return false;
}

function fraction(x: number): number {
  return (x - Math.floor(x)) * 2 ** 32;
}
