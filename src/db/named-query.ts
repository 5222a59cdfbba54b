import pg from 'pg';

type Named = { name: string; text: string; values: unknown[] };
type Done = (error: Error | null | undefined, result: pg.QueryResult) => void;
// The types know only the class that pg exports, not how it is made.
const Query = pg.Query as unknown as new (text: string, values: unknown[], done: Done) => pg.Query & { name: string };

/** Runs a prepared statement. What pg's own form with an object adds, a copy of that object, costs more than sending it. */
export function queryNamed(client: pg.Client, { name, text, values }: Named): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new Query(text, values, (error, result) => {
      if (!error) return resolve(result);
      // Its pool takes a new one in its place.
      if (isOutdated(error)) void client.end();
      reject(error);
    });
    query.name = name;
    client.query(query);
  });
}

/** A newer node's migration changed a table: what this connection has prepared about it fails, and always would. */
export function isOutdated(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.routine === 'RevalidateCachedQuery';
}
