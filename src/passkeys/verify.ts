import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Assertion } from '../second-factors/proof.ts';
import { ALGORITHMS } from './options.ts';
import { relyingParty } from './relying-party.ts';

/** What a browser answered to `navigator.credentials.create()`, as JSON. */
export type Attestation = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  clientExtensionResults: Record<string, unknown>;
  authenticatorAttachment?: string | null | undefined;
};

const clientData = z.object({ challenge: z.string().max(256), crossOrigin: z.boolean().optional() });

/** The challenge that was answered. Undefined for what is no client data, or was asked within another site's frame. */
export function challengeIn(clientDataJson: string): string | undefined {
  try {
    const read = clientData.parse(JSON.parse(Buffer.from(clientDataJson, 'base64url').toString()));
    return read.crossOrigin ? undefined : read.challenge;
  } catch {
    return undefined;
  }
}

type Signed = { signCount: number; isSynced: boolean; isBackedUp: boolean };

/**
 * Whether this key signed this challenge for us, on one of our pages, with its user verified (WebAuthn Level 3 7.2, but
 * for the sign counter, which the caller compares: before the signature it proves nothing). Undefined for anything else.
 */
export async function verifyAssertion(
  ctx: Context,
  assertion: Assertion,
  challenge: string,
  publicKey: Buffer,
): Promise<Signed | undefined> {
  // Loaded by the first passkey: it takes as long as half the start of the service.
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const { id, origins } = relyingParty(ctx.config);
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: assertion as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: id,
      credential: { id: assertion.id, publicKey: new Uint8Array(publicKey), counter: 0 },
      requireUserVerification: true,
    });
    if (!verified) return undefined;
    const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo;
    return { signCount: newCounter, isSynced: credentialDeviceType === 'multiDevice', isBackedUp: credentialBackedUp };
  } catch {
    return undefined;
  }
}

type Made = { credentialId: Buffer; publicKey: Buffer; signCount: number; isBackedUp: boolean; aaguid: string };

/** As `verifyAssertion`, for a new passkey (WebAuthn Level 3 7.1). */
export async function verifyAttestation(
  ctx: Context,
  attestation: Attestation,
  challenge: string,
): Promise<Made | undefined> {
  const [{ verifyRegistrationResponse }, { decodeAttestationObject }] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  const { id, origins } = relyingParty(ctx.config);
  try {
    const object = decodeAttestationObject(new Uint8Array(bytesOf(attestation.response.attestationObject)));
    const statement = object.get('attStmt');
    // None was asked for. A key may sign for itself; certificates would make us fetch what they name.
    const isPlain = object.get('fmt') === 'none' || (object.get('fmt') === 'packed' && !statement.get('x5c'));
    if (!isPlain) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: attestation as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo.credential.id !== attestation.id) return undefined;
    const { credential, credentialBackedUp, aaguid } = registrationInfo;
    return {
      credentialId: bytesOf(credential.id),
      publicKey: Buffer.from(credential.publicKey),
      signCount: credential.counter,
      isBackedUp: credentialBackedUp,
      aaguid,
    };
  } catch {
    return undefined;
  }
}

const bytesOf = (base64url: string) => Buffer.from(base64url, 'base64url');
