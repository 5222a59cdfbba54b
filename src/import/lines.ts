const NEWLINE = 10;
const MOST_BYTES = 1024 * 1024;

/** `text` is missing where the line is too long or not UTF-8. */
export type Line = { number: number; text: string | undefined };

/** Splits bytes into lines and holds no more than one of them. Blank lines count, and are left out. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0;
  let held: Buffer[] = [];
  let size = 0;
  const hold = (piece: Buffer) => {
    size += piece.length;
    if (size <= MOST_BYTES) held.push(piece);
    else held = [];
  };
  const release = (): Line | undefined => {
    number += 1;
    const text = size > MOST_BYTES ? undefined : decode(Buffer.concat(held), number);
    held = [];
    size = 0;
    return text === '' ? undefined : { number, text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      hold(chunk.subarray(start, end));
      const line = release();
      if (line) yield line;
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  const last = size > 0 ? release() : undefined;
  if (last) yield last;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer, number: number): string | undefined {
  try {
    const text = utf8.decode(bytes).trim();
    return number === 1 ? text.replace(/^\uFEFF/, '') : text;
  } catch {
    return undefined;
  }
}
