import { type KeyObject, sign } from 'node:crypto';
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { MINUTE } from '../time.ts';
import { isKeyId, type KeyRing } from './keys.ts';

/** The kinds of token this service signs. Their `typ` and `aud` keep each from opening another's door (RFC 8725 3.11, 3.12). */
const tokenKinds = {
  owner: { typ: 'at+jwt', audience: '/v1/me' },
  agent: { typ: 'at+jwt', audience: '/v1/agent' },
  case: { typ: 'case+jwt', audience: '/v1/me/cases' },
} as const;
type TokenKind = keyof typeof tokenKinds;

const RECEIPT = 'receipt+jwt';
const MAX_LENGTH = 4_096;
/** A compact JWS by Ed25519 in the one way to write it: the last character's spare bits are zero (RFC 4648 3.5). */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;
const REMEMBERED = 10_000;

type Checked = { kid: string; claims: JWTPayload };
type Seen = Checked & { kind: TokenKind; token: string };

export type Signer = {
  /** A compact JWS, EdDSA over Ed25519 (RFC 8037), valid from `now` for `ttl` milliseconds. */
  sign(kind: TokenKind, subject: string, claims: JWTPayload, ttl: number, now: Date): string;
  /** Its claims, or undefined for a token that is forged, expired, of another kind or not ours (RFC 8725). */
  verify(kind: TokenKind, token: string, now: Date): JWTPayload | undefined | Promise<JWTPayload | undefined>;
  /** A signed statement without expiry, verifiable with the JWKS. */
  signReceipt(claims: JWTPayload, now: Date): string;
  /** The claims of a receipt of ours, also by a key that has retired; undefined for anything else. */
  verifyReceipt(receipt: string): Promise<JWTPayload | undefined>;
};

export function openSigner(keys: KeyRing, issuer: string): Signer {
  const seen = new Map<string, Seen>();

  return {
    sign(kind, subject, claims, ttl, now) {
      const issued = Math.floor(now.getTime() / 1000);
      const { typ, audience } = tokenKinds[kind];
      const exp = issued + Math.floor(ttl / 1000);
      return signJws(typ, { ...claims, iss: issuer, sub: subject, aud: issuer + audience, iat: issued, exp }, now);
    },

    verify(kind, token, now) {
      // A signature checked once is as good the next time; key, expiry, session and account are asked every time.
      const signature = token.slice(token.lastIndexOf('.') + 1);
      const known = seen.get(signature);
      if (known?.token === token && known.kind === kind)
        return isCurrent(known.claims, now) && keys.verifying(known.kid, now) ? known.claims : undefined;
      if (token.length > MAX_LENGTH || !COMPACT.test(token)) return undefined;
      return verifyAnew(kind, token, signature, now);
    },

    signReceipt: (claims, now) =>
      signJws(RECEIPT, { ...claims, iss: issuer, iat: Math.floor(now.getTime() / 1000) }, now),

    verifyReceipt: checkReceipt,
  };

  async function verifyAnew(kind: TokenKind, token: string, signature: string, now: Date) {
    const checked = await checkSignature(kind, token, now);
    if (!checked) return undefined;
    if (seen.size >= REMEMBERED) seen.delete(seen.keys().next().value as string);
    seen.set(signature, { kind, token, ...checked });
    return checked.claims;
  }

  async function checkReceipt(receipt: string): Promise<JWTPayload | undefined> {
    if (receipt.length > MAX_LENGTH || !COMPACT.test(receipt)) return undefined;
    try {
      const known = createLocalJWKSet({ keys: keys.receiptKeys() });
      const { payload } = await jwtVerify(receipt, known, { algorithms: ['EdDSA'], issuer, typ: RECEIPT });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** RFC 7515 3.1. Here and not in the thread pool: with hashes in it the hop costs more than the signature. */
  function signJws(typ: string, payload: JWTPayload, now: Date): string {
    const key = keys.signing(now);
    const header = { alg: 'EdDSA', typ, kid: key.id };
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`;
  }

  async function checkSignature(kind: TokenKind, token: string, now: Date): Promise<Checked | undefined> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, ({ kid }) => keyOf(kid, now), {
        algorithms: ['EdDSA'],
        issuer,
        audience: issuer + tokenKinds[kind].audience,
        typ: tokenKinds[kind].typ,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: now,
      });
      return isFromFuture(payload, now) || !namesIds(payload)
        ? undefined
        : { kid: protectedHeader.kid as string, claims: payload };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** By its name from our own database, whatever else the header says (RFC 8725 3.10). Another node may have made it just now. */
  async function keyOf(kid: unknown, now: Date): Promise<KeyObject> {
    if (typeof kid !== 'string' || !isKeyId(kid)) throw new errors.JWKSNoMatchingKey();
    if (!keys.verifying(kid, now)) await keys.lookAgain();
    const key = keys.verifying(kid, now);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whom and which session a token names is looked up: it must be something that can be. */
function namesIds({ sub, sid = sub }: JWTPayload): boolean {
  return [sub, sid].every((id) => typeof id === 'string' && UUID.test(id));
}

/** Nodes whose clocks differ a little must believe each other's tokens; one from further ahead is not ours. */
function isFromFuture(claims: JWTPayload, now: Date): boolean {
  return (claims.iat as number) * 1000 > now.getTime() + MINUTE;
}

function isCurrent(claims: JWTPayload, now: Date): boolean {
  return (claims.exp as number) > Math.floor(now.getTime() / 1000);
}
