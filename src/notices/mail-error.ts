/** What the outbox may keep of a failure: never the server's words, which can quote a mail or a login. */
export class MailError extends Error {
  override readonly name = 'MailError';
  readonly code: string;
  readonly permanent: boolean;

  constructor(message: string, code: string, permanent: boolean) {
    super(message);
    this.code = code;
    this.permanent = permanent;
  }
}

/** Login and session trouble is ours to mend, so a refusal there must not burn an owner's notice. */
const ourTrouble = new Set([503, 530, 534, 535, 538]);

export function asMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const { code, responseCode } = readFailure(error);
  if (responseCode === undefined) return new MailError('the mail server could not be reached', code, false);
  const aboutThisMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  const permanent = aboutThisMail && responseCode >= 500 && responseCode < 600 && !ourTrouble.has(responseCode);
  return new MailError(`the mail server answered ${responseCode}`, `smtp-${responseCode}`, permanent);
}

function readFailure(error: unknown): { code: string; responseCode: number | undefined } {
  if (typeof error !== 'object' || error === null) return { code: 'unknown', responseCode: undefined };
  const code = 'code' in error && /^[A-Z_]{2,30}$/.test(String(error.code)) ? String(error.code) : 'unknown';
  const answer = 'responseCode' in error ? Number(error.responseCode) : Number.NaN;
  return { code, responseCode: Number.isInteger(answer) ? answer : undefined };
}
