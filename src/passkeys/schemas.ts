import { z } from '@hono/zod-openapi';
import { encoded } from '../schemas.ts';

const described = z.object({ id: z.string(), type: z.literal('public-key'), transports: z.array(z.string()) });

export const AssertionOptions = z
  .object({
    challenge: z.string(),
    rpId: z.string(),
    timeout: z.int().openapi({ description: 'Milliseconds' }),
    userVerification: z.literal('required'),
    allowCredentials: z.array(described),
  })
  .openapi('PasskeyRequestOptions', {
    description: 'For `PublicKeyCredential.parseRequestOptionsFromJSON()` (WebAuthn Level 3 5.1.9)',
  });

export const RegistrationOptions = z
  .object({
    challenge: z.string(),
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })),
    timeout: z.int().openapi({ description: 'Milliseconds' }),
    excludeCredentials: z.array(described),
    authenticatorSelection: z.object({
      residentKey: z.literal('required'),
      requireResidentKey: z.literal(true),
      userVerification: z.literal('required'),
    }),
    attestation: z.literal('none'),
    extensions: z.object({ credProps: z.literal(true) }),
  })
  .openapi('PasskeyCreationOptions', {
    description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON()` (WebAuthn Level 3 5.1.8)',
  });

/** What browsers add beyond these is theirs, and let through unread. */
export const attestation = z
  .object({
    id: encoded,
    rawId: encoded,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: encoded,
      attestationObject: z.string().regex(/^[\w-]{1,16384}$/, 'must be base64url'),
      transports: z
        .array(z.string().regex(/^[\w-]{1,32}$/))
        .max(8)
        .default([]),
    }),
    clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
    authenticatorAttachment: z.string().max(32).nullish(),
  })
  .openapi('PasskeyAttestation', { description: 'The JSON of what the browser answered for a new passkey' });
