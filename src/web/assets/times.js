// @ts-check

const language = document.documentElement.lang;

/**
 * An instant in the visitor's own zone, the zone shown.
 * @param {string} instant
 */
export function formatTime(instant) {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).format(new Date(instant));
}

/**
 * '15 minutes': rounded up, so that nobody comes back too early.
 * @param {number} seconds
 */
export function formatWait(seconds) {
  const [unit, size] = seconds > 5400 ? ['hour', 3600] : seconds > 60 ? ['minute', 60] : ['second', 1];
  const options = { style: 'unit', unit: String(unit), unitDisplay: 'long' };
  return new Intl.NumberFormat(language, /** @type {Intl.NumberFormatOptions} */ (options)).format(
    Math.ceil(seconds / Number(size)),
  );
}
