import { openActivity } from './activity.ts';
import { type CallOptions, type ClientOptions, call } from './call.ts';
import { HoldfastError, VerificationError } from './errors.ts';
import { follow } from './follow.ts';
import { openRevoked } from './revoked.ts';
import { type Claims, openTokenCheck } from './token.ts';

export type VerifierOptions = Omit<ClientOptions, 'apiKey'> & {
  /** With scope `sessions:read`. */
  apiKey: string;
  /** The service's `PUBLIC_URL`, where it is not `baseUrl`. */
  issuer?: string;
  /** Who tokens must be for: account holders, unless given. */
  audience?: string;
  /** Without a fresh stream: ask the service for each token, or refuse them all. */
  whenStale?: 'introspect' | 'refuse';
  /** How long ago everything must have been told. 10 seconds unless given; heartbeats come every 5. */
  maxStaleMs?: number;
  /** How long tokens still pass by what is known while a broken stream is being opened again. 0 unless given. */
  graceMs?: number;
  /** For clocks that differ, at most 30. 5 unless given. */
  clockToleranceSec?: number;
  /** How many checked signatures are remembered. 10,000 unless given, 0 for none. */
  cacheSize?: number;
  /** How often activity of sessions is reported, 30 seconds unless given; `false` for never. */
  reportActivityMs?: number | false;
  /** What failed in the background and will be tried again. */
  onError?: (error: unknown) => void;
  /** The time in milliseconds, for tests. */
  now?: () => number;
};

export type Demand = {
  /** How many seconds ago the holder may have signed in. */
  maxAge?: number;
  acr?: 'aal1' | 'aal2';
};

export type Verifier = {
  /** The claims of a token that is good right now; throws VerificationError for any other. */
  verify(token: string, demand?: Demand): Promise<Claims>;
  /** Until the stream is there; a verifier works without waiting, as `whenStale` says. */
  ready(): Promise<void>;
  isFresh(): boolean;
  /** Ends the stream and reports the last activity. */
  close(): Promise<void>;
};

const OPENING_MS = 5_000;

/**
 * Checks access tokens without asking the service, and refuses revoked sessions and frozen accounts as the stream of
 * revocations tells of them, milliseconds after their commit. What it cannot know it asks or refuses, by `whenStale`.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { whenStale = 'introspect', maxStaleMs = 10_000, graceMs = 0, clockToleranceSec = 5 } = options;
  const onError = options.onError ?? (() => undefined);
  if (clockToleranceSec < 0 || clockToleranceSec > 30) throw new RangeError('clockToleranceSec must be 0 to 30');
  const base = options.baseUrl.replace(/\/+$/, '');
  const issuer = options.issuer ?? base;
  const now = options.now ?? Date.now;
  const ask = (name: Parameters<typeof call>[1], input: Record<string, unknown>, rest: CallOptions = {}) =>
    call(options, name, input, rest);
  const check = openTokenCheck({
    jwksUrl: new URL(`${base}/.well-known/jwks.json`),
    issuer,
    audience: options.audience ?? `${issuer}/v1/me`,
    clockToleranceSec,
    cacheSize: options.cacheSize ?? 10_000,
    fetch: options.fetch,
    now,
  });
  const revoked = openRevoked();
  const over = new AbortController();
  let windowMs = Number.POSITIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  let brokenAt: number | undefined;
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });

  const following = follow(
    {
      open: async (lastEventId, signal) => {
        const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
        return (await ask(
          'streamRevocations',
          {},
          { headers, signal, timeoutMs: OPENING_MS },
        )) as ReadableStream<Uint8Array>;
      },
      onRevocation: (revocation) => revoked.add(revocation, performance.now()),
      onKeyRevoked: check.distrust,
      onReady(begun) {
        windowMs = begun.windowMs + clockToleranceSec * 1000;
      },
      onPosition() {
        toldAt = performance.now();
        brokenAt = undefined;
        revoked.forget(windowMs, toldAt);
        isReady();
      },
      onBroken(error) {
        brokenAt ??= performance.now();
        if (error !== undefined) onError(error);
      },
    },
    over.signal,
  );
  const every = options.reportActivityMs ?? 30_000;
  const activity =
    every === false ? undefined : openActivity(every, (sessionIds) => ask('noteSeen', { sessionIds }), onError);
  function isFresh(): boolean {
    const now = performance.now();
    return now - toldAt <= maxStaleMs && (brokenAt === undefined || now - brokenAt <= graceMs);
  }

  return {
    async verify(token, demand) {
      const claims = await check.claimsOf(token);
      // What is known to be revoked stays so, however old the knowledge.
      if (revoked.has(claims)) throw new VerificationError('revoked-token');
      if (!isFresh()) await askFor(token);
      if (demand) meet(claims, demand, now());
      activity?.saw(claims.sid);
      return claims;
    },
    ready: () => ready,
    isFresh,
    async close() {
      over.abort();
      await Promise.all([following, activity?.close()]);
    },
  };

  async function askFor(token: string): Promise<void> {
    if (whenStale === 'refuse') throw new VerificationError('unavailable');
    const { active } = (await ask('introspect', { token }).catch((cause) => {
      throw cause instanceof HoldfastError ? new VerificationError('unavailable', { cause }) : cause;
    })) as { active: boolean };
    if (!active) throw new VerificationError('revoked-token');
  }
}

/** Throws with the step-up challenge of RFC 9470 section 3 what the sign-in behind the token does not meet. */
function meet(claims: Claims, { maxAge, acr }: Demand, now: number): void {
  const isRecent = maxAge === undefined || claims.auth_time + maxAge >= now / 1000;
  const isStrong = acr === undefined || claims.acr >= acr;
  if (isRecent && isStrong) return;
  const wwwAuthenticate = [
    'Bearer error="insufficient_user_authentication"',
    ...(acr === undefined ? [] : [`acr_values="${acr}"`]),
    ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`]),
  ].join(', ');
  throw new VerificationError('insufficient-authentication', { wwwAuthenticate });
}
