import pg from 'pg';

const TIMESTAMPTZ = 1184;

type Parse = (text: string) => unknown;

/** Sessions speak UTC, so a time arrives as `2026-01-02 03:04:05.678+00`: nearly what Date reads by itself, much faster. */
function parseInstant(text: string): unknown {
  if (text.length > 32 || !text.endsWith('+00')) return pg.types.getTypeParser(TIMESTAMPTZ, 'text')(text);
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
}

/** How pg reads what the database sends. */
export const typeParsers = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === TIMESTAMPTZ && format !== 'binary'
      ? parseInstant
      : (pg.types.getTypeParser(oid, format as 'text') as Parse)) as typeof pg.types.getTypeParser,
};

/** What every connection starts with. */
export const SESSION_OPTIONS = '-c timezone=UTC -c bytea_output=hex';
