// @ts-check
import { Refusal } from './api.js';

/** Whether this browser can do passkeys on this page at all. */
export function canUsePasskeys() {
  return isSecureContext && typeof PublicKeyCredential === 'function';
}

/** Whether passkeys may be offered among the names that a field suggests. */
export async function canSuggestPasskeys() {
  if (!canUsePasskeys()) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) ?? false;
}

/**
 * Makes a passkey; what the browser answers, as JSON. Throws Refusal.
 * @param {any} options
 * @returns {Promise<Record<string, unknown>>}
 */
export async function createPasskey(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(withBytes),
  };
  const made = await orRefusal(() => navigator.credentials.create({ publicKey }));
  const answer = made.response;
  if (!(answer instanceof AuthenticatorAttestationResponse)) throw new Refusal('passkey-cancelled', {}, 0);
  return {
    ...outline(made),
    response: {
      clientDataJSON: base64url(answer.clientDataJSON),
      attestationObject: base64url(answer.attestationObject),
      transports: answer.getTransports?.() ?? [],
    },
  };
}

/**
 * Asks for a passkey; with `suggest` it waits among the names that a field suggests. Throws Refusal.
 * @param {any} options
 * @param {{ suggest?: boolean, signal?: AbortSignal }} [how]
 * @returns {Promise<Record<string, unknown>>}
 */
export async function usePasskey(options, { suggest = false, signal } = {}) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: options.allowCredentials.map(withBytes),
  };
  /** @type {CredentialRequestOptions} */
  const request = { publicKey, ...(suggest ? { mediation: 'conditional' } : {}), ...(signal ? { signal } : {}) };
  const given = await orRefusal(() => navigator.credentials.get(request));
  const answer = given.response;
  if (!(answer instanceof AuthenticatorAssertionResponse)) throw new Refusal('passkey-cancelled', {}, 0);
  return {
    ...outline(given),
    response: {
      clientDataJSON: base64url(answer.clientDataJSON),
      authenticatorData: base64url(answer.authenticatorData),
      signature: base64url(answer.signature),
      ...(answer.userHandle ? { userHandle: base64url(answer.userHandle) } : {}),
    },
  };
}

/**
 * Browsers say little about why, on purpose (WebAuthn Level 3 14.5.1).
 * @param {() => Promise<Credential | null>} ask
 * @returns {Promise<PublicKeyCredential>}
 */
async function orRefusal(ask) {
  try {
    const given = await ask();
    if (given instanceof PublicKeyCredential) return given;
  } catch (error) {
    const isKnown = error instanceof DOMException && error.name === 'InvalidStateError';
    throw new Refusal(isKnown ? 'passkey-known' : 'passkey-cancelled', {}, 0);
  }
  throw new Refusal('passkey-cancelled', {}, 0);
}

/** @param {PublicKeyCredential} credential */
function outline({ id, rawId, type, authenticatorAttachment }) {
  const where = authenticatorAttachment ? { authenticatorAttachment } : {};
  return { id, rawId: base64url(rawId), type, clientExtensionResults: {}, ...where };
}

/** @param {{ id: string }} described */
function withBytes(described) {
  return { ...described, id: bytes(described.id) };
}

/** @param {string} text */
function bytes(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function base64url(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
