import { hash } from 'node:crypto';

/** Solves a proof of work as a caller does, from the contract alone. */
export function solve({ challenge, difficulty }: { challenge: string; difficulty: number }) {
  const whole = '0'.repeat(difficulty >> 2);
  for (let nonce = 0; ; nonce += 1) {
    const digest = hash('sha256', `${challenge}.${nonce}`, 'hex');
    if (digest.startsWith(whole) && Number.parseInt(digest.slice(0, 8), 16) >>> (32 - difficulty) === 0)
      return { challenge, nonce: String(nonce) };
  }
}
