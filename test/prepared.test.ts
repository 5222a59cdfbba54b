import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { freezeByAgent, newAccount } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const MANY = 40;

async function makeAccounts(count: number): Promise<string[]> {
  const made: string[] = [];
  while (made.length < count) made.push((await newAccount(h)).accountId);
  return made;
}

/** Often enough that what a freeze says is prepared on every connection it can take. */
async function freezeMany(accounts: string[]): Promise<Answer[]> {
  return await Promise.all(accounts.splice(0, MANY).map((accountId) => freezeByAgent(h, agent, accountId)));
}

async function preparedNames(): Promise<string[]> {
  return await h.instance.ctx.urgentDb
    .selectFrom('pg_prepared_statements' as never)
    .select('name' as never)
    .execute()
    .then((rows) => rows.map((row) => (row as { name: string }).name));
}

describe('V16.5.2 while a newer node changes the tables', () => {
  it('what was prepared is given up: told to come again at worst, and soon served', async () => {
    const accounts = await makeAccounts(4 * MANY);
    expect(new Set((await freezeMany(accounts)).map(({ status }) => status))).toEqual(new Set([201]));
    expect((await preparedNames()).filter((name) => name.startsWith('hot-')).length).toBeGreaterThan(5);

    for (const table of ['accounts', 'cases', 'holds', 'sessions']) {
      await h.pool.query(`alter table ${table} add column newer integer`);
    }
    const first = await freezeMany(accounts);
    expect(first.map(({ status }) => status).filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(
      first.some(({ status }) => status === 503),
      'nothing was prepared: this proves nothing',
    ).toBe(true);
    await freezeMany(accounts);
    expect(new Set((await freezeMany(accounts)).map(({ status }) => status))).toEqual(new Set([201]));
  });
});
