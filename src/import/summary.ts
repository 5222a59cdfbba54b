import type { Ended } from './commands.ts';
import { showSeconds, thousands } from './progress.ts';

/** What `--json` prints. */
export function summarise(ended: Ended, isRehearsal: boolean): object {
  const { outcome, seconds } = ended;
  if (!('tally' in ended)) {
    if (!('earlier' in ended)) return { outcome };
    const { id, line, imported, skipped } = ended.earlier;
    return { outcome, importId: id, lines: line, imported, skipped };
  }
  const { line, imported, skipped, weak, forms } = ended.tally;
  return {
    outcome,
    ...(isRehearsal ? { dryRun: true } : { importId: ended.importId }),
    ...{ lines: line, imported, skipped, weakHashes: weak, hashes: Object.fromEntries(forms) },
    seconds: Math.round(seconds * 10) / 10,
  };
}

/** The same for somebody who reads it. */
export function describeOutcome(ended: Ended, { dryRun }: { dryRun?: true }): string {
  if (ended.outcome === 'running-elsewhere') return 'This file is being imported by somebody else right now.';
  if (ended.outcome === 'begun-before')
    return `An import of this file stopped after line ${thousands(ended.earlier.line)}. Say --resume to go on there.`;
  if ('earlier' in ended) {
    const { imported, skipped, finished_at } = ended.earlier;
    return [
      `This file was imported on ${finished_at?.toISOString()}: ${accounts(imported)}, ${thousands(skipped)} left out.`,
      skipped === 0 ? 'Nothing is left to do.' : 'Put the lines left out, repaired, into a file of their own.',
    ].join(' ');
  }
  const { line, imported, skipped, weak, forms } = ended.tally;
  const verb = dryRun ? 'Would import' : 'Imported';
  const hashes = [...forms].map(
    ([form, count]) => `${thousands(count)} ${form === 'none' ? 'without a password' : form}`,
  );
  return [
    `${verb} ${accounts(imported)} from ${thousands(line)} lines in ${showSeconds(ended.seconds)}; ${thousands(skipped)} left out.`,
    ...(hashes.length === 0 ? [] : [`Hashes: ${hashes.join(', ')}.`]),
    ...(weak === 0
      ? []
      : [`Cheaper to guess against than is asked for today, until their owners sign in: ${thousands(weak)}.`]),
    ...(ended.outcome === 'stopped' ? [`Stopped after line ${thousands(line)}. Say --resume to go on there.`] : []),
  ].join('\n');
}

const accounts = (count: number) => `${thousands(count)} ${count === 1 ? 'account' : 'accounts'}`;
