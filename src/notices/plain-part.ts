import type { Letter, Part } from './compose.ts';

/** Every link stands whole on a line of its own: no client cuts it, no sentence runs into it. */
export function plainPart(letter: Letter): string {
  const { phrase, sender } = letter;
  const colon = letter.locale === 'zh-CN' ? '：' : ': ';
  const sections = [
    letter.subject,
    ...(phrase ? [`${phrase.label}${colon}${phrase.value}\n${phrase.note}`] : []),
    ...letter.parts.map((part) => section(part, colon)),
    '-- ',
    `${sender.reportIntro}\n${sender.reportUrl}`,
    `${sender.contactIntro}\n${sender.contact}`,
    `${sender.from}\n${sender.neverAsks}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function section(part: Part, colon: string): string {
  switch (part.kind) {
    case 'paragraph':
      return part.text;
    case 'link':
      return `${part.label}${colon.trimEnd()}\n${part.url}`;
    case 'facts':
      return part.facts.map((fact) => `${fact.label}${colon}${fact.value}`).join('\n');
    case 'code':
      return part.code;
  }
}
