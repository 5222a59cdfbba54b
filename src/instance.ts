import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { openDisposable } from './accounts/disposable.ts';
import { openBudget } from './api-keys/budget.ts';
import { createApp } from './app.ts';
import { type Config, isLoopback } from './config.ts';
import type { Context } from './context.ts';
import { openHasher } from './crypto/hasher.ts';
import { openSigner } from './crypto/jwt.ts';
import { openWrapping } from './crypto/wrapping.ts';
import { type Bell, openBell } from './db/bell.ts';
import { openDatabase, openPool, openReader } from './db/connect.ts';
import type { Router } from './http.ts';
import { startJobs } from './jobs.ts';
import { openKeys } from './keys/key-store.ts';
import { openLimits } from './lockout/limits.ts';
import { type Inbox, openInbox } from './notices/inbox.ts';
import { openMailer } from './notices/mailer.ts';
import { openBreachList } from './passwords/breaches.ts';
import { followHashForms } from './passwords/hash-forms.ts';
import { openPlaces } from './places/places.ts';
import { openCaptcha } from './proof-of-work/captcha.ts';
import { openFeed } from './revocations/feed.ts';
import { openShed, type Shed } from './shed.ts';
import { openWatch } from './stuffing/watch.ts';
import { type Clock, systemClock } from './time.ts';
import { startWorker, type Worker } from './worker.ts';

const HASH_QUEUE = 128;
/** Who cannot be counted in this time is told that the service is busy: fail closed, and soon. */
const RATES_PATIENCE_MS = 2_000;
const STAFF_QUEUE = 64;

export type Instance = {
  ctx: Context;
  app: Router;
  /** Asked before the app. */
  shed: Shed;
  worker: Worker;
  /** Ends what would never end by itself, so that the server can close. */
  endStreams(): void;
  close(patience?: number): Promise<void>;
};
type Parts = { clock?: Clock; log?: Logger; roles?: readonly ('api' | 'worker')[] };

/** Opens everything one node needs on a migrated database. `close` finishes what is under way and hands the rest back. */
export async function openInstance(
  config: Config & { databaseUrl: string; secret: Buffer },
  parts: Parts = {},
): Promise<Instance> {
  const { clock = systemClock, log = pino({ level: config.logLevel }), roles = ['api', 'worker'] } = parts;
  const places = await openPlaces(config.geoipFile);
  let isClosing = false;
  // Once everything is being closed, a database that stops first is no loss.
  const onError = (error: Error) => {
    if (!isClosing) log.warn({ err: error }, 'database connection lost');
  };
  const options = { url: config.databaseUrl, onError };
  const databases = {
    db: openDatabase({ ...options, name: 'main', max: 10 }),
    urgentDb: openDatabase({ ...options, name: 'urgent', max: 4 }),
    limitsDb: openDatabase({ ...options, name: 'limits', max: 4 }),
    reader: openReader({ ...options, name: 'reader', max: 2 }),
  };
  const ratePools = {
    ordinary: openPool({ ...options, name: 'rates', max: 2, patience: RATES_PATIENCE_MS }),
    urgent: openPool({ ...options, name: 'urgent-rates', max: 1, patience: RATES_PATIENCE_MS }),
  };
  const wrapping = openWrapping(config.secret, config.previousSecret);
  const overlap = config.policy['keys.overlap'];
  const keyStore = await openKeys({ db: databases.urgentDb, wrapping, overlap, clock, log });
  const limits = await openLimits(config.policy, ratePools, config.redisUrl);
  // By this name `keys rewrap` sees which secrets a node was given.
  const bell = await openBell(config.databaseUrl, wrapping.secretIds.join(' '), onError);
  bell.onRing('keys', () => void keyStore.follow());
  const hasher = await openHasher(config.policy['passwords.argon2id'], availableParallelism(), HASH_QUEUE);
  const ctx: Context = {
    config,
    policy: config.policy,
    clock,
    log,
    ...databases,
    hasher,
    breaches: openBreachList(config.breachRangeUrl),
    keys: keyStore.keys,
    wrapping,
    signer: openSigner(keyStore.keys, config.publicUrl),
    limits,
    budget: openBudget(limits, config.policy['limits.requestsPerKey']),
    staffHasher: hasher.beside(1, STAFF_QUEUE),
    captcha: config.captcha && openCaptcha(config.captcha),
    isDisposable: openDisposable(config.disposableDomainsFile),
    strangers: openWatch(databases.limitsDb),
    places,
    inbox: inboxOf(config),
    ring: bell.ring,
    revocations: openFeed({
      db: databases.reader,
      clock,
      log,
      bell,
      heartbeat: config.policy['revocations.heartbeat'],
    }),
  };
  const mailer = await openMailer({ smtpUrl: config.smtpUrl, from: config.mailFrom, inbox: ctx.inbox });
  const worker = startWorker(ctx, mailer, roles.includes('worker') ? bell : undefined);

  const stopHashForms = await followHashForms(ctx);
  const stopJobs = roles.includes('worker') ? startJobs(ctx) : undefined;

  return {
    ctx,
    app: createApp(ctx),
    shed: openShed(ctx),
    worker,
    endStreams: ctx.revocations.close,
    async close(patience = 5_000) {
      ctx.revocations.close();
      await worker.stop(patience);
      stopHashForms();
      await stopJobs?.();
      await keyStore.close();
      isClosing = true;
      await closeAll(ctx, bell, mailer.close);
      await Promise.all([ratePools.ordinary.end(), ratePools.urgent.end()]);
    },
  };
}

/** Mails land on a page of this service where none can be sent: never in production, never beyond this machine. */
function inboxOf(config: Config): Inbox | undefined {
  const isAllowed = config.smtpUrl === undefined && !config.production && isLoopback(config);
  return isAllowed ? openInbox(join(config.dataDir, 'inbox')) : undefined;
}

async function closeAll(ctx: Context, bell: Bell, closeMailer: () => void): Promise<void> {
  closeMailer();
  await Promise.all([
    bell.close(),
    ctx.limits.close(),
    ctx.db.destroy(),
    ctx.urgentDb.destroy(),
    ctx.limitsDb.destroy(),
    ctx.reader.destroy(),
  ]);
}
