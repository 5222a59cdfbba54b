import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBulkFreezes } from '../src/bulk-freezes/run.ts';
import { transact } from '../src/db/transaction.ts';
import { beginWatch } from '../src/watches/watches.ts';
import { askBulk, countFrozen, frozenInBulk, plantAccounts, readBulk, run } from './support/bulk.ts';
import { type Harness, openHarness, type TestAgent } from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { openNode } from './support/nodes.ts';
import { decide, HOUR, release } from './support/release.ts';
import { enrol, freezeByAgent, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  [agent, lead] = [await newSeasoned(h, 'agent'), await newSeasoned(h, 'lead')];
  await h.pool.query(`create function fail() returns trigger language plpgsql as $$ begin
    raise exception 'injected' using errcode = 'ZZ001'; end $$`);
});
afterAll(() => h.close());

/** Everything a freeze ends or calls off: sessions, devices, half-done sign-ins, links, wishes for a way out, a watch. */
async function newTarget(): Promise<SignedIn & { caseId: string }> {
  const owner = await newSignedIn(h);
  const report = { kind: 'takeover', message: 'Somebody was in' };
  const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  await h.mails();
  await enrol(h, owner.accessToken);
  await signIn(h, owner.email);
  const { ctx } = h.instance;
  await transact(ctx.db, ctx.ring, async (trx) => {
    const by = { actor: { kind: 'agent', id: agent.agentId } } as const;
    await beginWatch(trx, ctx, { accountId: owner.accountId, caseId }, by, h.clock.now());
  });
  await h.pool.query(
    `insert into approvals (id, kind, account_id, case_id, requested_by, reason, requested_at, expires_at,
       decided_by, decided_at, effective_at)
     values (gen_random_uuid(), 'second-factor-reset', $1, $2, $3, 'Lost', $4, $5, $6, $4, $5)`,
    [
      owner.accountId,
      caseId,
      agent.agentId,
      h.clock.now(),
      new Date(h.clock.now().getTime() + 72 * HOUR),
      lead.agentId,
    ],
  );
  await h.pool.query(
    `insert into unfreezes (id, account_id, proven_by, proof_born_at, requested_at, expires_at, confirmed_at, effective_at)
     values (gen_random_uuid(), $1, 'totp', $2, $2, $3, $2, $3)`,
    [owner.accountId, h.clock.now(), new Date(h.clock.now().getTime() + HOUR)],
  );
  await h.mails();
  return { ...owner, caseId };
}

/** What tells one account from another: who it is, where a request came from, which is signed or hashed. */
const DIFFERENT = [
  ...['ip', 'user_agent', 'email', 'email_key', 'value', 'sent_to', 'seq', 'tx', 'request_id'],
  ...['salt', 'jws', 'hash', 'token_hash', 'code_hash', 'selector', 'secret', 'leased_by'],
  // How far a delivery is says nothing of what was written.
  ...['attempts', 'delivered_at', 'leased_until', 'next_attempt_at', 'last_error'],
];

/** Every row of every table that hangs on the account, as it could be another's. */
async function stateOf(accountId: string): Promise<Record<string, string[]>> {
  const tables = await h.pool.query(`select c.table_name as name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'account_id' and t.table_type = 'BASE TABLE'
      and c.table_name not in ('bulk_freeze_accounts', 'erasures') order by 1`);
  const state: Record<string, string[]> = {};
  for (const name of ['accounts', ...tables.rows.map((row) => row.name)]) {
    const { rows } = await h.pool.query(
      `select row_to_json(t)::jsonb - $2::text[] as row from ${name} t where ${name === 'accounts' ? 'id' : 'account_id'} = $1`,
      [accountId, DIFFERENT],
    );
    const texts = rows.map(({ row }) => JSON.stringify(row));
    state[name] = texts
      .map((text) =>
        text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').replace(/\\\\x[0-9a-f]+/g, '<bytes>'),
      )
      .map((text) => text.replace(/HF-\w{4}-\w{4}/g, '<reference>').replace(/"[\w-]{40,}"/g, '"<hash>"'))
      .sort();
  }
  return state;
}

describe('a bulk freeze leaves an account', () => {
  it('as a single freeze does, table by table', async () => {
    const [one, many, other] = [await newTarget(), await newTarget(), await newTarget()];
    const before = await stateOf(one.accountId);
    expect(await stateOf(many.accountId)).toEqual(before);
    const reason = { reasonCode: 'account-takeover', note: 'One farm of devices' };
    expect((await freezeByAgent(h, agent, one.accountId, reason)).status).toBe(201);
    await frozenInBulk(h, agent, [many.accountId, other.accountId]);
    const single = await stateOf(one.accountId);
    expect(single).not.toEqual(before);
    const changed = Object.keys(single).filter((table) => `${single[table]}` !== `${before[table]}`);
    expect(changed).toEqual(
      expect.arrayContaining([
        'approvals',
        'challenges',
        'devices',
        'holds',
        'receipts',
        'sessions',
        'unfreezes',
        'watches',
      ]),
    );
    await h.mails();
    for (const { accountId } of [many, other]) expect(await stateOf(accountId)).toEqual(await stateOf(one.accountId));
    for (const { email } of [many, one]) expect((await h.mails(email))[0]?.subject).toBeDefined();
  });
});

describe('its work', () => {
  it('is shared by nodes: each account is frozen once, each batch by one of them', async () => {
    const accountIds = await plantAccounts(h, 1200);
    const { body } = await askBulk(h, agent, { accountIds });
    await decide(h, lead, body.approvalId);
    const node = await openNode(h);
    try {
      await Promise.all([h.instance.ctx, node.ctx, h.instance.ctx, node.ctx].map((ctx) => runBulkFreezes(ctx)));
      await run(h);
    } finally {
      await node.close(500);
    }
    expect(await readBulk(h, agent, body.jobId)).toMatchObject({ status: 'finished', progress: { frozen: 1200 } });
    const sql = `select count(*)::int as n, count(distinct account_id)::int as accounts from
      %t where account_id = any($1::uuid[])`;
    for (const table of ['holds', 'receipts', "(select * from events where type = 'account.frozen') as e"])
      expect((await h.pool.query(sql.replace('%t', table), [accountIds])).rows[0]).toEqual({ n: 1200, accounts: 1200 });
    const finished = `select count(*)::int as n from events where type = 'bulk-freeze.finished' and detail->>'bulkFreezeId' = $1`;
    expect((await h.pool.query(finished, [body.jobId])).rows[0].n).toBe(1);
  });

  it('V2.3.3 goes on after a batch that failed: one account that cannot be frozen keeps no other from it', async () => {
    const accountIds = await plantAccounts(h, 40);
    const [broken] = accountIds;
    await h.pool.query(`create trigger injected before insert on receipts for each row
      when (new.account_id = '${broken}') execute function fail()`);
    try {
      const { progress, failures, status } = await frozenInBulk(h, agent, accountIds);
      expect([status, progress]).toMatchObject(['finished', { frozen: 39, failed: 1, waiting: 0 }]);
      expect(failures).toEqual([{ accountId: broken, what: 'freeze', reason: 'error' }]);
      expect(await countFrozen(h, accountIds)).toBe(39);
      const left = `select 1 from events where type = 'account.frozen' and account_id = $1`;
      expect((await h.pool.query(left, [broken])).rowCount).toBe(0);
    } finally {
      await h.pool.query('drop trigger injected on receipts');
    }
  });

  it('V2.3.3 is all or none where its node dies within a batch, and goes on with the next', async () => {
    const accountIds = await plantAccounts(h, 30);
    await h.pool.query(`create function die() returns trigger language plpgsql as $$ begin
      perform pg_terminate_backend(pg_backend_pid()); return new; end $$`);
    await h.pool.query(`create trigger dying after update on bulk_freeze_accounts for each row execute function die()`);
    const { body } = await askBulk(h, agent, { accountIds: [...accountIds] });
    await expect(runBulkFreezes(h.instance.ctx)).rejects.toThrow();
    expect(await countFrozen(h, accountIds)).toBe(0);
    expect((await readBulk(h, agent, body.jobId)).progress).toMatchObject({ frozen: 0, waiting: 30, failed: 0 });
    await h.pool.query('drop trigger dying on bulk_freeze_accounts');
    await run(h);
    expect((await readBulk(h, agent, body.jobId)).progress).toMatchObject({ frozen: 30, waiting: 0, failed: 0 });
  });

  it('calls off a release that was asked for of the hold that stands', async () => {
    const [accountId] = (await plantAccounts(h, 1)) as [string];
    const { body } = await freezeByAgent(h, agent, accountId);
    const { approvalId } = (await release(h, agent, body.hold.id)).body;
    await frozenInBulk(h, agent, [accountId]);
    const answer = await decide(h, lead, approvalId);
    expect([answer.status, answer.body.code]).toEqual([409, 'approval-closed']);
  });
});
