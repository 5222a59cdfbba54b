/** Reads `number token` lines; says when each is good, and when it is first refused. */
import { createInterface } from 'node:readline';
import { setTimeout as pass } from 'node:timers/promises';
import { createVerifier, VerificationError } from 'holdfast/client';

const { BASE_URL: baseUrl = '', API_KEY: apiKey = '' } = process.env;
// Its PUBLIC_URL, where none was given.
const issuer = baseUrl.replace('127.0.0.1', 'localhost');
const verifier = createVerifier({
  baseUrl,
  issuer,
  apiKey,
  whenStale: 'refuse',
  reportActivityMs: false,
});
await verifier.ready();
console.log('ready');

async function watch(number: string, token: string): Promise<void> {
  await verifier.verify(token);
  console.log(`good ${number}`);
  for (;;) {
    try {
      await verifier.verify(token);
    } catch (error) {
      const isRevoked = error instanceof VerificationError && error.code === 'revoked-token';
      if (isRevoked) return console.log(`refused ${number} ${performance.timeOrigin + performance.now()}`);
      throw error;
    }
    await pass(1);
  }
}

const watching: Promise<void>[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [number = '', token = ''] = line.split(' ');
  watching.push(watch(number, token));
}
await Promise.all(watching);
await verifier.close();
