import type { Locale } from '../languages/languages.ts';
import { compose } from './compose.ts';
import { htmlPart } from './html-part.ts';
import type { MailValues, Template } from './mail-values.ts';
import { plainPart } from './plain-part.ts';
import { templates } from './templates.ts';

type RenderedMail = { subject: string; text: string; html: string };

export function renderMail<T extends Template>(template: T, locale: Locale, values: MailValues[T]): RenderedMail {
  const letter = compose(templates[template], locale, values);
  return { subject: letter.subject, text: plainPart(letter), html: htmlPart(letter) };
}
