import bowser from 'bowser';

/** What a user agent says of itself; null for what it does not name. */
export function readUserAgent(userAgent: string | null | undefined): { browser: string | null; os: string | null } {
  if (!userAgent) return { browser: null, os: null };
  const { browser, os } = bowser.parse(userAgent);
  return { browser: browser.name || null, os: os.name || null };
}

/** "Firefox on Windows": what the owner can recognise. Undefined for what names neither. */
export function deviceName(userAgent: string | null | undefined): string | undefined {
  const { browser, os } = readUserAgent(userAgent);
  return [browser, os].filter((part) => part !== null).join(' on ') || undefined;
}
