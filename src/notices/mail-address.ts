import { z } from 'zod';

const maxLength = 254;
const plainAddress = z.email().max(maxLength);
// Unlike a recipient's, the sender's domain may be `localhost` or an address literal.
const senderPattern = /^[\w.+-]+@([\w.-]+|\[[\da-fA-F:.]+\])$/;

/**
 * Exactly one bare address. Mail libraries read `u@example.com <evil@x.y>` or a list out of a string,
 * so a reset link could be led to someone else: what is not plainly one address is refused.
 */
export function isSingleAddress(value: string): boolean {
  return plainAddress.safeParse(value).success;
}

/** The operator's `MAIL_FROM`: `address` or `Name <address>`. */
export function parseSender(from: string): { name: string; address: string } {
  const { name = '', address = from.trim() } =
    /^(?<name>[^<>\p{Cc}]*)<(?<address>[^<>\s]+)>$/u.exec(from.trim())?.groups ?? {};
  if (!senderPattern.test(address)) throw new Error('MAIL_FROM must look like security@example.com or Name <…>');
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address };
}
