import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Sends the headers `framed` (name, value, name, value …; names in lower case) together with the answer's own, which go
 * over them. Set one by one before the answer is there they cost several times as much.
 */
export class FramedResponse extends ServerResponse<IncomingMessage> {
  readonly framed: string[] = [];

  override writeHead(status: number, ...rest: [reason?: unknown, headers?: unknown]): this {
    const own = rest.find((each) => typeof each === 'object') as OutgoingHttpHeaders | undefined;
    const reason = typeof rest[0] === 'string' ? [rest[0]] : [];
    return super.writeHead(status, ...(reason as []), over(this.framed, own ?? {}));
  }
}

function over(framed: readonly string[], own: OutgoingHttpHeaders): OutgoingHttpHeader[] {
  const names = Object.keys(own);
  const lower = names.map((name) => name.toLowerCase());
  const all: OutgoingHttpHeader[] = [];
  for (let at = 0; at < framed.length; at += 2) {
    const [name, value] = [framed[at] as string, framed[at + 1] as string];
    if (!lower.includes(name)) all.push(name, value);
  }
  for (const name of names) all.push(name, own[name] as OutgoingHttpHeader);
  return all;
}
