import { hash } from 'node:crypto';

/** Work that a browser does within a second or so, and a guesser for every guess. */
export type Work = { challenge: string; nonce: string };

/** Whether the SHA-256 of `challenge.nonce` begins with `difficulty` zero bits: 2^difficulty tries on average. */
export function isWorkDone({ challenge, nonce }: Work, difficulty: number): boolean {
  const digest = hash('sha256', `${challenge}.${nonce}`, 'buffer');
  return leadingZeros(digest) >= difficulty;
}

function leadingZeros(bytes: Buffer): number {
  const whole = bytes.findIndex((byte) => byte !== 0);
  return whole < 0 ? bytes.length * 8 : whole * 8 + Math.clz32(bytes[whole] as number) - 24;
}

type Terms = { difficulty: number; expiresAt: Date };
const LENGTH = 1 + 6 + 16;
const MAC = 16;

/** What the challenge says of itself, and the part that is signed. */
export function writeTerms({ difficulty, expiresAt }: Terms, random: Buffer): Buffer {
  const terms = Buffer.alloc(LENGTH);
  terms.writeUInt8(difficulty, 0);
  terms.writeUIntBE(Math.floor(expiresAt.getTime() / 1000), 1, 6);
  random.copy(terms, 7, 0, 16);
  return terms;
}

export function readTerms(challenge: string): { terms: Terms; signed: Buffer; mac: Buffer } | undefined {
  const bytes = Buffer.from(/^hf_pw_([\w-]{52})$/.exec(challenge)?.[1] ?? '', 'base64url');
  if (bytes.length !== LENGTH + MAC) return undefined;
  const terms = { difficulty: bytes.readUInt8(0), expiresAt: new Date(bytes.readUIntBE(1, 6) * 1000) };
  return { terms, signed: bytes.subarray(0, LENGTH), mac: bytes.subarray(LENGTH) };
}

export function writeChallenge(signed: Buffer, mac: Buffer): string {
  return `hf_pw_${Buffer.concat([signed, mac.subarray(0, MAC)]).toString('base64url')}`;
}
