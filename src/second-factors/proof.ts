import { Problem } from '../problem.ts';

/** What an authenticator signed, as browsers hand it over (WebAuthn Level 3 5.1). */
export type Assertion = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | undefined };
  clientExtensionResults: Record<string, unknown>;
  authenticatorAttachment?: string | undefined;
};

/** A second factor as it was given: a code that was typed, or a passkey's signature. */
export type Proof = { code: string } | { credential: Assertion };

/** The one proof that a request carries, if any. Throws `invalid-request` for two. */
export function proofOf(given: { code?: string | undefined; credential?: Assertion | undefined }): Proof | undefined {
  const { code, credential } = given;
  if (code !== undefined && credential !== undefined) {
    throw new Problem('invalid-request', { errors: [{ pointer: '/credential', detail: 'stands in place of a code' }] });
  }
  if (credential) return { credential };
  return code === undefined ? undefined : { code };
}

/** As `proofOf`, where there must be one. Throws `invalid-request`. */
export function requireProof(given: Parameters<typeof proofOf>[0]): Proof {
  const proof = proofOf(given);
  if (!proof) throw new Problem('invalid-request', { errors: [{ pointer: '/code', detail: 'is missing' }] });
  return proof;
}
