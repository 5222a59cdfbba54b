import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';
import { formatInstant } from '../languages/times.ts';
import type { StoredMail } from '../notices/inbox.ts';
import { Problem } from '../problem.ts';
import { pagePolicy, type ShowPage } from './layout.ts';
import type { Markup, View } from './page.ts';

/** A mail is a stranger's document: no scripts, nothing fetched, an origin of its own; its links open new pages. */
const mailPolicy = [
  'sandbox allow-popups allow-popups-to-escape-sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** Where mails land in development. In production, or beyond this machine, there is no inbox and so no page. */
export function inboxRoutes({ inbox }: Context, show: ShowPage): Router {
  const routes = router();
  if (!inbox) return routes;

  const find = async (id: string): Promise<StoredMail> => {
    const mail = await inbox.get(id);
    if (!mail) throw new Problem('not-found');
    return mail;
  };
  routes.get('/dev/inbox', async (c) => {
    const mails = await inbox.list();
    if (wantsJson(c.req.header('accept'))) return c.json({ items: mails.map(summary) });
    return await show(c, { title: 'page.inbox.title', width: 'wide', content: (view) => listing(view, mails) });
  });
  routes.get('/dev/inbox/:id', async (c) => {
    const mail = await find(c.req.param('id'));
    if (wantsJson(c.req.header('accept'))) return c.json({ ...summary(mail), html: mail.html });
    const response = await show(c, {
      title: 'page.inbox.title',
      width: 'wide',
      content: (view) => reading(view, mail),
    });
    response.headers.set('content-security-policy', `${pagePolicy}; frame-src 'self'`);
    return response;
  });
  routes.get('/dev/inbox/:id/html', async (c) => {
    const { html: body } = await find(c.req.param('id'));
    return c.html(body.replace('<head>', '<head><base target="_blank">'), 200, {
      'content-security-policy': mailPolicy,
    });
  });
  return routes;
}

const wantsJson = (accept = '') => accept.includes('application/json');
const summary = ({ id, at, to, subject, text }: StoredMail) => ({ id, at, to, subject, text });

function listing({ say, locale }: View, mails: StoredMail[]): Markup {
  const rows = mails.map(
    (mail) => html`<li><a href="/dev/inbox/${mail.id}">${mail.subject}</a>
<small>${say('page.inbox.to')} ${mail.to} · <time datetime="${mail.at}">${formatInstant(locale, new Date(mail.at))}</time></small></li>`,
  );
  return html`<section class="card">
<h1>${say('page.inbox.title')}</h1>
<p>${say('page.inbox.about')}</p>
${rows.length > 0 ? html`<ul class="cases">${rows}</ul>` : html`<p>${say('page.inbox.none')}</p>`}
</section>`;
}

function reading({ say, locale }: View, mail: StoredMail): Markup {
  return html`<section class="card">
<p class="aside top"><a href="/dev/inbox">${say('page.inbox.title')}</a></p>
<h1>${mail.subject}</h1>
<p><small>${say('page.inbox.to')} ${mail.to} · <time datetime="${mail.at}">${formatInstant(locale, new Date(mail.at))}</time></small></p>
<pre class="mail" tabindex="0" aria-label="${say('page.inbox.text')}">${linked(mail.text)}</pre>
${mail.html === '' ? '' : htmlFrame(say, mail.id)}
</section>`;
}

/** Texts to phones have none. */
function htmlFrame(say: View['say'], id: string): Markup {
  return html`<h2>${say('page.inbox.html')}</h2>
<iframe class="mail" src="/dev/inbox/${id}/html" title="${say('page.inbox.html')}" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`;
}

/** Every piece is escaped by the template; only what was split off as a URL becomes a link. */
function linked(text: string): (Markup | string)[] {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((piece, at) => (at % 2 === 1 ? html`<a href="${piece}">${piece}</a>` : piece));
}
