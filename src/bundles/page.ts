import { type Locale, type TextKey, type TextValues, text } from '../languages/languages.ts';
import { formatInstant } from '../languages/times.ts';
import { escapeHtml } from '../notices/escape-html.ts';
import type { Bundle } from './bundle.ts';

type Cell = string | number | null | undefined;

/** One page to print: no script, no link, nothing loaded; what people wrote is text. Times are in the zone of the calendar. */
export function bundlePage(bundle: Bundle, locale: Locale, service: string, zone: string): string {
  const say = (key: TextKey, values?: TextValues) => text(locale, key, values);
  const at = (date: Date | null | undefined) => (date ? formatInstant(locale, date, zone) : '–');
  const { whole, account } = bundle;
  const { theCase } = whole;
  const yes = (is: boolean) => say(is ? 'bundle.yes' : 'bundle.no');
  const heading = say('bundle.heading', { service, reference: theCase.reference });
  const facts: [TextKey, Cell][] = [
    ['bundle.kind', say(`bundle.kind.${theCase.kind}`)],
    ['bundle.priority', say(`bundle.priority.${theCase.priority}`)],
    ['bundle.account', [account.id, account.externalId, account.email].filter(Boolean).join(' · ')],
    ['bundle.opened', at(theCase.opened_at)],
    ['bundle.first-answer', at(theCase.first_answer_at)],
    ['bundle.refund-due', at(theCase.refund_due_at)],
    ['bundle.refund', theCase.refund_decision ? say(`bundle.refund.${theCase.refund_decision}`) : '–'],
    ['bundle.closed', at(theCase.closed_at)],
    ['bundle.outcome', theCase.outcome ? say(`bundle.outcome.${theCase.outcome}`) : '–'],
    ['bundle.window', whole.window ? `${at(whole.window.from)} – ${at(whole.window.until)}` : '–'],
    ['bundle.identity', say(`bundle.identity.${whole.verification.level}`)],
    ['bundle.money', Number(theCase.money_at_risk)],
  ];
  const sections = [
    table(
      say('bundle.facts'),
      [],
      facts.map(([key, value]) => [say(key), value]),
    ),
    table(
      say('bundle.steps'),
      [say('bundle.step'), say('bundle.done')],
      whole.steps.map(({ step, done }) => [say(`step.${step}`), yes(done)]),
    ),
    table(
      say('bundle.transactions'),
      ['bundle.time', 'bundle.transaction', 'bundle.amount', 'bundle.payee', 'bundle.decision', 'bundle.mine'].map(
        (key) => say(key as TextKey),
      ),
      bundle.transactions.map((row) => [
        at(row.occurredAt),
        row.transactionId,
        `${row.amount} ${row.currency}`,
        row.payee,
        `${say(`bundle.decided.${row.decision}`)}${row.outcome ? ` · ${say(`bundle.became.${row.outcome}`)}` : ''}`,
        row.mine === null ? '–' : `${yes(row.mine)}${row.proven ? '' : ` (${say('bundle.unproven')})`}`,
      ]),
    ),
    table(
      say('bundle.holds'),
      [say('bundle.scope'), say('bundle.reason'), say('bundle.since'), say('bundle.until')],
      bundle.holds.map((row) => [
        say(`bundle.scope.${row.scope}`),
        `${row.reasonCode} · ${row.source}`,
        at(row.since),
        row.releasedAt ? `${at(row.releasedAt)} · ${row.releaseReason}` : at(row.until),
      ]),
    ),
    table(
      say('bundle.evidence'),
      [say('bundle.time'), say('bundle.title'), say('bundle.type'), 'SHA-256'],
      bundle.evidence.map((row) => [
        at(row.added_at),
        row.body === null ? row.title : `${row.title}: ${row.body}`,
        row.media_type ?? row.kind,
        row.sha256.toString('hex'),
      ]),
    ),
    table(
      say('bundle.timeline'),
      [say('bundle.time'), say('bundle.what'), say('bundle.who'), say('bundle.said')],
      bundle.timeline.map((entry) => [
        at(entry.at),
        `${say(`bundle.what.${entry.what}`)} · ${entry.type}`,
        say(`bundle.by.${entry.by}`),
        entry.text,
      ]),
    ),
    table(
      say('bundle.receipts'),
      [say('bundle.time'), 'JWS'],
      bundle.receipts.map(({ issuedAt, jws }) => [at(issuedAt), jws]),
    ),
  ];
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(heading)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(heading)}</h1>
<p>${escapeHtml(say('bundle.generated', { at: at(bundle.generatedAt), by: bundle.generatedBy }))}</p>
${sections.join('\n')}
</body>
</html>
`;
}

function table(title: string, head: string[], rows: Cell[][]): string {
  const line = (cells: Cell[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}${isLong(cell) ? ' class="long"' : ''}>${escapeHtml(String(cell ?? '–'))}</${tag}>`).join('')}</tr>`;
  const body = rows.length === 0 ? '<tr><td>–</td></tr>' : rows.map((row) => line(row, 'td')).join('\n');
  const top = head.length === 0 || rows.length === 0 ? '' : `<thead>${line(head, 'th')}</thead>`;
  return `<section><h2>${escapeHtml(title)}</h2><table>${top}<tbody>${body}</tbody></table></section>`;
}

/** Whether a word of it would not fit into a column. */
function isLong(cell: Cell): boolean {
  return /\S{40,}/.test(String(cell ?? ''));
}

export const STYLE = `:root{color-scheme:light}
body{font:11pt/1.45 system-ui,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#fff;margin:2rem auto;max-width:60rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:1.75rem 0 .5rem}
table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{border:1px solid #bbb;padding:.3rem .45rem;text-align:left;vertical-align:top;overflow-wrap:break-word;white-space:pre-wrap}
.long{word-break:break-all}
th{background:#eee}
tr{break-inside:avoid}
thead{display:table-header-group}
@page{margin:18mm 14mm}
@media print{body{margin:0;max-width:none;padding:0}}`;
