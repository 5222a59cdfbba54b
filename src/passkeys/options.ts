import type { Config } from '../config.ts';
import { CHALLENGE_TTL } from './challenges.ts';
import type { PasskeyRow } from './queries.ts';
import { relyingParty } from './relying-party.ts';

/** Ed25519, P-256 and RSA with SHA-256 (RFC 9053, RFC 8812), the best first. */
export const ALGORITHMS = [-8, -7, -257];

type Described = { id: string; type: 'public-key'; transports: string[] };
export type AssertionOptions = {
  challenge: string;
  rpId: string;
  timeout: number;
  userVerification: 'required';
  allowCredentials: Described[];
};

/** What `navigator.credentials.get()` is asked (WebAuthn Level 3 5.5); with no passkeys named, any of this site's may answer. */
export function assertionOptions(
  config: Config,
  challenge: Buffer,
  passkeys: readonly PasskeyRow[] = [],
): AssertionOptions {
  return {
    challenge: challenge.toString('base64url'),
    rpId: relyingParty(config).id,
    timeout: CHALLENGE_TTL,
    userVerification: 'required',
    allowCredentials: passkeys.map(describe),
  };
}

type User = { accountId: string; email: string };
export type RegistrationOptions = {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: { type: 'public-key'; alg: number }[];
  timeout: number;
  excludeCredentials: Described[];
  authenticatorSelection: { residentKey: 'required'; requireResidentKey: true; userVerification: 'required' };
  attestation: 'none';
  extensions: { credProps: true };
};

/** What `navigator.credentials.create()` is asked (WebAuthn Level 3 5.4): a discoverable key behind a PIN or a finger. */
export function registrationOptions(
  config: Config,
  challenge: Buffer,
  user: User,
  known: readonly PasskeyRow[],
): RegistrationOptions {
  return {
    challenge: challenge.toString('base64url'),
    rp: { id: relyingParty(config).id, name: config.serviceName },
    user: { id: userHandle(user.accountId), name: user.email, displayName: user.email },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_TTL,
    excludeCredentials: known.map(describe),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    extensions: { credProps: true },
  };
}

/** Sixteen bytes that say nothing of the person (WebAuthn Level 3 14.6.1). */
export function userHandle(accountId: string): string {
  return Buffer.from(accountId.replaceAll('-', ''), 'hex').toString('base64url');
}

function describe({ credential_id, transports }: PasskeyRow): Described {
  return { id: credential_id.toString('base64url'), type: 'public-key', transports };
}
