import { hkdfSync } from 'node:crypto';
import { seal, unseal } from './sealed.ts';

/** What HOLDFAST_SECRET, and while it is replaced HOLDFAST_SECRET_PREVIOUS, can do: seal the installation's keys. */
export type Wrapping = {
  /** Names HOLDFAST_SECRET without telling anything of it. */
  secretId: string;
  /** The names of all secrets this process was given. */
  secretIds: string[];
  /** Seals a key, by HOLDFAST_SECRET unless another is named. Throws WrongSecretError for one it was not given. */
  wrap(key: Buffer, context: string, secretId?: string): Wrapped;
  /** Throws WrongSecretError for a key sealed by a secret that this process was not given. */
  unwrap(stored: Wrapped, context: string): Buffer;
};
type Wrapped = { wrapped: Buffer; secret_id: string };

export class WrongSecretError extends Error {}

export function openWrapping(current: Buffer, previous?: Buffer): Wrapping {
  const secrets = [current, ...(previous ? [previous] : [])].map((secret) => ({
    id: derive(secret, 'holdfast secret id', 4).toString('hex'),
    key: derive(secret, 'holdfast key wrap', 32),
  }));
  const first = secrets[0] as (typeof secrets)[number];
  const named = (id: string) => {
    const secret = secrets.find((candidate) => candidate.id === id);
    if (!secret) throw new WrongSecretError(explain(previous !== undefined));
    return secret;
  };
  return {
    secretId: first.id,
    secretIds: secrets.map(({ id }) => id),
    wrap(key, context, secretId = first.id) {
      const { id, key: wrapper } = named(secretId);
      return { wrapped: seal(wrapper, key, context), secret_id: id };
    },
    unwrap: ({ wrapped, secret_id }, context) => unseal(named(secret_id).key, wrapped, context),
  };
}

function explain(hasPrevious: boolean): string {
  return hasPrevious
    ? 'Neither HOLDFAST_SECRET nor HOLDFAST_SECRET_PREVIOUS is the one that wraps the keys of this database'
    : 'HOLDFAST_SECRET is not the one this database was set up with; where it is being replaced, HOLDFAST_SECRET_PREVIOUS must be the old one';
}

const derive = (secret: Buffer, use: string, length: number) =>
  Buffer.from(hkdfSync('sha256', secret, '', use, length));
