import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { EncryptJWT, exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';

/** What a forger has to work with: even our own key, for all that is not about the signature. */
export type Scene = {
  signing: { id: string; privateKey: KeyObject };
  /** In seconds. */
  now: number;
  /** The id of a key of ours that is not for signing. */
  encryptionKeyId: string;
  /** An address on the stranger's web server, where their keys lie. */
  lureAt(path: string): string;
};
export type Kind = 'owner' | 'agent' | 'case';
export const kinds: readonly Kind[] = ['owner', 'agent', 'case'];

let scene: () => Scene;
export function setScene(given: () => Scene): void {
  scene = given;
}

export const ISSUER = 'http://localhost:3000';
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const decode = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
const signing = () => scene().signing;
const now = () => scene().now;

type Change = { header?: object; claims?: object };
const clean = (object: object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** A token of ours with a few things changed, properly signed; `undefined` leaves a member out. */
export async function forge(
  base: string,
  change: Change = {},
  key: KeyObject | Uint8Array = signing().privateKey,
): Promise<string> {
  const protectedHeader = clean({ ...decode(base, 0), ...change.header }) as JWTHeaderParameters;
  return await new SignJWT(clean({ ...decode(base, 1), ...change.claims }))
    .setProtectedHeader(protectedHeader)
    .sign(key);
}

/** As `forge`, for what no library would sign: any text as header and payload, signed with our very key or another. */
export function forgeRaw(header: string, payload: string, key = signing().privateKey): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

const publicKey = () => createPublicKey(signing().privateKey);
const publicPem = () => publicKey().export({ type: 'spki', format: 'pem' }) as string;
const publicDer = () => publicKey().export({ type: 'spki', format: 'der' });
const publicRaw = () => publicDer().subarray(-32);
const publicJwk = () => JSON.stringify(publicKey().export({ format: 'jwk' }));
const someId = '0190b0a0-0000-7000-8000-000000000000';
export const stranger = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const lureAt = (path: string) => scene().lureAt(path);

function hmac(base: string, alg: string, secret: string | Buffer): string {
  const input = `${part({ ...decode(base, 0), alg })}.${base.split('.')[1]}`;
  return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`;
}
const withHeader = (base: string, header: object) =>
  `${part({ ...decode(base, 0), ...header })}.${base.split('.').slice(1).join('.')}`;
const unsigned = (base: string, alg: unknown) => `${part({ ...decode(base, 0), alg })}.${base.split('.')[1]}.`;
const swapEnd = (base: string, end: string) => `${base.split('.').slice(0, 2).join('.')}.${end}`;
const headerOf = (base: string) => JSON.stringify(decode(base, 0));
const claimsOf = (base: string) => JSON.stringify(decode(base, 1));
/** Another text for the same bytes: the last character's spare bits are set. */
const respelled = (base: string) => base.slice(0, -1) + String.fromCharCode(base.charCodeAt(base.length - 1) + 1);
const others: Record<Kind, { typ: string; aud: string }> = {
  owner: { typ: 'case+jwt', aud: '/v1/agent' },
  agent: { typ: 'case+jwt', aud: '/v1/me' },
  case: { typ: 'at+jwt', aud: '/v1/me' },
};

type Make = (base: string, kind: Kind) => string | Promise<string>;
const claim = (name: string, value: (kind: Kind) => unknown): Make => {
  return (base, kind) => forge(base, { claims: { [name]: value(kind) } });
};
export const header = (change: object): Make => {
  return (base) => forgeRaw(JSON.stringify(clean({ ...decode(base, 0), ...change })), claimsOf(base));
};
const luring = (change: () => object | Promise<object>): Make => {
  return async (base) =>
    forgeRaw(JSON.stringify({ ...decode(base, 0), ...(await change()) }), claimsOf(base), stranger.privateKey);
};
const strangersJwk = () => exportJWK(stranger.publicKey);

// Rows by the practices of RFC 8725 section 3; what is not about the signature is signed with our own key.
export const forgeries: [string, Make, Kind[]?][] = [
  ...['none', 'None', 'NONE', 'nOnE', '', ' none', null, ['none'], ['EdDSA'], 0].map((alg): [string, Make] => [
    `3.1 alg ${JSON.stringify(alg)}`,
    (base) => unsigned(base, alg),
  ]),
  ['3.1 alg none with the signature left on', (base) => withHeader(base, { alg: 'none' })],
  ['3.1 no alg', header({ alg: undefined })],
  ['3.1 alg eddsa', header({ alg: 'eddsa' })],
  ['3.1 the key’s own alg by another name', header({ alg: 'Ed25519' })],
  ...['HS256', 'HS384', 'HS512'].flatMap((alg): [string, Make][] => [
    [`3.1 ${alg} with the public key as its secret (PEM)`, (base) => hmac(base, alg, publicPem())],
    [`3.1 ${alg} with the public key as its secret (DER)`, (base) => hmac(base, alg, publicDer())],
    [`3.1 ${alg} with the public key as its secret (raw)`, (base) => hmac(base, alg, publicRaw())],
    [`3.1 ${alg} with the public key as its secret (JWK)`, (base) => hmac(base, alg, publicJwk())],
    [`3.1 ${alg} with an empty secret`, (base) => hmac(base, alg, '')],
  ]),
  ['3.1 RS256', (base) => forge(base, { header: { alg: 'RS256' } }, rsa.privateKey)],
  ['3.1 PS256', (base) => forge(base, { header: { alg: 'PS256' } }, rsa.privateKey)],
  ['3.1 ES256', (base) => forge(base, { header: { alg: 'ES256' } }, ec.privateKey)],
  ['3.3 a stranger’s key under our kid', (base) => forge(base, {}, stranger.privateKey)],
  ['3.3 a truncated signature', (base) => base.slice(0, -8)],
  ['3.3 an empty signature', (base) => swapEnd(base, '')],
  ['3.3 a zero signature', (base) => swapEnd(base, Buffer.alloc(64).toString('base64url'))],
  ['3.3 one claim changed', (base) => base.replace(/\..*\./, `.${part({ ...decode(base, 1), acr: 'aal3' })}.`)],
  ['3.3 one header changed', (base) => withHeader(base, { x: 1 })],
  ['3.3 a signature written another way', respelled],
  ['3.3 a padded signature', (base) => `${base}==`],
  ['3.3 a signature in the other alphabet', (base) => swapEnd(base, `+/${base.split('.')[2]?.slice(2)}`)],
  ...['.', 'A', 'AAAA', '.e30', ' x', '%00', '~'].map((end): [string, Make] => [
    `3.3 ${JSON.stringify(end)} at the end`,
    (base) => base + end,
  ]),
  ['3.7 a payload in UTF-16', (base) => forgeRaw(headerOf(base), Buffer.from(claimsOf(base), 'utf16le').toString())],
  ['3.8 another issuer', claim('iss', () => 'https://evil.example')],
  ['3.8 the issuer with a slash', claim('iss', () => `${ISSUER}/`)],
  ['3.8 the issuer in a list', claim('iss', () => [ISSUER])],
  ['3.8 no issuer', claim('iss', () => undefined)],
  ['3.8 another subject than the session’s', claim('sub', () => someId), ['owner', 'agent']],
  ['3.8 a subject nobody is', claim('sub', () => someId), ['case']],
  ['3.8 a subject that is no id', claim('sub', () => `' or 1=1 --`)],
  ['3.8 a subject that is no text', claim('sub', () => 5)],
  ['3.8 no subject', claim('sub', () => undefined)],
  ['3.9 another kind’s audience', claim('aud', (kind) => ISSUER + others[kind].aud)],
  ['3.9 the bare issuer as audience', claim('aud', () => ISSUER)],
  ['3.9 an empty list of audiences', claim('aud', () => [])],
  ['3.9 a pattern as audience', claim('aud', () => `${ISSUER}/*`)],
  ['3.9 no audience', claim('aud', () => undefined)],
  ...[
    ...['../../../../dev/null', '/dev/null', 'file:///dev/null', '..\\..\\nul', `' or 1=1 --`, `x' union select 'a`],
    ...['__proto__', 'constructor', 'sig-\u0000', 'sig-000000000000', 'SIG-000000000000', '', ' ', 'x'.repeat(2_000)],
    ...[undefined, null, 0, 7, true, [], {}, ['sig-000000000000'], { id: 'x' }],
  ].map((kid): [string, Make] => [`3.10 kid ${JSON.stringify(kid)?.slice(0, 40)}`, header({ kid })]),
  ['3.10 our kid in a list', (base) => header({ kid: [signing().id] })(base, 'owner')],
  ['3.10 our kid with a space', (base) => header({ kid: `${signing().id} ` })(base, 'owner')],
  ['3.10 the kid of a key that encrypts', (base) => header({ kid: scene().encryptionKeyId })(base, 'owner')],
  ['3.10 its own key in jwk', luring(async () => ({ jwk: await strangersJwk() }))],
  ['3.10 its own key in jwk and no kid', luring(async () => ({ kid: undefined, jwk: await strangersJwk() }))],
  ...['jku', 'x5u', 'iss', 'kid'].flatMap((name): [string, Make][] => [
    [`3.10 ${name} of a stranger under our kid`, luring(() => ({ kid: signing().id, [name]: lureAt(`/${name}`) }))],
    [`3.10 ${name} of a stranger under theirs`, luring(() => ({ kid: 'x', [name]: lureAt(`/${name}`) }))],
  ]),
  [
    '3.10 a certificate of a stranger',
    luring(() => ({ x5c: [stranger.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] })),
  ],
  ['3.11 another kind’s typ', (base, kind) => forge(base, { header: { typ: others[kind].typ } })],
  ...['secevent+jwt', 'receipt+jwt', 'JWT', 'jwt', '', undefined, null, 1, ['at+jwt', 'case+jwt']].map(
    (typ): [string, Make] => [`3.11 typ ${JSON.stringify(typ)}`, header({ typ })],
  ),
  ['exp past', claim('exp', () => now() - 1)],
  ['exp now', claim('exp', () => now())],
  ['exp missing', claim('exp', () => undefined)],
  ...['never', '9999999999', null, [9_999_999_999], true].map((exp): [string, Make] => [
    `exp ${JSON.stringify(exp)}`,
    claim('exp', () => exp),
  ]),
  ['nbf ahead', claim('nbf', () => now() + 10)],
  ['nbf a text', claim('nbf', () => '0')],
  ['iat ahead', (base) => forge(base, { claims: { iat: now() + 61, exp: now() + 240 } })],
  ['iat a text', claim('iat', () => String(now()))],
  ['iat missing', claim('iat', () => undefined)],
  ['no session', claim('sid', () => undefined), ['owner', 'agent']],
  ['a session nobody has', claim('sid', () => someId), ['owner', 'agent']],
  ['a session that is no id', claim('sid', () => `' or 1=1 --`), ['owner', 'agent']],
  ['a session in a list', claim('sid', () => [someId]), ['owner', 'agent']],
  ['audience twice, the wrong one last', (base, kind) => twice(base, 'aud', ISSUER + others[kind].aud)],
  ['exp twice, past the last', (base) => twice(base, 'exp', 1)],
  ['alg twice, none the last', (base) => forgeRaw(headerOf(base).replace('}', ',"alg":"none"}'), claimsOf(base))],
  ['a crit nobody knows', header({ crit: ['x'], x: 1 })],
  ['a crit nobody knows, unsigned', (base) => withHeader(base, { crit: ['x'], x: 1 })],
  ['an empty crit', header({ crit: [] })],
  ['a crit that is absent', header({ crit: ['exp'] })],
  ['RFC 7797 b64 false', header({ crit: ['b64'], b64: false })],
  ['RFC 7797 a payload that is not encoded', (base) => unencoded(base)],
  ['five parts', () => `${part({ alg: 'dir', enc: 'A256GCM' })}..aaaa.bbbb.cccc`],
  ['a JWE to the public key', (base) => encrypted(base)],
  ['two parts', (base) => base.split('.').slice(0, 2).join('.')],
  ['four parts', (base) => `${base}.${base.split('.')[2]}`],
  ['a JWS in JSON', (base) => inJson(base)],
  ['three thousand bytes of padding', claim('pad', () => 'x'.repeat(3_500))],
  ['nine kilobytes', claim('pad', () => 'x'.repeat(9_000))],
  ...['null', '[]', '"x"', '1', '{', ''].map((payload): [string, Make] => [
    `the payload ${payload}`,
    (base) => forgeRaw(headerOf(base), payload),
  ]),
  ...['null', '[]', '"x"', '{', ''].map((head): [string, Make] => [
    `the header ${head}`,
    (base) => forgeRaw(head, claimsOf(base)),
  ]),
  ['no JSON', () => 'aaaa.bbbb.cccc'],
];

function twice(base: string, name: string, value: unknown): string {
  return forgeRaw(headerOf(base), claimsOf(base).replace(/}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`));
}

function unencoded(base: string): string {
  const input = `${part({ ...decode(base, 0), b64: false, crit: ['b64'] })}.${claimsOf(base).replaceAll('.', '')}`;
  return `${input}.${sign(null, Buffer.from(input), signing().privateKey).toString('base64url')}`;
}

async function encrypted(base: string): Promise<string> {
  const { kid, typ } = decode(base, 0);
  const jwe = new EncryptJWT(decode(base, 1)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ, cty: 'JWT' });
  return await jwe.encrypt(publicRaw());
}

function inJson(base: string): string {
  const [head, payload, signature] = base.split('.');
  return JSON.stringify({ payload, protected: head, signature });
}
