/**
 * The verifier beside a bare check of the signature, and how long after a freeze a verifier in another process refuses
 * its tokens. `--quick` freezes a hundred accounts instead of a thousand.
 */
import pg from 'pg';
import { Connection } from './client.ts';
import { watchRefusals } from './refusals.ts';
import { openStage, type Stage } from './stage.ts';
import { limitRow, type Row, renderRows } from './table.ts';
import { compareVerifiers } from './verifying.ts';

const isQuick = process.argv.includes('--quick');
const FREEZES = isQuick ? 100 : 1_000;
const AT_ONCE = 2;
const began = performance.now();

function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

const subjectOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub;

/** Freezes everybody, a few at a time, while the verifier tries their tokens: when each was first refused. */
async function freezeAll(stage: Stage): Promise<Map<string, number>> {
  const { host, port } = stage.service;
  const watch = await watchRefusals(`http://${host}:${port}`, stage.apiKey);
  const refused = new Map<string, number>();
  const queue = stage.people.values();
  const lane = async () => {
    const connection = new Connection(stage.service);
    for (const { accessToken } of queue) {
      const refusal = await watch.refusalOf(accessToken);
      const accountId = subjectOf(accessToken);
      const body = { reasonCode: 'account-takeover', note: 'bench' };
      const call = {
        method: 'POST',
        path: `/v1/server/accounts/${accountId}/freeze`,
        token: stage.apiKey,
        body,
      } as const;
      const { status } = await connection.send(call);
      if (status !== 201) throw new Error(`a freeze answered ${status}`);
      refused.set(accountId, await refusal.at);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await watch.stop();
  return refused;
}

/** From each freeze's commit, as the database kept it, to its refusal: in milliseconds. */
async function fromCommits(stage: Stage, refused: ReadonlyMap<string, number>): Promise<number[]> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ account_id: string; committed: number }>(
    `select account_id, (extract(epoch from pg_xact_commit_timestamp(tx::xid)) * 1000)::float8 as committed
     from events where type = 'account.frozen'`,
  );
  await client.end();
  return rows.map(({ account_id, committed }) => (refused.get(account_id) ?? Number.POSITIVE_INFINITY) - committed);
}

const quantile = (all: readonly number[], part: number) =>
  all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * part))] ?? Number.NaN;

const rows: Row[] = [];
say('checking tokens');
rows.push(...(await compareVerifiers(isQuick)));
say(`making ${FREEZES} accounts and signing them in`);
const stage = await openStage(FREEZES, { keepsCommitTimes: true });
try {
  say(`freezing ${FREEZES} accounts`);
  const latencies = await fromCommits(stage, await freezeAll(stage));
  if (latencies.length !== FREEZES) throw new Error(`${latencies.length} freezes were found`);
  rows.push(limitRow('freeze committed to refusal, p50', quantile(latencies, 0.5), 100, 'ms'));
  rows.push(limitRow(`freeze committed to refusal, p99 of ${FREEZES}`, quantile(latencies, 0.99), 100, 'ms'));
  rows.push(limitRow('freeze committed to refusal, longest', quantile(latencies, 1), 1_000, 'ms'));
} finally {
  await stage.stop();
}
console.log(`\n${renderRows(rows)}\n`);
if (rows.some(({ passes }) => passes === false)) process.exitCode = 1;
