import { isOutdated } from './named-query.ts';

const codes = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|57P0[123]|08|53300)/;
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed))/;

/** Whether the database could not be reached or asked to wait: trying again later is right, nothing is broken. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return codes.test(code) || messages.test(error.message) || isOutdated(error);
}
