export const mediaTypes = ['image/png', 'image/jpeg', 'image/webp', 'application/pdf', 'text/plain'] as const;
export type MediaType = (typeof mediaTypes)[number];

/** What the bytes are, whatever their name or header claims; undefined for what is not taken. */
export function mediaTypeOf(bytes: Buffer): MediaType | undefined {
  const begins = (...values: number[]) => values.every((value, place) => bytes[place] === value);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp';
  if (bytes.toString('latin1', 0, 5) === '%PDF-') return 'application/pdf';
  return isText(bytes) ? 'text/plain' : undefined;
}

/** UTF-8 without control characters but tab and line ends, and nothing that begins as markup. */
function isText(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() !== '' && !CONTROLS.test(text) && !/^\s*</.test(text);
  } catch {
    return false;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
