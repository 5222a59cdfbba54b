import { hash } from 'node:crypto';

/** Solves a proof of work as a caller does, from the contract alone. */
export function solve({ challenge, difficulty }: { challenge: string; difficulty: number }) {
  for (let nonce = 0; ; nonce += 1) {
    const digest = hash('sha256', `${challenge}.${nonce}`, 'buffer');
    if (digest.readUInt32BE(0) >>> (32 - difficulty) === 0) return { challenge, nonce: String(nonce) };
  }
}
