import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from './keys.ts';

const prefixes = { refresh: 'hf_rt_', device: 'hf_dt_' } as const;
type Kind = keyof typeof prefixes;
/** Whose token it is, and which of those it had in a row: the first is 0. */
type Link = { id: string; generation: number };

const [ID, GENERATION, MAC] = [16, 4, 32];

/**
 * A token that is renewed at every use. It is derived with the installation's key, 256 bits of it (ASVS 7.2.3): the
 * database holds a number and no token, not even hashed, and the same generation has the same token again.
 */
export function chainedToken(keys: KeyRing, kind: Kind, { id, generation }: Link): string {
  const link = Buffer.alloc(ID + GENERATION);
  link.write(id.replaceAll('-', ''), 'hex');
  link.writeUInt32BE(generation, ID);
  return encode(kind, Buffer.concat([link, macOf(keys, kind, link)]));
}

/** What a token of this kind stands for; undefined for one that this installation did not make. */
export function readChainedToken(keys: KeyRing, kind: Kind, token: string): Link | undefined {
  const bytes = Buffer.from(token.slice(prefixes[kind].length), 'base64url');
  // Other texts decode to the same bytes.
  if (bytes.length !== ID + GENERATION + MAC || token !== encode(kind, bytes)) return undefined;
  const link = bytes.subarray(0, ID + GENERATION);
  if (!timingSafeEqual(bytes.subarray(link.length), macOf(keys, kind, link))) return undefined;
  const hex = link.toString('hex', 0, ID);
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { id, generation: link.readUInt32BE(ID) };
}

const encode = (kind: Kind, bytes: Buffer) => prefixes[kind] + bytes.toString('base64url');
const macOf = (keys: KeyRing, kind: Kind, link: Buffer) => keys.hash(`token:${kind}`, link.toString('hex'));
