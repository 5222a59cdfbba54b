import { isIP } from 'node:net';
import { type CityResponse, open } from 'maxmind';
import { ConfigError } from '../config.ts';
import { type Locale, text } from '../languages/languages.ts';

/** Where an address is, as far as it helps an owner to recognise themselves: `text` is for people, in their language. */
export type Place = { country: string; text: string };
/** Null for what is unknown, private or no address, and for everything where no file is set. Never throws. */
export type Places = (ip: string | null, locale: Locale) => Place | null;

/** Reads the operator's MMDB file into memory; nothing is ever asked of the network. Throws ConfigError. */
export async function openPlaces(file: string | undefined): Promise<Places> {
  if (file === undefined) return () => null;
  const reader = await open<CityResponse>(file).catch((error: Error) => {
    throw new ConfigError(`GEOIP_FILE: cannot read ${file}: ${error.message}`);
  });
  return (ip, locale) => {
    if (ip === null || isIP(ip) === 0) return null;
    try {
      return describe(reader.get(ip), locale);
    } catch {
      // A file that is damaged in this place costs the place, not the page.
      return null;
    }
  };
}

function describe(found: CityResponse | null, locale: Locale): Place | null {
  const country = found?.country?.iso_code;
  if (country === undefined) return null;
  const name = new Intl.DisplayNames(locale, { type: 'region' }).of(country) ?? country;
  const city = found?.city?.names[locale] ?? found?.city?.names.en;
  return { country, text: city === undefined ? name : text(locale, 'place.city', { city, country: name }) };
}
