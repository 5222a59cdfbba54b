import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';
import { workRequired } from '../src/proof-of-work/proof-of-work.ts';
import { totpSecretRow } from '../src/second-factors/rules.ts';
import { unfreezeCode } from '../src/unfreeze/mailed-code.ts';
import { openEnrolment } from './support/enrolment-tries.ts';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { newScheduled, newSeasoned, vetoLink } from './support/lost-factor.ts';
import { plantPasskey } from './support/passkeys.ts';
import { newOffered, newOpened } from './support/recovery-tries.ts';
import { HOUR, plantHold } from './support/release.ts';
import { newAccount } from './support/seed.ts';
import { prepareTexted, prepareTexting, type Texted } from './support/sms-tries.ts';
import { newAdmins, newInvited } from './support/staff.ts';

let h: Harness;
let holder: Owner;
let agent: TestAgent;
/** Has a second factor, and no code of theirs is among the tokens. */
let strong: Owner;
let tokens: Record<string, string>;
/** A passkey and a waiting grant of `strong`, and somebody with a number enrolled. */
let passkeyId: string;
let grantId: string;
let texted: Texted;
let texting: Texted;
/** Holds their own payments for long enough, and has a second factor. */
let held: Owner;
beforeAll(async () => {
  // Each door is to look at every token: no limit may refuse it first.
  const plenty = {
    'totp.maxFailures': 10_000,
    'limits.unfreezesPerAccount': 1000,
    'limits.factorChangesPerAccount': 10_000,
    'access.ttl': 3_600_000,
  };
  h = await openHarness({ policy: { ...plenty, 'sms.factor': 'on', 'grant.attempts': 10_000 } });
  holder = await newOwner(h);
  agent = await newAgent(h);
  strong = await newOwner(h);
  await enrolTotp(h, strong);
  passkeyId = (await plantPasskey(h, strong.accountId)).id;
  grantId = await ask();
  texting = await prepareTexting(h);
  held = await newOwner(h);
  await enrolTotp(h, held);
  await plantHold(h, held.accountId, {
    source: 'owner',
    scope: 'payments',
    since: new Date(h.clock.now().getTime() - 3 * HOUR),
  });
  texted = await prepareTexted(h);
  tokens = await oneOfEach();
});
afterAll(() => h.close());

const post = (path: string, body: object, token?: string) => h.post(path, body, { token });
const someId = '0190b0a0-0000-7000-8000-000000000000';
const newPassword = 'another long enough sentence';

type Operation = { name: string; method: string; path: string; schemes: string[]; secrets: string[] };
// biome-ignore lint/suspicious/noExplicitAny: a document of any shape.
type Any = any;

/** Every operation of the contract, with who may call it and which of its fields take a secret. */
function readContract(): Operation[] {
  const document = openapiDocument() as Any;
  const resolve = (schema: Any): Any =>
    schema?.$ref ? resolve(document.components.schemas[schema.$ref.split('/').pop()]) : schema;
  const fieldsOf = (schema: Any): string[] => {
    const known = resolve(schema) ?? {};
    const parts = [...(known.anyOf ?? []), ...(known.oneOf ?? []), ...(known.allOf ?? [])];
    return [...Object.keys(known.properties ?? {}), ...parts.flatMap(fieldsOf)];
  };
  return Object.entries<Any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Any>(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, someId),
      schemes: (operation.security ?? []).flatMap((some: object) => Object.keys(some)),
      secrets: [...new Set(fieldsOf(operation.requestBody?.content?.['application/json']?.schema))].filter((field) =>
        /^(token|challenge|code|grant)$|Token$/.test(field),
      ),
    })),
  );
}
const operations = readContract();

/** Which kind of token the contract's schemes mean. */
const schemes: Record<string, string> = {
  owner: 'owner access',
  caseToken: 'case token',
  recoveryToken: 'recovery token',
  apiKey: 'API key',
  agent: 'agent access',
};

type Field = {
  for: string[];
  body: () => object | Promise<object>;
  bearer?: () => string;
  /** What the path is about, where something must be there. */
  id?: () => string;
};
const owners = () => tokens['owner access'] as string;
const signIn = () => ({ identifier: holder.email, password: PASSWORD });
const code = (body: () => object = () => ({})): Field => ({ for: [], body, bearer: () => strong.accessToken });

/** Every field that takes a secret, with the rest of its body. One that is new in the contract needs a row here. */
const fields: Record<string, Field> = {
  'POST /v1/auth/email-confirmation token': { for: ['confirm-email link'], body: () => ({}) },
  'POST /v1/auth/sign-in code': { for: [], body: newEnrolled },
  'POST /v1/auth/second-factor challenge': { for: ['challenge'], body: () => ({ factor: 'totp', code: '123456' }) },
  'POST /v1/auth/second-factor code': {
    for: [],
    body: async () => {
      const { challenge } = (await post('/v1/auth/sign-in', await newEnrolled())).body;
      return { factor: 'recovery-code', challenge };
    },
  },
  'POST /v1/auth/enrolment/totp enrolmentToken': { for: ['enrolment token'], body: () => ({}) },
  'POST /v1/auth/enrolment/totp/confirm enrolmentToken': { for: [], body: () => ({ code: '000000' }) },
  'POST /v1/auth/enrolment/totp/confirm code': {
    for: [],
    body: async () => ({ enrolmentToken: await openEnrolment(h, await newAccount(h)) }),
  },
  'POST /v1/auth/enrolment/passkey enrolmentToken': { for: ['enrolment token'], body: () => ({}) },
  'POST /v1/auth/enrolment/passkey/confirm enrolmentToken': { for: [], body: () => ({ credential: someCredential }) },
  'POST /v1/auth/case-access code': { for: [], body: newEnrolled },
  'POST /v1/auth/case-access token': { for: ['case-access link'], body: () => ({}) },
  'POST /v1/auth/recovery token': { for: ['recovery link'], body: () => ({}) },
  'POST /v1/auth/recovery/totp/confirm code': {
    for: [],
    body: () => ({}),
    bearer: () => tokens['recovery token'] as string,
  },
  'POST /v1/auth/refresh refreshToken': { for: ['refresh'], body: () => ({}) },
  'POST /v1/auth/password-reset/confirm token': { for: ['reset-password link'], body: () => ({ newPassword }) },
  'POST /v1/auth/password-reset/confirm code': {
    for: [],
    body: async () => {
      const { identifier } = await newEnrolled();
      await post('/v1/auth/password-reset', { identifier });
      return { newPassword, token: tokenIn((await h.mails(identifier))[0], 'reset') };
    },
  },
  'POST /v1/auth/link token': { for: pressed(), body: () => ({}) },
  'POST /v1/auth/link/use token': { for: pressed(), body: () => ({ confirm: true }) },
  'PUT /v1/me/password code': code(() => ({ currentPassword: PASSWORD, newPassword })),
  'POST /v1/me/email-change code': code(() => ({ newEmail: someEmail() })),
  'POST /v1/me/email-change/confirm token': { for: ['confirm-contact link'], body: () => ({}), bearer: owners },
  'POST /v1/me/phone-change code': code(() => ({ newPhone: '+4915112345678' })),
  'POST /v1/me/phone-change/confirm code': { for: [], body: () => ({}), bearer: owners },
  'PUT /v1/me/username code': code(() => ({ username: 'somebody' })),
  'POST /v1/me/notice-addresses code': code(() => ({ email: someEmail() })),
  'POST /v1/me/notice-addresses/confirm token': {
    for: ['confirm-notice-address link'],
    body: () => ({}),
    bearer: owners,
  },
  'DELETE /v1/me/notice-addresses/{id} code': code(),
  'POST /v1/me/totp code': code(),
  'DELETE /v1/me/totp code': code(),
  'DELETE /v1/me/totp/{id} code': code(),
  'POST /v1/me/totp/confirm code': { for: [], body: () => ({}), bearer: owners },
  'POST /v1/me/recovery-codes code': code(),
  'POST /v1/me/passkeys/options code': code(),
  'DELETE /v1/me/passkeys/{id} code': { ...code(), id: () => passkeyId },
  'POST /v1/me/sms code': { ...code(), bearer: () => texting.accessToken },
  'POST /v1/me/sms/confirm code': { ...code(), bearer: () => texting.accessToken },
  'DELETE /v1/me/sms code': { ...code(), bearer: () => texted.accessToken },
  'POST /v1/me/unfreeze code': { ...code(), bearer: () => held.accessToken },
  'POST /v1/me/unfreeze/confirm code': { ...code(), body: startUnfreeze, bearer: () => held.accessToken },
  'POST /v1/me/step-up code': code(() => ({ password: PASSWORD })),
  'POST /v1/me/grants/{id}/confirm code': { ...code(), id: () => grantId },
  'POST /v1/server/grants/redeem grant': {
    for: ['grant'],
    body: () => ({ accountId: strong.accountId, action: 'security-change' }),
    bearer: () => tokens['API key'] as string,
  },
  'POST /v1/agent/auth/sign-in code': { for: [], body: () => ({ email: agent.email, password: agent.password }) },
  'POST /v1/agent/auth/refresh refreshToken': { for: ['agent refresh'], body: () => ({}) },
  'POST /v1/agent/auth/enrolment token': { for: ['agent enrolment'], body: () => ({ password: newPassword }) },
  'POST /v1/agent/auth/enrolment/confirm token': { for: [], body: () => ({ code: '000000' }) },
  'POST /v1/agent/auth/enrolment/confirm code': { for: [], body: newEnrolling },
};

/** One whose own token is not among the tokens, with a password set. */
async function newEnrolling(): Promise<{ token: string }> {
  const { token } = await newInvited(h, await newAdmins(h));
  await post('/v1/agent/auth/enrolment', { token, password: newPassword });
  return { token };
}

/** The right code of the mail, so that the other one is looked at. */
async function startUnfreeze(): Promise<{ mailCode: string }> {
  await post('/v1/me/unfreeze', {}, held.accessToken);
  const open = 'select id from unfreezes where account_id = $1 and ended_at is null and executed_at is null';
  const { rows } = await h.pool.query(open, [held.accountId]);
  return { mailCode: unfreezeCode(h.instance.ctx.keys, rows[0].id) };
}

/** Somebody whose codes are asked for, and none of whose own is among the tokens. */
async function newEnrolled(): Promise<{ identifier: string; password: string }> {
  const owner = await newOwner(h);
  await enrolTotp(h, owner);
  return { identifier: owner.email, password: PASSWORD };
}

function pressed(): string[] {
  return ['freeze-account link', 'unlock-sign-in link', 'undo-contact-change link', 'veto link', 'confirm-report link'];
}

const ask = async () => {
  const wanted = { action: 'payment', amount: '10', currency: 'EUR', payee: { id: 'payee' } };
  return (await post('/v1/me/grants', wanted, strong.accessToken)).body.grantId as string;
};

/** Of somebody whose own codes the doors are not shown. */
async function grantOf(owner: Owner): Promise<string> {
  h.clock.advance(60_000);
  const { rows } = await h.pool.query('select secret, id from totp_factors where account_id = $1', [owner.accountId]);
  const secret = h.instance.ctx.keys.decrypt(rows[0].secret, totpSecretRow(rows[0].id));
  const path = `/v1/me/grants/${await ask()}/confirm`;
  return (await post(path, { code: totpCode(secret, h.clock.now()) }, owner.accessToken)).body.grant;
}

function workFor(subject: string): string {
  const asked = { purpose: 'sign-in', block: '192.0.2.1', subject } as const;
  const { proof } = workRequired(h.instance.ctx, asked, 15, h.clock.now()).options.members as { proof: Any };
  return proof.challenge;
}

const someCredential = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA' },
};

/** What takes a secret and refuses none: a test of its own says what it does instead. */
const forgiving = new Set([
  'POST /v1/auth/sign-in deviceToken',
  'POST /v1/auth/second-factor deviceToken',
  'POST /v1/auth/second-factor/send challenge',
  'POST /v1/auth/enrolment/totp/confirm deviceToken',
  'POST /v1/auth/enrolment/passkey/confirm deviceToken',
  'POST /v1/server/sessions/introspect token',
  'POST /v1/auth/passkey deviceToken',
  'POST /v1/auth/passkey/options challenge',
  'POST /v1/auth/password-reset/passkey-options token',
  'POST /v1/server/transactions grant',
]);

async function oneOfEach(): Promise<Record<string, string>> {
  const credentials = { identifier: holder.email, password: PASSWORD };
  const { caseToken } = (await post('/v1/auth/case-access', credentials)).body;
  await post('/v1/auth/password-reset', { identifier: holder.email });
  const reset = tokenIn((await h.mails(holder.email))[0], 'reset');

  const guessed = await newOwner(h);
  for (let n = 0; n < 5; n++) await post('/v1/auth/sign-in', { identifier: guessed.email, password: 'a wrong one' });
  const [locked] = await h.mails(guessed.email);

  const frozen = await newOwner(h);
  const { receipt } = (await post('/v1/me/freeze', {}, frozen.accessToken)).body;

  const enrolled = await newOwner(h);
  const { recoveryCodes } = await enrolTotp(h, enrolled);
  const challenged = await post('/v1/auth/sign-in', { identifier: enrolled.email, password: PASSWORD });

  const moved = await newOwner(h);
  const moveTo = someEmail();
  await post('/v1/me/email-change', { newEmail: moveTo }, moved.accessToken);
  const token = tokenIn((await h.mails(moveTo))[0], 'confirm-address');
  await post('/v1/me/email-change/confirm', { token }, moved.accessToken);
  const undo = (await h.mails(moved.email)).find(({ text }) => text.includes('/undo#token='));

  const lost = await newScheduled(h, { agent: await newAgent(h), lead: await newSeasoned(h, 'lead') });

  const [offered, opened] = [await newOffered(h, agent), await newOpened(h, agent)];
  const next = someEmail();
  await post('/v1/me/email-change', { newEmail: next }, holder.accessToken);
  const notice = someEmail();
  await post('/v1/me/notice-addresses', { email: notice }, holder.accessToken);
  const confirmNotice = (await h.mails(notice))[0]?.text.match(/#token=(\S+)/)?.[1] ?? '';

  const email = someEmail();
  await post('/v1/auth/sign-up', { email, password: PASSWORD });
  const again = (await post('/v1/auth/sign-in', { ...credentials, deviceToken: holder.deviceToken })).body;
  return {
    'owner access': again.accessToken,
    refresh: again.refreshToken,
    'device token': again.deviceToken,
    'case token': caseToken,
    challenge: challenged.body.challenge,
    'enrolment token': await openEnrolment(h, await newAccount(h)),
    'agent access': agent.accessToken,
    'agent refresh': agent.refreshToken,
    'API key': await newApiKey(h),
    'agent enrolment': (await newInvited(h, await newAdmins(h))).token,
    receipt,
    'recovery code': recoveryCodes[0] as string,
    'confirm-email link': tokenIn((await h.mails(email))[0], 'confirm'),
    'reset-password link': reset,
    'freeze-account link': tokenIn(locked, 'freeze'),
    'unlock-sign-in link': tokenIn(locked, 'unlock'),
    'case-access link': tokenIn((await h.mails(frozen.email))[0], 'case'),
    'confirm-contact link': tokenIn((await h.mails(next))[0], 'confirm-address'),
    'confirm-notice-address link': confirmNotice,
    'undo-contact-change link': tokenIn(undo, 'undo'),
    'recovery link': offered.link,
    'recovery token': opened.token,
    'veto link': await vetoLink(h, lost.email),
    'confirm-report link': await reportLink(),
    grant: await grantOf(strong),
    'work to do': workFor('nobody'),
  };
}

async function reportLink(): Promise<string> {
  const { email } = await newAccount(h);
  await post('/v1/auth/report', { identifier: email, kind: 'scam', message: 'Help', contact: 'me' });
  return tokenIn((await h.mails(email))[0], 'report');
}

function refused(kind: string, { status, body }: Answer): void {
  // 422: a signed token is longer than the field for an opaque one. 429: so many wrong codes lock the door.
  expect([400, 401, 422, 429], `${kind}: ${status}`).toContain(status);
  expect(body.code, kind).toMatch(/^(unauthorized|invalid-|too-many-)/);
}

describe('the lists below', () => {
  it('know every field of the contract that takes a secret', () => {
    const taken = operations.flatMap(({ name, secrets }) => secrets.map((field) => `${name} ${field}`));
    expect([...Object.keys(fields), ...forgiving].sort()).toEqual(taken.sort());
    for (const { name, schemes: some } of operations)
      for (const scheme of some) expect(Object.keys(schemes), name).toContain(scheme);
  });

  it('have a token of every kind that the code makes', async () => {
    for (const [kind, token] of Object.entries(tokens)) expect(token, kind).toMatch(/^\S{10,}$/);
    expect(new Set(Object.values(tokens)).size).toBe(Object.keys(tokens).length);
    const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join('src', file), 'utf8'))
      .join('\n');
    const all = Object.values(tokens);
    for (const [prefix] of source.matchAll(/hf_[a-z]{2}/g))
      expect(
        all.some((token) => token.startsWith(`${prefix}_`)),
        prefix,
      ).toBe(true);
    const typs = all.map((token) => Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    for (const [, typ] of source.matchAll(/'([\w-]+\+jwt)'/g))
      expect(
        typs.some((head) => head.includes(`"${typ}"`)),
        typ,
      ).toBe(true);
    const { rows } = await h.pool.query(
      `select pg_get_constraintdef(oid) as purposes from pg_constraint
       where contypid = 'link_purpose'::regtype`,
    );
    const purposes = Array.from(rows[0].purposes.matchAll(/'([\w-]+)'/g), (found: Any) => `${found[1]} link`);
    expect(
      Object.keys(tokens)
        .filter((kind) => kind.endsWith(' link'))
        .sort(),
    ).toEqual(purposes.sort());
  });
});

describe('V9.2.2 V7.2.2 RFC 8725 3.12: a token of one kind opens no door of another', () => {
  it.each(operations.filter(({ schemes: some }) => some.length > 0))('as the bearer of $name', async (operation) => {
    const own = operation.schemes.map((scheme) => schemes[scheme]);
    for (const [kind, token] of Object.entries(tokens)) {
      if (own.includes(kind)) continue;
      const body = operation.method === 'GET' ? undefined : {};
      const answer = await h.call(operation.method, operation.path, { token, body });
      expect([kind, answer.status, answer.body?.code]).toEqual([kind, 401, 'unauthorized']);
    }
  });

  it.each(Object.keys(fields))('as %s', async (name) => {
    const [method = '', path = '', field = ''] = name.split(' ');
    const door = fields[name] as Field;
    const rest = await door.body();
    for (const [kind, token] of Object.entries(tokens)) {
      if (door.for.includes(kind)) continue;
      const body = { ...rest, [field]: token };
      refused(
        kind,
        await h.call(method, path.replace(/\{\w+\}/g, door.id?.() ?? someId), { body, token: door.bearer?.() }),
      );
    }
  });

  it('as the device of a sign-in, which is a new device then', async () => {
    const devices = async () =>
      (await h.pool.query("select count(*)::int as n from events where type = 'device.added'")).rows[0].n;
    const other = await newOwner(h);
    for (const [kind, deviceToken] of Object.entries(tokens)) {
      const before = await devices();
      const answer = await post('/v1/auth/sign-in', { identifier: other.email, password: PASSWORD, deviceToken });
      if (answer.status === 422) continue;
      expect([kind, answer.status, await devices()]).toEqual([kind, 200, before + 1]);
    }
  });

  it('as what a host asks about: only an owner’s access token is active', async () => {
    const key = tokens['API key'];
    for (const [kind, token] of Object.entries(tokens)) {
      const { body } = await post('/v1/server/sessions/introspect', { token }, key);
      expect([kind, body.active]).toEqual([kind, kind === 'owner access']);
    }
  });

  it('opens its own door afterwards: nothing above used any of them up', async () => {
    const doors: Record<string, (token: string) => Promise<Answer>> = {
      'owner access': (token) => h.get('/v1/me', token),
      'case token': (token) => h.get('/v1/me', token),
      refresh: (refreshToken) => post('/v1/auth/refresh', { refreshToken }),
      'API key': (token) => post('/v1/server/sessions/introspect', { token }, token),
      'agent access': (token) => h.get('/v1/agent/cases', token),
      'agent refresh': (refreshToken) => post('/v1/agent/auth/refresh', { refreshToken }),
      'agent enrolment': (token) => post('/v1/agent/auth/enrolment', { token, password: newPassword }),
      'recovery code': (text) =>
        post('/v1/auth/second-factor', { challenge: tokens['challenge'], factor: 'recovery-code', code: text }),
      'device token': (deviceToken) => post('/v1/auth/sign-in', { ...signIn(), deviceToken }),
      'confirm-email link': (token) => post('/v1/auth/email-confirmation', { token }),
      'confirm-contact link': (token) => post('/v1/me/email-change/confirm', { token }, owners()),
      'confirm-notice-address link': (token) => post('/v1/me/notice-addresses/confirm', { token }, owners()),
      'freeze-account link': (token) => post('/v1/auth/link', { token }),
      'unlock-sign-in link': (token) => post('/v1/auth/link', { token }),
      'undo-contact-change link': (token) => post('/v1/auth/link', { token }),
      'veto link': (token) => post('/v1/auth/link', { token }),
      'case-access link': (token) => post('/v1/auth/case-access', { token }),
    };
    for (const [kind, open] of Object.entries(doors))
      expect((await open(tokens[kind] as string)).status, kind).toBeLessThan(300);
  });
});
