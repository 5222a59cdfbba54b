import type { Redis } from 'ioredis';
import type pg from 'pg';
import { RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Policy } from '../policy.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import { plus } from '../time.ts';
import { addressBlock } from './address-block.ts';

type Rule = { points: number; seconds: number; code: ProblemCode };
type Store = RateLimiterPostgres | RateLimiterRedis;
/** Freezes and reports count on connections of their own, where no flood stands before them. */
type Lane = 'ordinary' | 'urgent';

/** How long what must come through waits to be counted. */
const URGENT_PATIENCE_MS = 500;

// biome-ignore format: a table reads as one
const rules = (policy: Policy) => ({
  'sign-in':        { points: policy['limits.signInPerIp'],              seconds: 60,   code: 'too-many-attempts' },
  'reset':          { points: policy['limits.resetPerIp'],               seconds: 60,   code: 'too-many-requests' },
  'sign-up':        { points: policy['limits.signUpPerIp'],              seconds: 60,   code: 'too-many-requests' },
  'report':         { points: policy['limits.reportPerIp'],              seconds: 60,   code: 'too-many-requests' },
  'anonymous-report': { points: policy['limits.anonymousReportsPerAccount'], seconds: 86_400, code: 'too-many-requests' },
  'other':          { points: policy['limits.otherPerIp'],               seconds: 60,   code: 'too-many-requests' },
  'containment':    { points: policy['limits.otherPerIp'],               seconds: 60,   code: 'too-many-requests' },
  'reset-mail':     { points: policy['limits.mailPerAccount'],           seconds: 3600, code: 'too-many-requests' },
  'sign-in-code':   { points: policy['limits.signInCodesPerAccount'],    seconds: 3600, code: 'too-many-requests' },
  'unfreeze':       { points: policy['limits.unfreezesPerAccount'],       seconds: 3600, code: 'too-many-requests' },
  'mail-recipient': { points: policy['limits.mailPerRecipient'],         seconds: 600,  code: 'too-many-requests' },
  'notice-recipient': { points: policy['limits.noticesPerRecipient'],    seconds: 3600, code: 'too-many-requests' },
  'notice-account': { points: policy['limits.noticesPerAccount'],        seconds: 3600, code: 'too-many-requests' },
  'sign-up-mail':   { points: policy['limits.signUpMailPerRecipient'],   seconds: 600,  code: 'too-many-requests' },
  'export':         { points: policy['limits.exportsPerAccount'],        seconds: 3600, code: 'too-many-requests' },
  'grant':          { points: policy['limits.grantsPerAccount'],         seconds: 60,   code: 'too-many-requests' },
  'factor-change':  { points: policy['limits.factorChangesPerAccount'],  seconds: 60,   code: 'too-many-requests' },
  'contact-change': { points: policy['limits.contactChangesPerAccount'], seconds: 3600, code: 'too-many-requests' },
  'api-key':        { points: policy['limits.requestsPerKey'],           seconds: 60,   code: 'too-many-requests' },
  'speech':         { points: policy['limits.messagesPerAccount'],       seconds: 60,   code: 'too-many-requests' },
  'mark':           { points: policy['limits.marksPerAccount'],          seconds: 60,   code: 'too-many-requests' },
  'agent':          { points: policy['limits.requestsPerAgent'],         seconds: 60,   code: 'too-many-requests' },
  'text-recipient': { points: policy['limits.textsPerRecipient'],        seconds: 3600, code: 'too-many-requests' },
} as const satisfies Record<string, Rule>);

export type LimitName = keyof ReturnType<typeof rules>;

/** Whether there were so many uses left, how many there still are for all nodes, and until when that holds. */
export type Taken = { isTaken: boolean; remaining: number; until: Date };

/** Rates shared by all nodes. They slow a caller down; who is locked or held is decided elsewhere. */
export type Limits = {
  /** Counts one use by this address (IPv6 by /64). Throws Problem 429 with Retry-After past the limit. */
  takeForAddress(name: LimitName, ip: string): Promise<void>;
  /** As `takeForAddress` for what contains or reports: where no store counts it in time, it goes through. */
  takeOpenly(name: LimitName, ip: string): Promise<void>;
  /** As `takeForAddress`, for what a signed-in owner does. */
  takeForAccount(name: LimitName, accountId: string): Promise<void>;
  /** As `takeOpenly`, for what one owner or agent does. */
  takeOpenlyFor(name: LimitName, id: string): Promise<void>;
  /** Counts one use by this key; false past the limit. */
  take(name: LimitName, key: string): Promise<boolean>;
  /** Takes many uses at once, to be spent without asking again. Throws Problem `busy` where nothing can count. */
  takeMany(name: LimitName, key: string, uses: number): Promise<Taken>;
  close(): Promise<void>;
};

/** Redis where `redisUrl` names one, with Postgres standing in whenever it cannot be reached; else Postgres alone. */
export async function openLimits(
  policy: Policy,
  pools: Record<Lane, pg.Pool>,
  redisUrl: string | undefined,
): Promise<Limits> {
  const redis = redisUrl === undefined ? undefined : await connectRedis(redisUrl);
  const all = rules(policy);
  const storesOn = (lane: Lane) =>
    Object.fromEntries(
      Object.entries(all).map(([name, rule]) => [name, openStore(name, rule, pools[lane], redis)]),
    ) as Record<LimitName, Store>;
  const stores = { ordinary: storesOn('ordinary'), urgent: storesOn('urgent') };

  async function consume(name: LimitName, key: string, lane: Lane = 'ordinary'): Promise<RateLimiterRes | undefined> {
    const answer = await stores[lane][name].consume(key).catch(asRefusal);
    return 'isRefused' in answer ? answer : undefined;
  }

  async function takeOrThrow(name: LimitName, key: string): Promise<void> {
    refuse(name, await consume(name, key));
  }

  async function takeOpenly(name: LimitName, key: string): Promise<void> {
    const counted = consume(name, key, 'urgent').catch(letThrough);
    refuse(name, await Promise.race([counted, patience(URGENT_PATIENCE_MS)]));
  }

  function refuse(name: LimitName, refusal: RateLimiterRes | undefined): void {
    if (!refusal) return;
    throw new Problem(all[name].code, { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) });
  }

  return {
    takeForAddress: (name, ip) => takeOrThrow(name, addressBlock(ip)),
    takeOpenly: (name, ip) => takeOpenly(name, addressBlock(ip)),
    takeForAccount: takeOrThrow,
    takeOpenlyFor: takeOpenly,
    take: async (name, key) => (await consume(name, key)) === undefined,
    async takeMany(name, key, uses) {
      const answer = await stores.ordinary[name].consume(key, uses).catch(asRefusal);
      const until = plus(new Date(), answer.msBeforeNext);
      return { isTaken: !('isRefused' in answer), remaining: answer.remainingPoints, until };
    },
    close: async () => redis?.disconnect(),
  };
}

/** The library throws a refusal; an `Error` is none. Neither store answers then: fail closed, a limit must count. */
function asRefusal(refusal: unknown): RateLimiterRes & { isRefused: true } {
  if (refusal instanceof RateLimiterRes) return Object.assign(refusal, { isRefused: true as const });
  throw new Problem('busy', { retryAfter: 1 });
}

/** A freeze must come through while the counting cannot; a refusal that was counted is an answer and stands. */
function letThrough(error: unknown): undefined {
  if (!(error instanceof Problem && error.code === 'busy')) throw error;
}

function patience(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

function openStore(name: string, rule: Rule, pool: pg.Pool, redis: Redis | undefined): Store {
  const options = {
    keyPrefix: name,
    points: rule.points,
    duration: rule.seconds,
    // Who is past the limit stays so until it ends: no store is asked again.
    inMemoryBlockOnConsumed: rule.points + 1,
  };
  const postgres = new RateLimiterPostgres({
    ...options,
    storeClient: pool,
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
  });
  if (!redis) return postgres;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: postgres,
  });
}

/** Loaded only where there is one to connect to: what most installations never use costs each its start. */
async function connectRedis(url: string): Promise<Redis> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 1_000,
    commandTimeout: 500,
  });
  // Reported by the insurance taking over; an unhandled event would end the process.
  redis.on('error', () => undefined);
  return redis;
}
