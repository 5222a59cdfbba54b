import type { Pool } from 'pg';

/** Open cases, one of each kind for an account, spread over priorities and agents as a busy queue is. */
export async function insertCases(pool: Pool, n: number, agents: string[], now: Date): Promise<void> {
  await pool.query(
    `insert into accounts (id, email, created_at)
     select md5('account' || i)::uuid, 'case-' || i || '@example.com', $1 from generate_series(0, $2::int / 6) as i`,
    [now, n],
  );
  await pool.query(
    `insert into cases (id, reference, account_id, kind, priority, opened_at, respond_by, assignee_id, snoozed_until)
     select gen_random_uuid(), 'BENCH-' || i, md5('account' || i / 6)::uuid,
       (array['takeover', 'suspicious-activity', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint'])[1 + i % 6],
       (array['urgent', 'high', 'normal', 'normal', 'low'])[1 + (i / 6) % 5],
       $1::timestamptz, $1::timestamptz + (i * 7919::bigint % 864000) * interval '1 second',
       case when i % 4 <> 0 then ($2::uuid[])[1 + i % cardinality($2::uuid[])] end,
       case when i % 50 = 0 then $1::timestamptz + interval '1 hour' end
     from generate_series(1, $3::int) as i`,
    [now, agents, n],
  );
  await pool.query('analyze cases');
}

export type Plan = { nodes: string[]; indexes: string[]; rows: number; ms: number };
type PlanNode = { 'Node Type': string; 'Index Name'?: string; 'Actual Rows': number; Plans?: PlanNode[] };

/** What Postgres does for a query, and how long it takes. */
export async function explain(pool: Pool, query: { sql: string; parameters: readonly unknown[] }): Promise<Plan> {
  const { rows } = await pool.query(`explain (analyze, format json) ${query.sql}`, [...query.parameters]);
  const [{ Plan: root, 'Execution Time': ms }] = rows[0]['QUERY PLAN'];
  const nodes: PlanNode[] = [];
  const collect = (node: PlanNode): void => {
    nodes.push(node);
    for (const inner of node.Plans ?? []) collect(inner);
  };
  collect(root);
  return {
    nodes: nodes.map((node) => node['Node Type']),
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
    rows: root['Actual Rows'],
    ms,
  };
}
