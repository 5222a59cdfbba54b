import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type Harness,
  newAgent,
  newOwner,
  type Owner,
  openHarness,
  type TestAgent,
} from './support/harness.ts';
import { enrol, freezeByAgent, freezeLinkOf, hostKey, reason, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
  await hostKey(h);
  await h.pool.query(`create function fail() returns trigger language plpgsql as $$ begin
    raise exception 'injected' using errcode = 'ZZ001'; end $$`);
});
afterAll(() => h.close());

/** Every statement a freeze makes, by what it writes. */
const statements = [
  'insert on cases',
  'insert on tickets',
  'insert on holds',
  'insert on receipts',
  'insert on events',
  'insert on deliveries',
  'update on sessions',
  'update on links',
  'delete on challenges',
  'delete on devices',
] as const;

/** Raised when the transaction is about to commit: everything is written by then. */
const commits = ['holds', 'events', 'deliveries', 'receipts'];

async function withFailure(trigger: string, work: () => Promise<void>): Promise<void> {
  await h.pool.query(trigger);
  try {
    await work();
  } finally {
    const table = / on (\w+)/.exec(trigger)?.[1];
    await h.pool.query(`drop trigger injected on ${table}`);
  }
}

const tables = [
  'accounts',
  'holds',
  'cases',
  'tickets',
  'receipts',
  'events',
  'deliveries',
  'sessions',
  'links',
  'devices',
  'challenges',
];

/** Every row of every table a freeze could touch. */
async function everything(): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const table of tables) {
    const { rows } = await h.pool.query(`select row_to_json(t)::text as row from ${table} t`);
    dump[table] = rows.map(({ row }) => row).sort();
  }
  return dump;
}

/** An owner with something in each of those tables. */
async function newTarget(): Promise<Owner & { link: string }> {
  const owner = await newOwner(h);
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  const link = await freezeLinkOf(h, owner.email);
  await enrol(h, owner.accessToken);
  await signIn(h, owner.email);
  await h.mails();
  return { ...owner, link };
}

type Target = Awaited<ReturnType<typeof newTarget>>;
const presses: [string, (target: Target) => Promise<Answer>][] = [
  ['an agent', ({ accountId }) => freezeByAgent(h, agent, accountId)],
  ['the owner', ({ accessToken }) => h.post('/v1/me/freeze', {}, { token: accessToken })],
  [
    'the host',
    async ({ accountId }) => h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token: await hostKey(h) }),
  ],
  ['a link', ({ link }) => h.post('/v1/auth/link/use', { token: link, confirm: true })],
];

describe.each(presses)('V2.3.3 a freeze by %s', (_who, press) => {
  let target: Target;
  beforeAll(async () => {
    target = await newTarget();
  });

  async function expectNothingDone(): Promise<void> {
    const before = await everything();
    const answer = await press(target);
    expect([answer.status, answer.body.code]).toEqual([500, 'internal-error']);
    expect(answer.text).not.toContain('injected');
    expect(await everything()).toEqual(before);
    expect((await h.get('/v1/me', target.accessToken)).status).toBe(200);
  }

  it.each(statements)('is undone altogether when the %s fails', async (statement) => {
    const trigger = `create trigger injected before ${statement} for each row execute function fail()`;
    await withFailure(trigger, expectNothingDone);
  });

  it.each(commits)('is undone altogether when the commit fails over %s', async (table) => {
    const trigger = `create constraint trigger injected after insert on ${table} deferrable initially deferred
      for each row execute function fail()`;
    await withFailure(trigger, expectNothingDone);
  });

  it('is done altogether once nothing fails', async () => {
    expect((await press(target)).status).toBeLessThan(202);
    expect((await h.get('/v1/me', target.accessToken)).status).toBe(401);
    expect((await h.mails(target.email)).filter(({ text }) => text.includes('/case#token='))).toHaveLength(1);
  });
});
