import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../problem.ts';

// The library's enum cannot be imported under type stripping.
const ARGON2ID = 2;

/** A slow hash for what people choose or type. At most `slots` run at once: more would starve the thread pool. */
export type Hasher = {
  /** A PHC string of `secret`. Throws Problem `busy` when the queue is full. */
  hash(secret: string): Promise<string>;
  /** Whether `secret` made `stored`; without `stored` it does the same work and answers false (ASVS 6.3.8). */
  verify(stored: string | undefined, secret: string): Promise<boolean>;
  /** Whether `stored` was made with other parameters than today's and should be replaced at the next right password. */
  isOutdated(stored: string): boolean;
};

/** `parameters` as a PHC string has them: one of the sets that ASVS 11.4.2 approves, `m` in KiB. */
export async function openHasher(parameters: string, slots: number, queueLength: number): Promise<Hasher> {
  const options = readParameters(parameters);
  const lane = openLane(slots, queueLength);
  const decoy = await hash('nobody has this password', options);
  return {
    hash: (secret) => lane(() => hash(secret, options)),
    async verify(stored, secret) {
      // The library throws on an empty secret, which can never be right.
      const isRight = await lane(() => verify(stored ?? decoy, secret === '' ? ' ' : secret));
      return isRight && stored !== undefined && secret !== '';
    },
    isOutdated: (stored) => !stored.startsWith(`$argon2id$v=19$${parameters}$`),
  };
}

function readParameters(parameters: string) {
  const [, memoryCost, timeCost, parallelism] = /^m=(\d+),t=(\d+),p=(\d+)$/.exec(parameters) ?? [];
  return {
    algorithm: ARGON2ID,
    memoryCost: Number(memoryCost),
    timeCost: Number(timeCost),
    parallelism: Number(parallelism),
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
