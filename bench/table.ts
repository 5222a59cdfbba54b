import type { Compared } from './rounds.ts';

export type Row = {
  what: string;
  ours: string;
  against: string;
  ratio: string;
  bar: string;
  passes: boolean | undefined;
};

const heading: Row = { what: '', ours: 'ours', against: 'against', ratio: 'ratio', bar: 'bar', passes: undefined };

/** A comparison of rates; without a bar it is told for its own sake. */
export function ratioRow(what: string, { ours, floor, ratio, low, high }: Compared, least?: number): Row {
  return {
    what,
    ours: perSecond(ours.perSecond),
    against: perSecond(floor.perSecond),
    ratio: `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`,
    bar: least === undefined ? '' : `≥ ${least}`,
    passes: least === undefined ? undefined : ratio >= least,
  };
}

/** A value that must stay under a limit, in its own unit. */
export function limitRow(what: string, value: number, limit: number, unit: string, against = ''): Row {
  const show = (amount: number) => `${Math.round(amount)} ${unit}`;
  return { what, ours: show(value), against, ratio: '', bar: `≤ ${show(limit)}`, passes: value <= limit };
}

/** What one request costs and how long it takes: steadier than rates on a shared machine. */
export function costRows(what: string, { ours, floor }: Compared): string[][] {
  const row = (name: string, side: Compared['ours']) => [
    name,
    ms(side.nodeMs),
    ms(side.databaseMs),
    ms(side.nodeMs + side.databaseMs),
    ms(side.p50),
    ms(side.p99),
  ];
  return [row(what, ours), row('  against', floor)];
}

export const costHeading = ['per request, ms', 'node', 'postgres', 'both', 'p50', 'p99'];

export function renderRows(rows: readonly Row[]): string {
  const sign = (passes: boolean | undefined) => (passes === undefined ? '' : passes ? '✓' : '✗');
  const cells = [heading, ...rows].map((row) => [
    row.what,
    row.ours,
    row.against,
    row.ratio,
    row.bar,
    sign(row.passes),
  ]);
  return renderTable(cells);
}

export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

function perSecond(rate: number): string {
  return `${rate < 1000 ? rate.toFixed(0) : `${(rate / 1000).toFixed(2)}k`}/s`;
}

function ms(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 2 : 1);
}
