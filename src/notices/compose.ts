import { type Locale, type TextKey, type TextValues, text } from '../languages/languages.ts';
import { formatDuration, formatInstant } from '../languages/times.ts';
import { maskAccount, oneLine, strangersWords } from './clean-values.ts';
import type { Block, LinkBlock, MailTemplate } from './mail-blocks.ts';
import type { AnyValues } from './mail-values.ts';

type Fact = { label: string; value: string };

export type Part =
  | { kind: 'paragraph'; text: string }
  | { kind: 'link'; label: string; url: string; hint: string; tone: LinkBlock['tone'] }
  | { kind: 'facts'; facts: Fact[] }
  | { kind: 'code'; code: string };

/** A mail in words, before it becomes text or HTML. */
export type Letter = {
  locale: Locale;
  service: string;
  subject: string;
  phrase: (Fact & { note: string }) | undefined;
  parts: Part[];
  sender: {
    from: string;
    neverAsks: string;
    reportIntro: string;
    reportUrl: string;
    contactIntro: string;
    contact: string;
  };
};

export function compose(template: MailTemplate, locale: Locale, values: AnyValues): Letter {
  const words = wordsOf(locale, values);
  const say = (key: TextKey) => text(locale, key, words);
  return {
    locale,
    service: oneLine(values.service),
    subject: say(template.subject),
    phrase: values.phrase
      ? { label: say('mail.label.phrase'), value: oneLine(values.phrase), note: say('mail.sender.phrase') }
      : undefined,
    parts: template.blocks.flatMap((block) => partOf(block, values, say, () => factsOf(locale, values, say))),
    sender: {
      from: say('mail.sender.from'),
      neverAsks: say('mail.sender.never-asks'),
      reportIntro: say('mail.not-you.report'),
      reportUrl: pageUrl(values.publicUrl, 'report'),
      contactIntro: say('mail.sender.contact'),
      contact: oneLine(values.contact),
    },
  };
}

function partOf(block: Block, values: AnyValues, say: (key: TextKey) => string, facts: () => Fact[]): Part[] {
  if (block === 'facts') return [{ kind: 'facts', facts: facts() }];
  if (block === 'code') return [{ kind: 'code', code: oneLine(values.code ?? '') }];
  if (typeof block === 'string') return [{ kind: 'paragraph', text: say(block) }];
  if ('paragraph' in block) {
    return values[block.needs] === undefined ? [] : [{ kind: 'paragraph', text: say(block.paragraph) }];
  }
  const token = block.token && values[block.token];
  if (block.needsToken && !token) return [];
  const url = pageUrl(values.publicUrl, block.page, token);
  return [{ kind: 'link', label: say(block.label), url, hint: say('mail.visible-link'), tone: block.tone }];
}

function factsOf(locale: Locale, values: AnyValues, say: (key: TextKey) => string): Fact[] {
  const facts = [
    { label: say('mail.label.account'), value: maskAccount(values.account) },
    { label: say('mail.label.when'), value: formatInstant(locale, values.at, values.timeZone) },
    { label: say('mail.label.device'), value: strangersWords(values.device ?? '') },
    { label: say('mail.label.ip'), value: oneLine(values.ip ?? '') },
    { label: say('mail.label.case'), value: oneLine(values.caseReference ?? '') },
  ];
  return facts.filter((fact) => fact.value !== '');
}

function wordsOf(locale: Locale, values: AnyValues): TextValues {
  const { failures = 0, limit = 0, left = 0, by = '', scope = '', until, expiresInSeconds, changed = '' } = values;
  const { change = '', agent = '', doer = '', role, note = '' } = values;
  return {
    service: oneLine(values.service),
    account: maskAccount(values.account),
    caseReference: oneLine(values.caseReference ?? ''),
    until: until ? formatInstant(locale, until, values.timeZone) : '',
    expiresIn: expiresInSeconds ? formatDuration(locale, expiresInSeconds) : '',
    changed,
    newContact: oneLine(values.newContact ?? ''),
    change,
    agent: oneLine(agent),
    doer: oneLine(doer),
    role: role ? text(locale, `mail.role.${role}`) : '',
    // Whoever writes a reason may be the thief: nothing in it becomes a link.
    note: strangersWords(note),
    failures,
    limit,
    left,
    by,
    // ICU knows no hyphen in the choices of a select.
    scope: scope.replaceAll('-', '_'),
  };
}

/** The token goes into the fragment: it never reaches a server's log or a Referer header. */
export function pageUrl(publicUrl: string, page: string, token?: string): string {
  const url = `${publicUrl.replace(/\/+$/, '')}/${page}`;
  return token ? `${url}#token=${encodeURIComponent(token)}` : url;
}
