import { generateURI, verifySync } from 'otplib';

const PERIOD = 30;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SELECTOR = 4;
const SECRET = 16;

/** The time step that `code` belongs to: the present one or the one before, none ahead (RFC 6238 5.2). */
export function matchTotp(secret: string, code: string, now: Date): number | undefined {
  if (!isTotpCode(code)) return undefined;
  const epoch = Math.floor(now.getTime() / 1000);
  const result = verifySync({ secret, token: code, epoch, epochTolerance: [PERIOD, 0] });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}

export function isTotpCode(code: string): boolean {
  return /^\d{6}$/.test(code);
}

/** The name under which an authenticator's secret is sealed. */
export const totpSecretRow = (factorId: string) => `totp_factors.secret:${factorId}` as const;

/** The key URI that authenticator apps read from a QR code. */
export function totpUri(service: string, account: string, secret: string): string {
  const uri = generateURI({ issuer: service, label: account, secret });
  return `${uri}&algorithm=SHA1&digits=6&period=${PERIOD}`;
}

/** With so few left the owner is offered new ones: by `GET /v1/me`, on the page and in the mail that tells of a use. */
export const FEW_RECOVERY_CODES = 3;

type RecoveryCode = { selector: string; text: string };

/** Twenty base32 characters from twenty random bytes: four to find the row, sixteen secret ones of 80 bits (NIST 4.2.1.1). */
export function makeRecoveryCode(random: Uint8Array): RecoveryCode {
  const characters = Array.from(random.subarray(0, SELECTOR + SECRET), (byte) => ALPHABET[byte % ALPHABET.length]);
  const text = characters.join('').replace(/(.{4})(?=.)/g, '$1-');
  return { selector: text.slice(0, SELECTOR), text };
}

/** A typed recovery code as it was printed, with look-alikes mended; undefined for what cannot be one. */
export function readRecoveryCode(typed: string): RecoveryCode | undefined {
  const bare = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (bare.length !== SELECTOR + SECRET || [...bare].some((character) => !ALPHABET.includes(character)))
    return undefined;
  return { selector: bare.slice(0, SELECTOR), text: bare.replace(/(.{4})(?=.)/g, '$1-') };
}
