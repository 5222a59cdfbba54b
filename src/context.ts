import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Disposable } from './accounts/disposable.ts';
import type { Budget } from './api-keys/budget.ts';
import type { Config } from './config.ts';
import type { Hasher } from './crypto/hasher.ts';
import type { Signer } from './crypto/jwt.ts';
import type { KeyRing } from './crypto/keys.ts';
import type { Wrapping } from './crypto/wrapping.ts';
import type { Topic } from './db/bell.ts';
import type { Database } from './db/types.ts';
import type { Locale } from './languages/languages.ts';
import type { Limits } from './lockout/limits.ts';
import type { Inbox } from './notices/inbox.ts';
import type { BreachList } from './passwords/breaches.ts';
import type { Places } from './places/places.ts';
import type { Policy } from './policy.ts';
import type { Captcha } from './proof-of-work/captcha.ts';
import type { Feed } from './revocations/feed.ts';
import type { Watch } from './stuffing/watch.ts';
import type { Clock } from './time.ts';

/** What every use case receives. */
export type Context = {
  config: Config;
  policy: Policy;
  clock: Clock;
  log: Logger;
  /** Ordinary work. */
  db: Kysely<Database>;
  /** Freezes, reports, agents and health: a flood elsewhere cannot take their connections. */
  urgentDb: Kysely<Database>;
  /** Counting guesses: separate, so that ordinary work cannot hold it up. */
  limitsDb: Kysely<Database>;
  /** Single statements only, pipelined: what every request asks. */
  reader: Kysely<Database>;
  hasher: Hasher;
  /** Passwords known from breaches of others; asked only where the policy says so. */
  breaches: BreachList;
  keys: KeyRing;
  /** What seals the keys themselves. */
  wrapping: Wrapping;
  signer: Signer;
  limits: Limits;
  /** What each API key may ask for. */
  budget: Budget;
  /** As `hasher`, for agents: a flood of sign-ins cannot take their places. */
  staffHasher: Hasher;
  /** The operator's CAPTCHA, if there is one. */
  captcha: Captcha | undefined;
  /** What this node remembers of guessing across accounts. */
  strangers: Watch;
  /** Whether a mailbox is one of those given away for minutes. */
  isDisposable: Disposable;
  /** Where addresses are, if the operator's file says so. */
  places: Places;
  /** Where mails land while no SMTP server is set; only in development. */
  inbox: Inbox | undefined;
  /** Wakes those who wait for this on any node, after a commit. */
  ring: (topic: Topic) => void;
  /** Where streams of revocations come from. */
  revocations: Feed;
};

/** Who is on the other end of a request, as far as it can be told. */
export type Client = { ip: string; userAgent: string | undefined; requestId: string; locale: Locale };
