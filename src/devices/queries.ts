import { type Kysely, sql, type Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type NewDevice = { id: string; accountId: string; userAgent: string | null; ip: string };

const countAdded = statement<{ added: number }, [accountId: string]>(
  'count-device',
  `insert into device_counts as c (account_id, added) values ($1, 1)
   on conflict (account_id) do update set added = c.added + 1 returning added`,
);

/**
 * Adds a device and forgets the least recently seen ones past `most`. Answers how many the account ever had, forgotten
 * ones too. The count's row lock makes others who add one wait: together they could pass `most`.
 */
export async function insertDevice(
  trx: Transaction<Database>,
  device: NewDevice,
  most: number,
  now: Date,
): Promise<number> {
  const added = (await countAdded(trx, device.accountId))[0]?.added ?? 1;
  const kept = await trx
    .selectFrom('devices')
    .select('id')
    .where('account_id', '=', device.accountId)
    .orderBy('last_seen_at', 'desc')
    .execute();
  const forgotten = kept.slice(most - 1).map((row) => row.id);
  if (forgotten.length > 0) await trx.deleteFrom('devices').where('id', 'in', forgotten).execute();
  await trx
    .insertInto('devices')
    .values({
      id: device.id,
      account_id: device.accountId,
      user_agent: device.userAgent,
      ip: device.ip,
      created_at: now,
      last_seen_at: now,
    })
    .execute();
  return added;
}

export async function deleteDevices(
  trx: Transaction<Database>,
  accounts: Accounts,
  except: string | undefined,
): Promise<void> {
  await trx
    .deleteFrom('devices')
    .where('account_id', 'in', listOf(accounts))
    .$if(except !== undefined, (query) => query.where('id', '<>', except as string))
    .execute();
}

/** Forgets one device of this account. The returned truth is the verdict. */
export async function deleteDevice(trx: Transaction<Database>, accountId: string, id: string): Promise<boolean> {
  const row = await trx
    .deleteFrom('devices')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export type ListedDevice = {
  id: string;
  user_agent: string | null;
  ip: string | null;
  created_at: Date;
  last_seen_at: Date;
};

export async function listDevices(
  db: Kysely<Database>,
  accountId: string,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<ListedDevice[]> {
  return await db
    .selectFrom('devices')
    .select(['id', 'user_agent', 'created_at'])
    .select(
      sql<Date>`greatest(last_seen_at, (select max(s.last_seen_at) from sessions s
        where s.account_id = devices.account_id and s.device_id = devices.id and s.ended_at is null))`.as(
        'last_seen_at',
      ),
    )
    .select(sql<string | null>`host(ip)`.as('ip'))
    .where('account_id', '=', accountId)
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
