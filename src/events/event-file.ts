import { csvLine } from '../csv.ts';
import { csvOf, download } from '../download.ts';
import { showEvent } from './schemas.ts';
import type { SpineEvent } from './spine.ts';

const header = [
  'id',
  'at',
  'type',
  'actorKind',
  'actorId',
  'accountId',
  'sessionId',
  'deviceId',
  'caseId',
  'ip',
  'userAgent',
  'requestId',
  'detail',
];

export const eventFileTypes = ['text/csv', 'application/x-ndjson'] as const;

/** Events as a file: CSV that no spreadsheet executes, or a JSON object on each line. */
export function eventFile(type: (typeof eventFileTypes)[number], rows: AsyncIterable<SpineEvent>, name: string): never {
  if (type === 'application/x-ndjson') return download(jsonLines(rows), { name: `${name}.ndjson`, type });
  return download(csvOf(header, rows, eventLine), {
    name: `${name}.csv`,
    type: 'text/csv; charset=utf-8; header=present',
  });
}

async function* jsonLines(rows: AsyncIterable<SpineEvent>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(showEvent(row))}\n`;
}

function eventLine(row: SpineEvent): string {
  const { id, at, type, actor, accountId, sessionId, deviceId, caseId, ip, userAgent, requestId, detail } =
    showEvent(row);
  const origin = [ip, userAgent, requestId, JSON.stringify(detail)];
  return csvLine([id, at, type, actor.kind, actor.id, accountId, sessionId, deviceId, caseId, ...origin]);
}
