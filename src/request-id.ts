import { randomUUID } from 'node:crypto';

const GIVEN = /^[\w-]{8,64}$/;

/** The caller's own id of a request where it has the form of one, else a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && GIVEN.test(given) ? given : randomUUID();
}
