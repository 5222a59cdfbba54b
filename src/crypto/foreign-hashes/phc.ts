type Phc = { id: string; parameters: Record<string, number>; salt: Buffer; hash: Buffer };

const PHC =
  /^\$([a-z0-9-]{1,32})\$([a-z]+=\d{1,10}(?:,[a-z]+=\d{1,10})*)\$([A-Za-z0-9+/]+)={0,2}\$([A-Za-z0-9+/]+)={0,2}$/;

/** A string of the password hashing competition's form with whole numbers for parameters, or undefined. */
export function parsePhc(text: string): Phc | undefined {
  const [, id, parameters, salt, hash] = PHC.exec(text) ?? [];
  if (id === undefined || parameters === undefined || salt === undefined || hash === undefined) return undefined;
  const named = parameters.split(',').map((pair) => pair.split('=') as [string, string]);
  return {
    id,
    parameters: Object.fromEntries(named.map(([name, value]) => [name, Number(value)])),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

export function formatPhc(id: string, parameters: Record<string, number>, salt: Buffer, hash: Buffer): string {
  const named = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `$${id}$${named.join(',')}$${bare(salt)}$${bare(hash)}`;
}

/** Base64 without padding, as PHC strings have it. */
const bare = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
