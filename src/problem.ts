/** Every problem an answer can carry (RFC 9457): its code names the page at /problems/{code} and never changes. */
// biome-ignore format: a table reads as one
export const problems = {
  'malformed-json':              400,
  'invalid-token':               400,
  'invalid-passkey':             400,
  'unauthorized':                401,
  'invalid-credentials':         401,
  'invalid-code':                401,
  'invalid-challenge':           401,
  'invalid-refresh-token':       401,
  'second-factor-required':      401,
  'insufficient-authentication': 401,
  'forbidden':                   403,
  'account-held':                403,
  'proof-required':              403,
  'self-approval':               403,
  'second-person-required':      403,
  'password-change-required':    403,
  'proof-too-new':               403,
  'cross-site':                  403,
  'not-found':                   404,
  'method-not-allowed':          405,
  'account-exists':              409,
  'transaction-conflict':        409,
  'transaction-too-old':         409,
  'transaction-settled':         409,
  'transaction-doubted':         409,
  'mark-stands':                 409,
  'case-open':                   409,
  'already-said':                409,
  'last-way-in':                 409,
  'past-undoing':                409,
  'already-enrolled':            409,
  'too-many-passkeys':           409,
  'erasure-blocked':             409,
  'last-second-factor':          409,
  'case-closed':                 409,
  'case-claimed':                409,
  'refund-decided':              409,
  'too-much-evidence':           409,
  'no-refund-due':               409,
  'step-not-ready':              409,
  'hold-not-releasable':         409,
  'already-released':            409,
  'hold-contested':              409,
  'nothing-to-confirm':          409,
  'too-early':                   409,
  'no-second-factor':            409,
  'phone-not-ready':             409,
  'approval-open':               409,
  'approval-closed':             409,
  'agent-exists':                409,
  'agent-unchanged':             409,
  'agent-disabled':              409,
  'last-admin':                  409,
  'idempotency-key-in-flight':   409,
  'body-too-large':              413,
  'unsupported-media-type':      415,
  'invalid-request':             422,
  'weak-password':               422,
  'email-not-accepted':          422,
  'idempotency-key-reused':      422,
  'too-many-attempts':           429,
  'too-many-requests':           429,
  'internal-error':              500,
  'busy':                        503,
} as const;

export type ProblemCode = keyof typeof problems;
type FieldError = { pointer: string; detail: string };
type ProblemOptions = {
  detail?: string;
  errors?: FieldError[];
  /** Seconds until it makes sense to try again. */
  retryAfter?: number;
  headers?: Record<string, string>;
  /** Members beside the standard ones. */
  members?: Record<string, unknown>;
};

/** An expected refusal, thrown by a use case and rendered in one place. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(code);
    this.code = code;
    this.options = options;
  }
}

type ProblemBody = { type: string; title: string; status: number; code: ProblemCode; requestId: string };

/** The members that go over the wire. Nothing here comes from an unexpected error. */
export function problemBody(problem: Problem, publicUrl: string, requestId: string, title: string): ProblemBody {
  const { detail, errors, members } = problem.options;
  return {
    type: `${publicUrl}/problems/${problem.code}`,
    title,
    status: problems[problem.code],
    code: problem.code,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
    ...members,
    requestId,
  };
}
