import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { VerificationError } from './errors.ts';

/** An access token's claims (RFC 9068). Times are seconds. */
export type Claims = {
  iss: string;
  /** The account's id. */
  sub: string;
  /** The session's id. */
  sid: string;
  jti: string;
  iat: number;
  exp: number;
  /** When its holder last proved who they are; refreshing leaves it. */
  auth_time: number;
  acr: 'aal1' | 'aal2';
  amr: string[];
};

export type TokenOptions = {
  jwksUrl: URL;
  issuer: string;
  audience: string;
  clockToleranceSec: number;
  cacheSize: number;
  fetch?: typeof fetch | undefined;
  now: () => number;
};

const AHEAD_SEC = 60;
const MOST_LENGTH = 4_096;
/** Compact, and an Ed25519 signature written the one way it can be. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;
const ID = /^[0-9a-f-]{36}$/;
const REQUIRED = ['sub', 'sid', 'jti', 'iat', 'exp', 'auth_time', 'acr'];
/** What jose throws for a token that is none of ours; all else means that the keys could not be had. */
const FAULTS = /^ERR_(JW[ST]_|JOSE_(ALG_NOT_ALLOWED|NOT_SUPPORTED)|JWKS_(NO_MATCHING_KEY|MULTIPLE_MATCHING_KEYS))/;

export type TokenCheck = {
  claimsOf(token: string): Promise<Claims>;
  /** Believes nothing more that this key signed, whatever a fetched key set still says. */
  distrust(keyId: string): void;
};

/**
 * Checks signature and claims (RFC 8725, RFC 9068 4): EdDSA alone, `typ` at+jwt, issuer, audience, times. A signature
 * checked once is remembered with its token; its time is judged each time. Throws VerificationError.
 */
export function openTokenCheck(options: TokenOptions): TokenCheck {
  const { issuer, audience, clockToleranceSec, cacheSize, now } = options;
  const keys = createRemoteJWKSet(options.jwksUrl, {
    cooldownDuration: 10_000,
    cacheMaxAge: 600_000,
    timeoutDuration: 5_000,
    ...(options.fetch && { [customFetch]: options.fetch }),
  });
  const known = new Map<string, Claims>();
  const distrusted = new Set<string>();

  async function checkSignature(token: string): Promise<Claims> {
    try {
      const { payload, protectedHeader } = await jwtVerify<Claims>(token, keys, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        clockTolerance: clockToleranceSec,
        requiredClaims: REQUIRED,
        currentDate: new Date(now()),
      });
      // Every token of the service names its key.
      const { kid } = protectedHeader;
      if (kid === undefined || distrusted.has(kid)) throw new errors.JWKSNoMatchingKey();
      return payload;
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) throw new VerificationError('expired-token', { cause });
      const isFault = cause instanceof errors.JOSEError && FAULTS.test(cause.code);
      throw new VerificationError(isFault ? 'invalid-token' : 'unavailable', { cause });
    }
  }

  async function claimsOf(token: string): Promise<Claims> {
    const before = known.get(token);
    if (before !== undefined) {
      if (before.exp + clockToleranceSec > now() / 1000) return before;
      known.delete(token);
      throw new VerificationError('expired-token');
    }
    if (token.length > MOST_LENGTH || !COMPACT.test(token)) throw new VerificationError('invalid-token');
    const claims = await checkSignature(token);
    const { sub, sid, iat } = claims;
    const hasIds = [sub, sid].every((id) => typeof id === 'string' && ID.test(id));
    if (!hasIds || iat > now() / 1000 + AHEAD_SEC) throw new VerificationError('invalid-token');
    if (known.size >= cacheSize) known.delete(known.keys().next().value as string);
    if (cacheSize > 0) known.set(token, claims);
    return claims;
  }

  return {
    claimsOf,
    distrust(keyId) {
      distrusted.add(keyId);
      known.clear();
    },
  };
}
