import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';

/** One JSON object per line, times in UTC. What is logged is chosen field by field; an error shows no more than this. */
export function openLog(level: Config['logLevel'], destination: DestinationStream): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp,
    serializers: { err: showError },
  };
  return pino(options, destination);
}

let [last, text] = [0, ''];

/** RFC 3339 in UTC; under load many lines share a millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== last) [last, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
  return text;
}

/** A database's error also carries the values of the row; those stay out. */
function showError(error: unknown): object {
  if (!(error instanceof Error)) return { message: 'not an error' };
  const code = 'code' in error ? { code: String(error.code) } : {};
  return { name: error.name, ...code, message: error.message, stack: error.stack };
}
