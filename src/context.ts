import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Hasher } from './crypto/hasher.ts';
import type { Signer } from './crypto/jwt.ts';
import type { KeyRing } from './crypto/keys.ts';
import type { Database } from './db/types.ts';
import type { Locale } from './languages/languages.ts';
import type { Limits } from './lockout/limits.ts';
import type { Inbox } from './notices/inbox.ts';
import type { Policy } from './policy.ts';
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
  keys: KeyRing;
  signer: Signer;
  limits: Limits;
  /** Where mails land while no SMTP server is set; only in development. */
  inbox: Inbox | undefined;
  /** Wakes the workers of all nodes, after a commit. */
  ring: () => void;
};

/** Who is on the other end of a request, as far as it can be told. */
export type Client = { ip: string; userAgent: string | undefined; requestId: string; locale: Locale };
