import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier, type Verifier } from 'holdfast/client';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { Row } from './table.ts';

const AT_ONCE = 16;
const TOKENS = 2_000;
const MINUTE_S = 60;

type Check = (token: string) => Promise<unknown>;

/** A source of keys and an endless quiet stream: what a verifier needs, and as little as possible beside it. */
async function openSource(jwk: object) {
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/jwks.json')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: ready\ndata: {"heartbeatMs":1000,"windowMs":360000}\nid: 0\n\n');
    const beat = setInterval(() => response.write(':\nid: 0\n\n'), 1_000);
    response.on('close', () => clearInterval(beat));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** How many a second, each token in its turn, so many at once. */
async function rateOf(check: Check, tokens: readonly string[], ms: number): Promise<number> {
  const began = performance.now();
  let count = 0;
  const lane = async (start: number) => {
    for (let at = start; performance.now() - began < ms; at += AT_ONCE) {
      await check(tokens[at % tokens.length] as string);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, start) => lane(start)));
  return count / ((performance.now() - began) / 1000);
}

/** The verifier against `jwtVerify` alone with the same keys and rules, in turns; then with signatures it remembers. */
export async function compareVerifiers(isQuick: boolean): Promise<Row[]> {
  const [rounds, ms] = isQuick ? [10, 150] : [60, 250];
  const { publicKey, privateKey } = await generateKeyPair('EdDSA');
  const { server, baseUrl } = await openSource({ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA', use: 'sig' });
  const now = Math.floor(Date.now() / 1000);
  const rules = { issuer: baseUrl, audience: `${baseUrl}/v1/me`, typ: 'at+jwt', algorithms: ['EdDSA'] };
  const sign = () =>
    new SignJWT({ sid: crypto.randomUUID(), jti: crypto.randomUUID(), auth_time: now, acr: 'aal1', amr: ['pwd'] })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k' })
      .setIssuer(rules.issuer)
      .setAudience(rules.audience)
      .setSubject(crypto.randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + 30 * MINUTE_S)
      .sign(privateKey);
  const tokens = await Promise.all(Array.from({ length: TOKENS }, sign));
  const keys = createRemoteJWKSet(new URL(`${baseUrl}/.well-known/jwks.json`));
  const raw: Check = (token) => jwtVerify(token, keys, rules);
  const options = { baseUrl, apiKey: 'none', whenStale: 'refuse', reportActivityMs: 3_600_000 } as const;
  const fresh = createVerifier({ ...options, cacheSize: 0 });
  const remembering = createVerifier(options);
  await Promise.all([fresh.ready(), remembering.ready()]);
  const checks = { raw, fresh: checkOf(fresh), remembering: checkOf(remembering) };
  const rates: Record<keyof typeof checks, number[]> = { raw: [], fresh: [], remembering: [] };
  for (let round = -1; round < rounds; round++) {
    for (const name of ['raw', 'fresh', 'remembering'] as const) {
      const rate = await rateOf(checks[name], tokens, ms);
      if (round >= 0) rates[name].push(rate);
    }
  }
  server.closeAllConnections();
  server.close();
  await Promise.all([fresh, remembering].map((verifier) => verifier.close().catch(() => undefined)));
  return [
    rowOf('verifier / jose alone', rates.fresh, rates.raw, 0.9),
    rowOf('verifier, token seen before / jose alone', rates.remembering, rates.raw, 0.9),
  ];
}

const checkOf =
  (verifier: Verifier): Check =>
  (token) =>
    verifier.verify(token);
const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

function rowOf(what: string, ours: number[], against: number[], least: number): Row {
  const ratio = median(ours.map((rate, round) => rate / (against[round] ?? Number.NaN)));
  return {
    what,
    ours: `${Math.round(median(ours))}/s`,
    against: `${Math.round(median(against))}/s`,
    ratio: ratio.toFixed(2),
    bar: `≥ ${least}`,
    passes: ratio >= least,
  };
}
