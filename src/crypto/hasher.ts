import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../problem.ts';

// An approved set of ASVS 11.4.2; the library's enum cannot be imported under type stripping, 2 is Argon2id.
const PARAMETERS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const PREFIX = `$argon2id$v=19$m=${PARAMETERS.memoryCost},t=${PARAMETERS.timeCost},p=${PARAMETERS.parallelism}$`;

/** A slow hash for what people choose or type. At most `slots` run at once: more would starve the thread pool. */
export type Hasher = {
  /** A PHC string of `secret`. Throws Problem `busy` when the queue is full. */
  hash(secret: string): Promise<string>;
  /** Whether `secret` made `stored`; without `stored` it does the same work and answers false (ASVS 6.3.8). */
  verify(stored: string | undefined, secret: string): Promise<boolean>;
};

/** Whether `stored` was made with other parameters than today's and should be replaced at the next right password. */
export function isOutdated(stored: string): boolean {
  return !stored.startsWith(PREFIX);
}

export async function openHasher(slots: number, queueLength: number): Promise<Hasher> {
  const lane = openLane(slots, queueLength);
  const decoy = await hash('nobody has this password', PARAMETERS);
  return {
    hash: (secret) => lane(() => hash(secret, PARAMETERS)),
    async verify(stored, secret) {
      // The library throws on an empty secret, which can never be right.
      const isRight = await lane(() => verify(stored ?? decoy, secret === '' ? ' ' : secret));
      return isRight && stored !== undefined && secret !== '';
    },
  };
}

type Lane = <T>(work: () => Promise<T>) => Promise<T>;

function openLane(slots: number, queueLength: number): Lane {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= slots) {
      if (waiting.length >= queueLength) throw new Problem('busy', { retryAfter: 1 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
