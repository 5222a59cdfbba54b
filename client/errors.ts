import type { Problem } from './operations.ts';

type FieldError = { pointer: string; detail: string };
/** A problem's own code, or what kept an answer from coming at all. */
export type ErrorCode = Problem['code'] | 'unreachable' | 'timed-out' | 'unexpected-answer';

/** What the service refused, or why it gave no answer (`status` 0). */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly status: number;
  /** Seconds until it makes sense to try again. */
  readonly retryAfter: number | undefined;
  /** What is wrong with which field of the input. */
  readonly errors: readonly FieldError[];
  readonly requestId: string | undefined;
  /** How to authenticate anew before the call is repeated (RFC 9470): as strongly, at most so many seconds ago. */
  readonly stepUp: { readonly acrValues: string; readonly maxAge: number } | undefined;
  /** The whole problem (RFC 9457), with members of its own such as `holds` or `factors`. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    status: number,
    problem: Record<string, unknown> = {},
    options: { retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    const detail = problem['detail'] ?? problem['title'];
    super(typeof detail === 'string' ? `${code}: ${detail}` : code, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.retryAfter = options.retryAfter;
    this.errors = (problem['errors'] as FieldError[] | undefined) ?? [];
    this.requestId = problem['requestId'] as string | undefined;
    const { acr_values: acrValues, max_age: maxAge } = problem;
    this.stepUp = typeof acrValues === 'string' && typeof maxAge === 'number' ? { acrValues, maxAge } : undefined;
    this.problem = problem;
  }
}

export type RefusalCode =
  | 'invalid-token'
  | 'expired-token'
  | 'revoked-token'
  | 'insufficient-authentication'
  /** Nobody can tell right now whether the token is revoked. */
  | 'unavailable';

/** Why a verifier let a token not pass. `status` and `wwwAuthenticate` are what to answer with (RFC 6750, RFC 9470). */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  readonly code: RefusalCode;
  readonly status: 401 | 503;
  readonly wwwAuthenticate: string | undefined;

  constructor(code: RefusalCode, options: { cause?: unknown; wwwAuthenticate?: string } = {}) {
    super(code, { cause: options.cause });
    this.code = code;
    this.status = code === 'unavailable' ? 503 : 401;
    this.wwwAuthenticate =
      this.status === 503 ? undefined : (options.wwwAuthenticate ?? 'Bearer error="invalid_token"');
  }
}
