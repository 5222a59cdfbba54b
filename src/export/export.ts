import { isOwners, ownersData } from '../activity/owners-view.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

type Asker = { actor: Actor; by: 'owner' | 'host' | 'operator'; client?: Client | undefined };

/**
 * Everything held about the person as one JSON document, in pieces (GDPR 15, 20): no secret, no other person's data, no
 * notes among agents, no scores that would tell how fraud is found. The export is an event. Throws `not-found`.
 */
export async function exportAccount(
  ctx: Context,
  accountId: string,
  { actor, by, client }: Asker,
): Promise<AsyncGenerator<string>> {
  const now = ctx.clock.now();
  const account = await queries.findProfile(ctx.db, accountId);
  if (!account) throw new Problem('not-found');
  await transact(ctx.db, ctx.ring, (trx) =>
    record(trx, { type: 'account.exported', actor, accountId, client, detail: { by }, isSilent: by !== 'owner' }, now),
  );
  return write(ctx, accountId, account, now);
}

/** No transaction is held while the reader takes their time: each list is as it is when its turn comes. */
async function* write(ctx: Context, accountId: string, account: queries.Row, now: Date): AsyncGenerator<string> {
  yield `{"exportedAt":${JSON.stringify(now)},"account":${JSON.stringify(account)}`;
  for (const name of queries.listNames) {
    yield `,${JSON.stringify(name)}:${JSON.stringify(await queries.findList(ctx.db, name, accountId))}`;
  }
  for (const name of queries.pagedNames) {
    let separator = '';
    yield `,${JSON.stringify(name)}:[`;
    for await (const held of queries.walk(ctx.db, name, accountId)) {
      const row = name === 'activity' ? showActivity(held) : held;
      if (!row) continue;
      yield separator + JSON.stringify(row);
      separator = ',';
    }
    yield ']';
  }
  yield '}\n';
}

/** As its owner may see it: undefined for what is for agents alone, but for when they looked at the account (GDPR 15). */
function showActivity(row: queries.Row): queries.Row | undefined {
  const type = String(row['type']);
  if (type === 'account.read') return { ...row, detail: {} };
  return isOwners(type) ? { ...row, detail: ownersData(type, row['detail']) } : undefined;
}
