import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { type Line, readLines } from './lines.ts';

const CHUNK = 256 * 1024;

/** Where the lines come from. Only a file has a size and a fingerprint, and can be read again. */
export type Source = {
  size: number | undefined;
  fingerprint: Buffer | undefined;
  lines(): AsyncIterable<Line>;
  /** Bytes of the file read so far. */
  bytesRead(): number;
};

/** Opens a file, unpacking one whose name ends in `.gz`. Rejects as node:fs does where there is none. */
export async function openFile(path: string): Promise<Source> {
  const { size } = await stat(path);
  let file: ReadStream | undefined;
  return {
    size,
    fingerprint: await fingerprintOf(path),
    bytesRead: () => file?.bytesRead ?? 0,
    lines() {
      const opened = createReadStream(path, { highWaterMark: CHUNK });
      file = opened;
      if (!path.endsWith('.gz')) return readLines(opened);
      const gunzip = createGunzip({ chunkSize: CHUNK });
      opened.on('error', (error) => gunzip.destroy(error));
      return readLines(opened.pipe(gunzip));
    },
  };
}

export function openStream(stream: NodeJS.ReadableStream): Source {
  let read = 0;
  async function* counted() {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk as Buffer);
      read += bytes.length;
      yield bytes;
    }
  }
  return { size: undefined, fingerprint: undefined, lines: () => readLines(counted()), bytesRead: () => read };
}

async function fingerprintOf(path: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) hash.update(chunk as Buffer);
  return hash.digest();
}
