import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { JWK } from 'jose';
import { type KeyTimes, keyInUse, type Purpose, supersededAt } from '../keys/rules.ts';
import type { SealedRow } from '../keys/sealed-columns.ts';
import type { Clock } from '../time.ts';
import { seal, unseal } from './sealed.ts';

/** The installation's keys, unwrapped. They live in the database, each sealed by HOLDFAST_SECRET. */
export type KeyRing = {
  /** The key that signs at `now`. */
  signing(now: Date): { id: string; privateKey: KeyObject };
  /** A public key while tokens of it count: from its announcement until `keys.overlap` after its successor's start. */
  verifying(id: string, now: Date): KeyObject | undefined;
  /** The JWKS (RFC 7517): what `verifying` believes. */
  publishedKeys(now: Date): JWK[];
  /** Every public key whose receipts can be checked, retired ones too. */
  receiptKeys(): JWK[];
  /** Brings the ring up to what the database holds now. */
  reload(): Promise<void>;
  /** For a key id nobody knows: `reload`, at most once a second however many ask. */
  lookAgain(): Promise<void>;
  /** A keyed hash of 32 bytes; `label` keeps uses apart. Cannot be reversed or recomputed without the key. */
  hash(label: string, value: string): Buffer;
  /** Stands for a value that must not be kept: tells the same from another, and nothing else. */
  pseudonym(label: string, value: string): string;
  /** Text for a column of `sealedColumns`; the same `row` must open it. It begins with the key's id and a dot. */
  encrypt(plain: string, row: SealedRow): string;
  decrypt(stored: string, row: SealedRow): string;
};

/** A key as it lies in memory: PKCS #8 or 32 bytes, and of a retired signing key its public half alone. */
export type OpenKey = KeyTimes & { material: Buffer };

/** A new key, to be used from `usedFrom`. */
export function makeKey(purpose: Purpose, usedFrom: Date, now: Date): OpenKey {
  return {
    id: `${purpose.slice(0, 3)}-${randomBytes(6).toString('hex')}`,
    purpose,
    created_at: now,
    used_from: usedFrom,
    retired_at: null,
    revoked_at: null,
    material:
      purpose === 'signing'
        ? generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
        : randomBytes(32),
  };
}

/** Whether this looks like the id of one of our signing keys: what does not is asked nobody for. */
export const isKeyId = (id: string): boolean => /^sig-[0-9a-f]{12}$/.test(id);

/** What is left of a signing key that signs no more: enough to check what it signed. */
export function publicHalf(material: Buffer): Buffer {
  return createPublicKey(privateKeyOf(material)).export({ format: 'der', type: 'spki' });
}

type Parts = {
  clock: Clock;
  /** How long a superseded key's tokens count, in milliseconds. */
  overlap: number;
  reload(): Promise<void>;
  lookAgain(): Promise<void>;
};

/** The ring over `keys`; `replace` puts others in their place, at once for everybody who holds it. */
export function openKeyRing(keys: OpenKey[], parts: Parts): KeyRing & { replace(keys: OpenKey[]): void } {
  const { clock, overlap, reload, lookAgain } = parts;
  let held = hold(keys, overlap);
  const inUse = (purpose: Purpose, now: Date) => {
    const key = keyInUse(held.keys, purpose, now);
    if (!key) throw new Error(`no ${purpose} key is in use`);
    return key;
  };
  const counts = ({ until }: Verifier, now: Date) => until === undefined || now < until;
  const hash = (label: string, value: string) =>
    createHmac('sha256', inUse('hashing', clock.now()).object as KeyObject)
      .update(`${label}\0${value}`)
      .digest();

  return {
    signing(now) {
      const { id, object } = inUse('signing', now);
      return { id, privateKey: object as KeyObject };
    },
    verifying(id, now) {
      const verifier = held.verifiers.get(id);
      return verifier && counts(verifier, now) ? verifier.publicKey : undefined;
    },
    publishedKeys: (now) => [...held.verifiers.values()].filter((key) => counts(key, now)).map(({ jwk }) => jwk),
    receiptKeys: () => [...held.verifiers.values()].map(({ jwk }) => jwk),
    hash,
    pseudonym: (label, value) => hash(label, value).toString('base64url').slice(0, 22),
    encrypt(plain, row) {
      const { id, material } = inUse('encryption', clock.now());
      return `${id}.${seal(material, Buffer.from(plain), row).toString('base64url')}`;
    },
    decrypt(stored, row) {
      const [id = '', sealed = ''] = stored.split('.');
      const key = held.keys.find((candidate) => candidate.id === id && candidate.purpose === 'encryption');
      if (!key) throw new Error(`no encryption key ${id}`);
      return unseal(key.material, Buffer.from(sealed, 'base64url'), row).toString();
    },
    reload,
    lookAgain,
    replace(next) {
      held = hold(next, overlap);
    },
  };
}

type HeldKey = OpenKey & { object: KeyObject | undefined };
type Verifier = { publicKey: KeyObject; jwk: JWK; until: Date | undefined };

function hold(keys: OpenKey[], overlap: number): { keys: HeldKey[]; verifiers: Map<string, Verifier> } {
  const verifiers = keys
    .filter((key) => key.purpose === 'signing' && key.revoked_at === null)
    .map((key) => [key.id, verifierOf(key, supersededAt(keys, key), overlap)] as const);
  return { keys: keys.map((key) => ({ ...key, object: objectOf(key) })), verifiers: new Map(verifiers) };
}

function verifierOf(key: OpenKey, superseded: Date | undefined, overlap: number): Verifier {
  // From the sealed key itself: whoever can write into the database still cannot publish one of theirs.
  const publicKey = key.retired_at
    ? createPublicKey({ key: key.material, format: 'der', type: 'spki' })
    : createPublicKey(privateKeyOf(key.material));
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: key.id, alg: 'EdDSA', use: 'sig' } as JWK;
  return { publicKey, jwk, until: key.retired_at ?? (superseded && new Date(+superseded + overlap)) };
}

function objectOf(key: OpenKey): KeyObject | undefined {
  if (key.purpose !== 'signing') return createSecretKey(key.material);
  return key.retired_at ? undefined : privateKeyOf(key.material);
}

const privateKeyOf = (material: Buffer) => createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
