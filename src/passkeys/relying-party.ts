import type { Config } from '../config.ts';

/** Whom passkeys are made for, and the pages that may ask for them (WebAuthn Level 3 5.1.2, 13.4.9). */
type RelyingParty = { id: string; origins: string[] };

/** The id follows from `PUBLIC_URL` unless `PASSKEY_RP_ID` names a domain above it; other pages only from `ALLOWED_ORIGINS`. */
export function relyingParty({
  publicUrl,
  passkeyRpId,
  allowedOrigins,
}: Pick<Config, 'publicUrl' | 'passkeyRpId' | 'allowedOrigins'>): RelyingParty {
  const { origin, hostname } = new URL(publicUrl);
  return { id: passkeyRpId ?? hostname, origins: [origin, ...allowedOrigins] };
}
