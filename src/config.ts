import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Policy } from './policy.ts';
import { PolicyError, readPolicy } from './policy-file.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const url = (...schemes: string[]) =>
  z.string().refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), {
    error: `must be a URL starting with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
  });

const cidr = z.string().refine((value) => {
  const [address = '', bits, rest] = value.split('/');
  const family = isIP(address);
  return (
    family !== 0 &&
    rest === undefined &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  );
}, 'must be addresses or CIDRs, separated by commas');

/** As a browser writes it: scheme, host and port, nothing more. In the clear only on this machine (ASVS 3.4.2, 12.2.1). */
const origin = z.string().refine((value) => {
  if (!URL.canParse(value) || value.includes('*')) return false;
  const { protocol, hostname, origin } = new URL(value);
  return (
    origin === value &&
    (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname.replace(/^\[|\]$/g, ''))))
  );
}, 'must be origins such as https://app.example, separated by commas; http:// only on this machine');

const list = (value: string) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const secret = z
  .string()
  .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 random bytes in base64')
  .transform((value) => Buffer.from(value, 'base64'));

const webhookSecret = z.string().refine((value) => {
  const bytes = Buffer.from(value.replace(/^whsec_/, ''), 'base64').length;
  return bytes >= 24 && bytes <= 64;
}, 'must be whsec_ and 24 to 64 random bytes in base64 (Standard Webhooks)');

const environment = z.object({
  NODE_ENV: z.string().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: url('http:', 'https:').optional(),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  REDIS_URL: url('redis:', 'rediss:').optional(),
  HOLDFAST_DATA: z.string().min(1).optional(),
  HOLDFAST_SECRET: secret.optional(),
  HOLDFAST_SECRET_PREVIOUS: secret.optional(),
  HOLDFAST_POLICY: z.string().optional(),
  HOLDFAST_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  MAIL_FROM: z.string().min(3).optional(),
  SUPPORT_CONTACT: z.string().min(3).max(200).optional(),
  SERVICE_NAME: z.string().min(1).max(60).default('Holdfast'),
  CONTEXT_WORDS: z.string().default('').transform(list),
  BREACH_RANGE_URL: url('https:', 'http:').default('https://api.pwnedpasswords.com/range/'),
  MAX_CONNECTIONS: z.coerce.number().int().min(64).max(1_000_000).default(4096),
  TRUSTED_PROXIES: z.string().default('').transform(list).pipe(z.array(cidr)),
  ALLOWED_ORIGINS: z.string().default('').transform(list).pipe(z.array(origin)),
  PASSKEY_RP_ID: z.string().min(1).max(253).optional(),
  GEOIP_FILE: z.string().optional(),
  DISPOSABLE_DOMAINS_FILE: z.string().optional(),
  HELPDESK: z.enum(['builtin', 'webhook']).default('builtin'),
  HELPDESK_URL: url('http:', 'https:').optional(),
  HELPDESK_SECRET: webhookSecret.optional(),
  CAPTCHA_VERIFY_URL: url('http:', 'https:').optional(),
  CAPTCHA_SECRET: z.string().min(8).optional(),
  SMS_HOOK_URL: url('http:', 'https:').optional(),
  SMS_HOOK_SECRET: webhookSecret.optional(),
});

export type Config = {
  production: boolean;
  port: number;
  host: string;
  publicUrl: string;
  publicUrlIsExplicit: boolean;
  serviceName: string;
  /** Brands, products and projects that no password may be made of (ASVS 6.1.2). */
  contextWords: readonly string[];
  /** Where breached passwords are looked up, where the policy says so. */
  breachRangeUrl: string;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  dataDir: string;
  dataDirIsExplicit: boolean;
  secret: Buffer | undefined;
  /** The secret before it, while keys may still be wrapped by that. */
  previousSecret: Buffer | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  smtpUrl: string | undefined;
  mailFrom: string;
  /** Where owners can ask whether a mail is real: an address or a page. */
  supportContact: string;
  /** Whose pages, besides ours, may call for account holders from a browser. */
  allowedOrigins: readonly string[];
  /** The domain that passkeys are made for, where it is above that of `publicUrl`. */
  passkeyRpId: string | undefined;
  /** An MMDB file that knows where addresses are. */
  geoipFile: string | undefined;
  /** Domains of disposable mailboxes besides those that are known, and such as are none. */
  disposableDomainsFile: string | undefined;
  trustedProxies: string[];
  /** How many connections a node keeps at most, idle ones and streams included. */
  maxConnections: number;
  helpdesk: { provider: 'builtin' } | { provider: 'webhook'; url: string; secret: string };
  /** Whom the operator's CAPTCHA is checked with. */
  captcha: { url: string; secret: string } | undefined;
  /** Where texts are handed over for sending; without it they land on the inbox page, or there are none. */
  smsHook: { url: string; secret: string } | undefined;
  policy: Policy;
};

export class ConfigError extends Error {}

/** Types the environment. Throws ConfigError with one line per variable or policy key that is wrong or missing. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path[0]?.toString()}: ${issue.message}`).join('\n'),
    );
  }
  const values = parsed.data;
  const production = values.NODE_ENV === 'production';
  if (production) requireForProduction(values);
  const publicUrl = (values.PUBLIC_URL ?? `http://localhost:${values.PORT || 3000}`).replace(/\/+$/, '');
  const mailFrom = values.MAIL_FROM ?? `security@${new URL(publicUrl).hostname}`;
  return {
    production,
    port: values.PORT,
    host: values.HOST,
    publicUrl,
    publicUrlIsExplicit: values.PUBLIC_URL !== undefined,
    serviceName: values.SERVICE_NAME,
    contextWords: values.CONTEXT_WORDS,
    breachRangeUrl: values.BREACH_RANGE_URL,
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    dataDir: values.HOLDFAST_DATA ?? 'data',
    dataDirIsExplicit: values.HOLDFAST_DATA !== undefined,
    secret: values.HOLDFAST_SECRET,
    previousSecret: values.HOLDFAST_SECRET_PREVIOUS,
    logLevel: values.HOLDFAST_LOG,
    smtpUrl: values.SMTP_URL,
    mailFrom,
    supportContact: values.SUPPORT_CONTACT ?? mailFrom,
    trustedProxies: values.TRUSTED_PROXIES,
    maxConnections: values.MAX_CONNECTIONS,
    allowedOrigins: values.ALLOWED_ORIGINS,
    passkeyRpId: readPasskeyRpId(values.PASSKEY_RP_ID, publicUrl),
    geoipFile: values.GEOIP_FILE,
    disposableDomainsFile: values.DISPOSABLE_DOMAINS_FILE,
    helpdesk: readHelpdesk(values),
    captcha: readCaptcha(values, production),
    smsHook: readSmsHook(values, production),
    policy: readPolicyFile(values.HOLDFAST_POLICY),
  };
}

/** Whether only this machine can reach the service: the condition of every development convenience. */
export function isLoopback(config: Config): boolean {
  return LOOPBACK.includes(config.host);
}

function requireForProduction(values: z.infer<typeof environment>): void {
  const missing = (['HOLDFAST_SECRET', 'SMTP_URL', 'PUBLIC_URL'] as const).filter((name) => values[name] === undefined);
  if (missing.length > 0) throw new ConfigError(missing.map((name) => `${name}: required in production`).join('\n'));
  const publicUrl = new URL(values.PUBLIC_URL as string);
  if (publicUrl.protocol !== 'https:' && !LOOPBACK.includes(publicUrl.hostname)) {
    throw new ConfigError('PUBLIC_URL: must be https in production (ASVS 12.2.1)');
  }
}

/** Browsers make passkeys for the page's own host or for a domain above it (WebAuthn Level 3 5.1.3). */
function readPasskeyRpId(id: string | undefined, publicUrl: string): string | undefined {
  if (id === undefined) return undefined;
  const { hostname } = new URL(publicUrl);
  if (hostname === id || (isIP(hostname) === 0 && id.includes('.') && hostname.endsWith(`.${id}`))) return id;
  throw new ConfigError('PASSKEY_RP_ID: must be the host of PUBLIC_URL or a domain above it');
}

function readHelpdesk(values: z.infer<typeof environment>): Config['helpdesk'] {
  if (values.HELPDESK === 'builtin') return { provider: 'builtin' };
  if (!values.HELPDESK_URL || !values.HELPDESK_SECRET) {
    throw new ConfigError('HELPDESK: webhook needs HELPDESK_URL and HELPDESK_SECRET');
  }
  return { provider: 'webhook', url: values.HELPDESK_URL, secret: values.HELPDESK_SECRET };
}

function readSmsHook(
  { SMS_HOOK_URL: url, SMS_HOOK_SECRET: secret }: z.infer<typeof environment>,
  production: boolean,
): Config['smsHook'] {
  if (url === undefined) return undefined;
  if (production && new URL(url).protocol !== 'https:' && !LOOPBACK.includes(new URL(url).hostname)) {
    throw new ConfigError('SMS_HOOK_URL: must be https in production: it carries codes (ASVS 12.3.1)');
  }
  if (secret === undefined) throw new ConfigError('SMS_HOOK_SECRET: SMS_HOOK_URL needs it');
  return { url, secret };
}

function readPolicyFile(path: string | undefined): Policy {
  try {
    return readPolicy(path === undefined ? '' : readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof PolicyError) throw new ConfigError(`HOLDFAST_POLICY: ${error.message}`);
    throw new ConfigError(`HOLDFAST_POLICY: cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Secret and answer go over this wire. */
function readCaptcha(
  { CAPTCHA_VERIFY_URL: url, CAPTCHA_SECRET: secret }: z.infer<typeof environment>,
  production: boolean,
): Config['captcha'] {
  if (url === undefined) return undefined;
  if (production && !url.startsWith('https:')) throw new ConfigError('CAPTCHA_VERIFY_URL: must be https in production');
  if (secret === undefined) throw new ConfigError('CAPTCHA_SECRET: CAPTCHA_VERIFY_URL needs it');
  return { url, secret };
}
