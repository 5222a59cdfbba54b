import { isIP } from 'node:net';
import { type CityResponse, open } from 'maxmind';
import { ConfigError } from '../config.ts';
import { type Locale, text } from '../languages/languages.ts';
import type { Spot } from '../risk/rules.ts';

/** Where an address is, as far as it helps an owner to recognise themselves: `text` is for people, in their language. */
export type Place = { country: string; text: string };
/** Null for what is unknown, private or no address, and for everything where no file is set. Never throws. */
export type Places = {
  (ip: string | null, locale: Locale): Place | null;
  /** For comparing: how far one address is from another. */
  locate(ip: string | null): Spot | null;
};

/** Reads the operator's MMDB file into memory; nothing is ever asked of the network. Throws ConfigError. */
export async function openPlaces(file: string | undefined): Promise<Places> {
  if (file === undefined) return Object.assign(() => null, { locate: () => null });
  const reader = await open<CityResponse>(file).catch((error: Error) => {
    throw new ConfigError(`GEOIP_FILE: cannot read ${file}: ${error.message}`);
  });
  const find = (ip: string | null) => {
    if (ip === null || isIP(ip) === 0) return null;
    try {
      return reader.get(ip);
    } catch {
      // A file that is damaged in this place costs the place, not the page.
      return null;
    }
  };
  return Object.assign((ip: string | null, locale: Locale) => describe(find(ip), locale), {
    locate: (ip: string | null) => spotOf(find(ip)),
  });
}

function spotOf(found: CityResponse | null): Spot | null {
  const country = found?.country?.iso_code;
  if (country === undefined) return null;
  const { latitude, longitude } = found?.location ?? {};
  const isKnown = latitude !== undefined && longitude !== undefined;
  return { country, position: isKnown ? { latitude, longitude } : undefined };
}

function describe(found: CityResponse | null, locale: Locale): Place | null {
  const country = found?.country?.iso_code;
  if (country === undefined) return null;
  const name = new Intl.DisplayNames(locale, { type: 'region' }).of(country) ?? country;
  const city = found?.city?.names[locale] ?? found?.city?.names.en;
  return { country, text: city === undefined ? name : text(locale, 'place.city', { city, country: name }) };
}
