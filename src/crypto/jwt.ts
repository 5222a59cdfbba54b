import { createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { MINUTE } from '../time.ts';
import type { KeyRing } from './keys.ts';

/** The kinds of token this service signs. Their `typ` and `aud` keep each from opening another's door (RFC 8725 3.11, 3.12). */
const tokenKinds = {
  owner: { typ: 'at+jwt', audience: '/v1/me' },
  agent: { typ: 'at+jwt', audience: '/v1/agent' },
  case: { typ: 'case+jwt', audience: '/v1/me/cases' },
} as const;
type TokenKind = keyof typeof tokenKinds;

const MAX_LENGTH = 4_096;
const REMEMBERED = 10_000;

export type Signer = {
  /** A compact JWS, EdDSA over Ed25519 (RFC 8037), valid from `now` for `ttl` milliseconds. */
  sign(kind: TokenKind, subject: string, claims: JWTPayload, ttl: number, now: Date): string;
  /** Its claims, or undefined for a token that is forged, expired, of another kind or not ours (RFC 8725). */
  verify(kind: TokenKind, token: string, now: Date): Promise<JWTPayload | undefined>;
  /** A signed statement without expiry, verifiable with the JWKS. */
  signReceipt(claims: JWTPayload, now: Date): string;
};

export function openSigner(keys: KeyRing, issuer: string): Signer {
  const publicKeys = new Map(
    [...keys.publicKeys].map(([id, jwk]) => [id, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })]),
  );
  const seen = new Map<string, { kind: TokenKind; token: string; claims: JWTPayload }>();

  return {
    sign(kind, subject, claims, ttl, now) {
      const issued = Math.floor(now.getTime() / 1000);
      const { typ, audience } = tokenKinds[kind];
      return signJws(typ, {
        ...claims,
        iss: issuer,
        sub: subject,
        aud: issuer + audience,
        iat: issued,
        exp: issued + Math.floor(ttl / 1000),
      });
    },

    async verify(kind, token, now) {
      if (token.length > MAX_LENGTH) return undefined;
      // A signature checked once is as good the next time; expiry, session and account are asked every time.
      const signature = token.slice(token.lastIndexOf('.') + 1);
      const known = seen.get(signature);
      if (known?.token === token && known.kind === kind) return isCurrent(known.claims, now) ? known.claims : undefined;
      const claims = await checkSignature(kind, token, now);
      if (!claims) return undefined;
      if (seen.size >= REMEMBERED) seen.delete(seen.keys().next().value as string);
      seen.set(signature, { kind, token, claims });
      return claims;
    },

    signReceipt: (claims, now) =>
      signJws('receipt+jwt', { ...claims, iss: issuer, iat: Math.floor(now.getTime() / 1000) }),
  };

  /** RFC 7515 3.1. Here and not in the thread pool: with hashes in it the hop costs more than the signature. */
  function signJws(typ: string, payload: JWTPayload): string {
    const header = { alg: 'EdDSA', typ, kid: keys.signing.id };
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), keys.signing.privateKey).toString('base64url')}`;
  }

  async function checkSignature(kind: TokenKind, token: string, now: Date): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => keyOf(kid), {
        algorithms: ['EdDSA'],
        issuer,
        audience: issuer + tokenKinds[kind].audience,
        typ: tokenKinds[kind].typ,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: now,
      });
      return isFromFuture(payload, now) ? undefined : payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  function keyOf(kid: string | undefined): KeyObject {
    const key = publicKeys.get(kid ?? '');
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Nodes whose clocks differ a little must believe each other's tokens; one from further ahead is not ours. */
function isFromFuture(claims: JWTPayload, now: Date): boolean {
  return (claims.iat as number) * 1000 > now.getTime() + MINUTE;
}

function isCurrent(claims: JWTPayload, now: Date): boolean {
  return (claims.exp as number) > Math.floor(now.getTime() / 1000);
}
