import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { JWK } from 'jose';
import type { Kysely, Transaction } from 'kysely';
import type { Database, JsonValue } from '../db/types.ts';
import { seal, unseal } from './sealed.ts';

type Purpose = 'signing' | 'encryption' | 'hashing';

/** The installation's keys, unwrapped. They live in the database, each sealed by HOLDFAST_SECRET. */
export type KeyRing = {
  signing: { id: string; privateKey: KeyObject };
  /** Public halves by key id, for verifying and for the JWKS. */
  publicKeys: Map<string, JWK>;
  /** A keyed hash of 32 bytes; `label` keeps uses apart. Cannot be reversed or recomputed without the key. */
  hash(label: string, value: string): Buffer;
  /** Stands for a value that must not be kept: tells the same from another, and nothing else. */
  pseudonym(label: string, value: string): string;
  /** Text for a column; `row` names table, column and row, and must be the same to open it. */
  encrypt(plain: string, row: string): string;
  decrypt(stored: string, row: string): string;
};

export class WrongSecretError extends Error {}

// Any number does, as long as every node takes the same.
const LOCK = 7_460_112_359;

/** Loads the keys and makes those that are missing, once across all nodes. Throws WrongSecretError when `secret` opens none. */
export async function loadKeys(db: Kysely<Database>, secret: Buffer, now: Date): Promise<KeyRing> {
  const wrapper = Buffer.from(hkdfSync('sha256', secret, '', 'holdfast key wrap', 32));
  const rows = await db.transaction().execute(async (trx) => {
    await lock(trx);
    const present = await trx
      .selectFrom('keys')
      .selectAll()
      .where('retired_at', 'is', null)
      .orderBy('created_at')
      .execute();
    const missing = (['signing', 'encryption', 'hashing'] as const).filter(
      (p) => !present.some((row) => row.purpose === p),
    );
    const made = missing.map((purpose) => makeKey(purpose, wrapper, now));
    if (made.length > 0) await trx.insertInto('keys').values(made).execute();
    return [...present, ...made];
  });
  const keys = rows.map((row) => ({ ...row, secret: unwrap(row, wrapper) }));
  const newest = (purpose: Purpose) => keys.findLast((key) => key.purpose === purpose) as (typeof keys)[number];
  const publicKeys = new Map(
    keys.filter((key) => key.purpose === 'signing').map((key) => [key.id, key.public_jwk as unknown as JWK]),
  );
  const signing = newest('signing');
  const hashing = createSecretKey(newest('hashing').secret);
  const encryption = newest('encryption');
  const byId = new Map(keys.map((key) => [key.id, key.secret]));

  const hash = (label: string, value: string) => createHmac('sha256', hashing).update(`${label}\0${value}`).digest();

  return {
    signing: { id: signing.id, privateKey: createPrivateKey({ key: signing.secret, format: 'der', type: 'pkcs8' }) },
    publicKeys,
    hash,
    pseudonym: (label, value) => hash(label, value).toString('base64url').slice(0, 22),
    encrypt: (plain, row) =>
      `${encryption.id}.${seal(encryption.secret, Buffer.from(plain), row).toString('base64url')}`,
    decrypt: (stored, row) => {
      const [id = '', sealed = ''] = stored.split('.');
      const key = byId.get(id);
      if (!key) throw new Error(`no key ${id}`);
      return unseal(key, Buffer.from(sealed, 'base64url'), row).toString();
    },
  };
}

async function lock(trx: Transaction<Database>): Promise<void> {
  await trx.selectNoFrom((eb) => eb.fn('pg_advisory_xact_lock', [eb.val(LOCK)]).as('locked')).execute();
}

function makeKey(purpose: Purpose, wrapper: Buffer, now: Date) {
  const id = `${purpose.slice(0, 3)}-${randomBytes(6).toString('hex')}`;
  const pair = purpose === 'signing' ? generateKeyPairSync('ed25519') : undefined;
  const secret = pair ? pair.privateKey.export({ format: 'der', type: 'pkcs8' }) : randomBytes(32);
  const jwk = pair ? { ...pair.publicKey.export({ format: 'jwk' }), kid: id, alg: 'EdDSA', use: 'sig' } : null;
  return {
    id,
    purpose,
    wrapped: seal(wrapper, secret, `keys:${id}:${purpose}`),
    public_jwk: jwk as JsonValue,
    created_at: now,
  };
}

function unwrap(row: { id: string; purpose: Purpose; wrapped: Buffer }, wrapper: Buffer): Buffer {
  try {
    return unseal(wrapper, row.wrapped, `keys:${row.id}:${row.purpose}`);
  } catch {
    throw new WrongSecretError('HOLDFAST_SECRET is not the one this database was set up with');
  }
}
