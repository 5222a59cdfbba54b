type Progress = {
  /** From 0 to 1; undefined where nobody knows how much is to come. */
  share: number | undefined;
  line: number;
  imported: number;
  skipped: number;
  /** Lines of this run, and for how long it has run. */
  done: number;
  seconds: number;
};

const WIDTH = 24;

/** How far an import is, in one line: `[######----]  52 %  line 52,000 · 5,210/s · 9 s left · 3 skipped`. */
export function showProgress({ share, line, skipped, done, seconds }: Progress): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const left = share !== undefined && share > 0 && seconds > 0 ? (seconds / share) * (1 - share) : undefined;
  return [
    `${share === undefined ? '' : `${bar(share)}  `}line ${thousands(line)}`,
    `${thousands(Math.round(rate))}/s`,
    ...(left === undefined ? [] : [`${showSeconds(left)} left`]),
    ...(skipped === 0 ? [] : [`${thousands(skipped)} skipped`]),
  ].join(' · ');
}

function bar(share: number): string {
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

export const thousands = (count: number): string => count.toLocaleString('en');

export function showSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
