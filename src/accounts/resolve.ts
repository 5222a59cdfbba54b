import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

const uuid = z.uuid();
const EXTERNAL = 'external:';

/** The account behind each reference, an id or `external:…`. What is unknown or closed has none. */
export async function resolveAccounts(
  db: Kysely<Database>,
  references: readonly string[],
): Promise<Map<string, string>> {
  const external = references.filter((one) => one.startsWith(EXTERNAL)).map((one) => one.slice(EXTERNAL.length));
  const ids = references.filter((one) => uuid.safeParse(one).success);
  const found = await queries.listOpenIds(db, ids, external);
  const known = new Map(
    found.flatMap(
      ({ id, external_id }) =>
        [
          [id, id],
          [`${EXTERNAL}${external_id}`, id],
        ] as const,
    ),
  );
  return new Map(
    references.flatMap((one) => {
      const id = known.get(one.startsWith(EXTERNAL) ? one : one.toLowerCase());
      return id === undefined ? [] : [[one, id] as const];
    }),
  );
}
