import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { counterKey } from '../src/lockout/attempts.ts';
import { type Answer, type Harness, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';

/** Of each kind in each pair: thousands in the long form (`npm run campaign:uniformity`). */
const TRIES = Number(process.env['TRIES'] ?? 30);
const WARM_UP = 5;
const isLong = TRIES >= 1000;
const OWNERS = 10;

type Kind = 'unknown' | 'known' | 'locked' | 'locked unknown' | 'frozen';

let h: Harness;
let addresses: Record<Exclude<Kind, 'unknown' | 'locked unknown'>, string[]>;
beforeAll(async () => {
  const policy = {
    'passwords.argon2id': 'm=19456,t=2,p=1',
    'signIn.beat': 100,
    'limits.anonymousReportsPerAccount': 100,
  } as const;
  h = await openHarness({ policy });
  addresses = { known: await owners(), locked: await owners(), frozen: await owners(true) };
}, 120_000);
afterAll(() => h.close());

async function owners(isFrozen = false): Promise<string[]> {
  const emails: string[] = [];
  for (let n = 0; n < OWNERS; n++) {
    const owner = await newOwner(h);
    if (isFrozen) await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    emails.push(owner.email);
  }
  return emails;
}

type Door = { name: string; ask(email: string): Promise<Answer>; isLocking: boolean };
const doors: Door[] = [
  {
    name: 'sign-in',
    ask: (identifier) => h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password' }),
    isLocking: true,
  },
  {
    name: 'one-shot sign-in',
    ask: (identifier) => h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password', code: '123456' }),
    isLocking: true,
  },
  {
    name: 'access to report and to see cases',
    ask: (identifier) => h.post('/v1/auth/case-access', { identifier, password: 'a wrong password' }),
    isLocking: true,
  },
  {
    name: 'sign-up',
    ask: (email) => h.post('/v1/auth/sign-up', { email, password: PASSWORD }),
    isLocking: false,
  },
  {
    name: 'reset',
    ask: (identifier) => h.post('/v1/auth/password-reset', { identifier }),
    isLocking: false,
  },
  {
    name: 'report',
    ask: (identifier) => h.post('/v1/auth/report', { identifier, kind: 'scam', message: 'Help', contact: 'me' }),
    isLocking: false,
  },
];

/** The short form asks where a difference was found once: refusals wait for their beat, which takes its time. */
const SHORT = ['sign-in', 'sign-up', 'reset', 'report'];

/** What is compared with what at a door: a locked one tells that it is, so it is held against a locked one of nobody. */
function pairsOf({ name, isLocking }: Door): [Kind, Kind][] {
  const first: [Kind, Kind] = ['known', 'unknown'];
  if (!isLong) return SHORT.includes(name) ? [first] : [];
  return [first, isLocking ? ['locked', 'locked unknown'] : ['known', 'locked'], ['known', 'frozen']];
}

/** Some address of this kind that nobody has tried, or that was tried until it locked. */
async function prepare(kind: Kind, n: number): Promise<string> {
  const email = kind === 'unknown' || kind === 'locked unknown' ? someEmail() : (addresses[kind][n % OWNERS] as string);
  if (kind.startsWith('locked')) await lock(email);
  return email;
}

async function lock(email: string): Promise<void> {
  const values = [counterKey(h.instance.ctx, 'identifier', email), h.clock.now()];
  const until = `$2::timestamptz + interval '15 minutes'`;
  await h.pool.query(
    `insert into attempt_counters (key, locks, blocked_until, touched_at) values ($1, 1, ${until}, $2)`,
    values,
  );
}

/** What tries before left must not slow one kind, nor lock it. */
async function settle(): Promise<void> {
  await h.instance.worker.drain();
  await h.pool.query('delete from attempt_counters');
  await h.pool.query('delete from sign_ups');
  await h.pool.query('update passwords set consecutive_failures = 0 where consecutive_failures > 0');
}

async function timed(door: Door, kind: Kind, email: string): Promise<number> {
  const started = performance.now();
  const { status } = await door.ask(email);
  const time = performance.now() - started;
  expect(status).toBe(door.isLocking ? (kind.startsWith('locked') ? 429 : 401) : 202);
  return time;
}

async function measure(door: Door, pair: [Kind, Kind]): Promise<[number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < TRIES + WARM_UP; n++) {
    await settle();
    const emails = [await prepare(pair[0], n), await prepare(pair[1], n)];
    for (const place of n % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      await h.instance.worker.drain();
      const time = await timed(door, pair[place], emails[place] as string);
      if (n >= WARM_UP) times[place].push(time);
    }
  }
  return times;
}

/** Mann-Whitney: the chance that a time of the first kind is longer than one of the second, 0.5 where nothing tells them apart. */
function rank(first: number[], second: number[]): number {
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (first.length * second.length);
}

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
/** The spread of the rank where both kinds are one. */
const DEVIATION = Math.sqrt((2 * TRIES + 1) / (12 * TRIES * TRIES));

describe('V6.3.8 OW-FP2 how long the answer takes does not tell', () => {
  it.each(
    doors.flatMap((door) =>
      pairsOf(door).map((pair) => ({ door, pair, what: `${pair.join(' from ')} at ${door.name}` })),
    ),
  )('$what', { timeout: 3_600_000 }, async ({ door, pair, what }) => {
    const times = await measure(door, pair);
    const auc = rank(...times);
    const z = (auc - 0.5) / DEVIATION;
    console.log(
      `${what}: AUC ${auc.toFixed(3)} (z ${z.toFixed(1)}) of ${TRIES} each, ` +
        `medians ${median(times[0]).toFixed(2)} and ${median(times[1]).toFixed(2)} ms`,
    );
    expect(Math.abs(auc - 0.5)).toBeLessThan(0.02 + 4 * DEVIATION);
  });
});
