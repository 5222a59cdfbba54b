type File = { name: string; type: 'text/csv; charset=utf-8; header=present' | 'application/x-ndjson' };

/** A file that is written while it is read. Typed as anything: a route's types know no streams. */
export function download(pieces: AsyncIterable<string>, { name, type }: File): never {
  const encoder = new TextEncoder();
  const bytes = ReadableStream.from(pieces).pipeThrough(
    new TransformStream<string, Uint8Array>({ transform: (piece, out) => out.enqueue(encoder.encode(piece)) }),
  );
  const headers = { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` };
  return new Response(bytes, { headers }) as never;
}

/** A header row, and a line for each. */
export async function* csvOf<Row>(
  header: readonly string[],
  rows: AsyncIterable<Row>,
  line: (row: Row) => string,
): AsyncGenerator<string> {
  yield `${header.join(',')}\r\n`;
  for await (const row of rows) yield line(row);
}
