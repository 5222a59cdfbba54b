const maxLength = 120;

/** One visible line: no line break can start a line of its own, no bidi control can turn one around. */
export function oneLine(value: string): string {
  const visible = value
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const points = Array.from(visible);
  return points.length > maxLength ? `${points.slice(0, maxLength - 1).join('')}…` : visible;
}

/** A stranger chooses their device's name: nothing in it may become a link in a mail that bears our name. */
export function strangersWords(value: string): string {
  return oneLine(value.replace(/[@/\\]+/g, ' ').replace(/[.:。．｡：]+(?=[^\s\d])/gu, ' '));
}

/** 'u***@example.com': enough to know which account is meant, too little to learn an address from. */
export function maskAccount(account: string): string {
  const shown = oneLine(account);
  const at = shown.lastIndexOf('@');
  const [first = ''] = Array.from(shown);
  return at > 0 ? `${first}***${shown.slice(at)}` : `${first}***`;
}
