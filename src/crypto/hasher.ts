import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../problem.ts';
import { readHash } from './foreign-hashes/read-hash.ts';
import { lowerPoolPriority } from './pool-priority.ts';

// The library's enum cannot be imported under type stripping.
const ARGON2ID = 2;

/** A slow hash for what people choose or type. At most `slots` run at once: more would starve the thread pool. */
export type Hasher = {
  /** A PHC string of `secret`. Throws Problem `busy` when the queue is full. */
  hash(secret: string): Promise<string>;
  /**
   * Whether `secret` made `stored`, in whatever form that is. Without `stored` it does the work that it would for somebody
   * and answers false (ASVS 6.3.8); `whose` picks whose, always the same for the same bytes. Throws Problem `busy`.
   */
  verify(stored: string | undefined, secret: string, whose?: Buffer): Promise<boolean>;
  /**
   * Does work that ends with hashes for a stranger, for no more at once than the queue takes: what could not be ended is not
   * begun. Throws Problem `busy`.
   */
  admit<T>(work: () => Promise<T>): Promise<T>;
  /** Whether one more would be admitted now. */
  hasRoom(): boolean;
  /** Whether `stored` was made with other parameters than today's and should be replaced at the next right password. */
  isOutdated(stored: string): boolean;
  /** Shows which hashes accounts have, so that an identifier nobody has takes as long as those do. */
  imitate(samples: readonly string[]): void;
  /** The same, with slots and a queue of its own that a flood here cannot take. */
  beside(slots: number, queueLength: number): Hasher;
};

/** `parameters` as a PHC string has them: one of the sets that ASVS 11.4.2 approves, `m` in KiB. */
export async function openHasher(parameters: string, slots: number, queueLength: number): Promise<Hasher> {
  const options = readParameters(parameters);
  // The first hash starts the pool's threads, all at once.
  const decoy = await hash('nobody has this password', options);
  lowerPoolPriority();
  let decoys: readonly string[] = [decoy];
  const inLane = (lane: Lane): Hasher => ({
    hash: (secret) => lane.run(() => hash(secret, options)),
    async verify(stored, secret, whose) {
      const against = stored ?? (whose ? pick(decoys, whose) : decoy);
      const isRight = await lane.run(() => check(against, secret));
      return isRight && stored !== undefined;
    },
    admit: lane.admit,
    hasRoom: lane.hasRoom,
    isOutdated: (stored) => !stored.startsWith(`$argon2id$v=19$${parameters}$`),
    imitate(samples) {
      decoys = samples.length === 0 ? [decoy] : samples.map(disarm).sort();
    },
    beside: (more, queue) => inLane(openLane(more, queue)),
  });
  return inLane(openLane(slots, queueLength));
}

async function check(stored: string, secret: string): Promise<boolean> {
  // The library throws on an empty secret, which can never be right: the same work, and no.
  if (stored.startsWith('$argon2')) return (await verify(stored, secret === '' ? ' ' : secret)) && secret !== '';
  const read = readHash(stored);
  if ('fault' in read) throw new Error(`a stored hash ${read.fault}`);
  return await read.verify(secret);
}

/** In order of form and cost, so that as the mix changes only those at the edges are imitated otherwise. */
function pick(decoys: readonly string[], whose: Buffer): string {
  return decoys[Math.floor((whose.readUInt32BE(0) / 2 ** 32) * decoys.length)] as string;
}

/** Form, cost and lengths of a hash without what it is of: nobody's password fits. */
function disarm(stored: string): string {
  if (/\$2[aby]\$\d\d\$[^$]+$/.test(stored)) return `${stored.slice(0, -53)}${'.'.repeat(53)}`;
  return stored.replace(/(?<=\$)[^$]+\$[^$]+$/, (rest) => rest.replace(/[^$]/g, 'A'));
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

type Lane = Pick<Hasher, 'admit' | 'hasRoom'> & { run: Hasher['admit'] };

function openLane(slots: number, queueLength: number): Lane {
  const waiting: (() => void)[] = [];
  let running = 0;
  let admitted = 0;
  const isFull = () => running >= slots && waiting.length >= queueLength;
  const hasRoom = () => admitted < slots + queueLength && !isFull();
  const busy = () => new Problem('busy', { retryAfter: 1 });
  return {
    hasRoom,
    async admit(work) {
      if (!hasRoom()) throw busy();
      admitted += 1;
      try {
        return await work();
      } finally {
        admitted -= 1;
      }
    },
    async run(work) {
      if (isFull()) throw busy();
      if (running >= slots) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
