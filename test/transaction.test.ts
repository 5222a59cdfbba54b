import { sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transact } from '../src/db/transaction.ts';
import type { Database } from '../src/db/types.ts';
import { type Harness, openHarness } from './support/harness.ts';

type Trx = Transaction<Database>;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
  await h.pool.query('create table written (place serial, what text)');
});
afterAll(() => h.close());

async function takeWritten(): Promise<string[]> {
  const { rows } = await h.pool.query(
    'with taken as (delete from written returning *) select what from taken order by place',
  );
  return rows.map(({ what }) => what);
}

const write = (trx: Trx, what: string) => sql`insert into written (what) values (${what})`.execute(trx);
const fail = (trx: Trx) => sql`select 1 / 0`.execute(trx);
const run = (work: (trx: Trx) => Promise<unknown>) => transact(h.instance.ctx.db, () => undefined, work);

describe('statements that one transaction has under way together', () => {
  it('are carried out in the order in which they were asked', async () => {
    const words = Array.from({ length: 40 }, (_, n) => String(n));
    await run((trx) => Promise.all(words.map((word) => write(trx, word))));
    expect(await takeWritten()).toEqual(words);
  });

  it('are all undone with the one that failed, whose error is told', async () => {
    const failing = run((trx) => Promise.all([write(trx, 'before'), fail(trx), write(trx, 'after')]));
    await expect(failing).rejects.toThrow('division by zero');
    expect(await takeWritten()).toEqual([]);
  });

  it.each(Array.from({ length: 60 }, (_, turns) => turns))(
    'leave nothing of what went on beside the one that failed, %i turns later',
    async (turns) => {
      let goingOn: Promise<unknown> = Promise.resolve();
      const goOn = async (trx: Trx) => {
        await write(trx, 'before');
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        await write(trx, 'late');
      };
      const failing = run(async (trx) => {
        goingOn = goOn(trx);
        await Promise.all([goingOn, fail(trx)]);
      });
      await expect(failing).rejects.toThrow('division by zero');
      await goingOn.catch(() => undefined);
      expect(await takeWritten()).toEqual([]);
    },
  );

  it('can be asked of it no more once it is over, failed or not', async () => {
    let kept: Trx | undefined;
    const keep = async (trx: Trx) => {
      kept = trx;
    };
    await run(keep);
    await expect(write(kept as Trx, 'late')).rejects.toThrow('committed');
    await run(async (trx) => {
      await keep(trx);
      throw new Error('no');
    }).catch(() => undefined);
    await expect(write(kept as Trx, 'late')).rejects.toThrow('rolled back');
    expect(await takeWritten()).toEqual([]);
  });
});
