import bowser from 'bowser';

/** "Firefox on Windows": what the owner can recognise. Undefined for what names neither. */
export function deviceName(userAgent: string | null | undefined): string | undefined {
  if (!userAgent) return undefined;
  const { browser, os } = bowser.parse(userAgent);
  return [browser.name, os.name].filter((part) => part !== undefined && part !== '').join(' on ') || undefined;
}
