import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import en from '../src/languages/en.json' with { type: 'json' };
import { problems } from '../src/problem.ts';
import { type Harness, openHarness, PASSWORD, someEmail, tokenIn } from './support/harness.ts';

let h: Harness;
let production: Harness;
beforeAll(async () => {
  h = await openHarness();
  production = await openHarness({
    env: {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://id.example',
      SMTP_URL: 'smtp://127.0.0.1:9',
      HOLDFAST_SECRET: randomBytes(32).toString('base64'),
    },
  });
});
afterAll(async () => {
  await h.close();
  await production.close();
});

const pages = [
  '/',
  '/sign-up',
  '/sign-in',
  '/confirm',
  '/reset',
  '/recover',
  '/security',
  '/freeze',
  '/unlock',
  '/undo',
  '/veto',
  '/confirm-address',
  '/confirm-notice-address',
  '/grant',
  '/case',
  '/report',
  '/problems/busy',
];

const read = (path: string, headers: Record<string, string> = {}) => h.call('GET', path, { headers });
const filesOf = (html: string) => Array.from(html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g), ([, url = '']) => url);

describe('pages', () => {
  it.each(pages)('V3.4 %s carries the strict policy and every other header', async (path) => {
    const { status, headers, text } = await read(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
    expect(headers.get('strict-transport-security')).toContain('includeSubDomains');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|\sundefined|\[object/);
  });

  it.each(pages)('%s speaks the language asked for', async (path) => {
    const english = await read(path, { 'accept-language': 'en-GB' });
    const chinese = await read(path, { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' });
    expect(english.text).toContain('<html lang="en">');
    expect(english.headers.get('content-language')).toBe('en');
    expect(chinese.text).toContain('<html lang="zh-CN">');
    expect(/<h1[^>]*>([^<]*)/.exec(chinese.text)?.[1]).toMatch(/\p{Script=Han}/u);
  });

  it.each(pages)('%s says something without JavaScript where it needs it', async (path) => {
    const { text } = await read(path);
    expect(text.includes('<noscript>')).toBe(text.includes('<script'));
    // Until the script is there a form cannot be sent: the browser would post its fields by itself.
    expect(text.match(/<form [^>]*>\s*<fieldset disabled/g)?.length).toBe(text.match(/<form/g)?.length);
  });

  it('keeps the language chosen with the switch, in a cookie that scripts cannot read', async () => {
    const chosen = await read('/sign-in?lang=zh-CN', { 'accept-language': 'en' });
    const cookie = chosen.headers.get('set-cookie') ?? '';
    expect(chosen.text).toContain('<html lang="zh-CN">');
    expect(cookie).toMatch(/^__Host-holdfast-language=zh-CN; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const later = await read('/reset', { 'accept-language': 'en', cookie: cookie.split(';')[0] ?? '' });
    expect(later.text).toContain('<html lang="zh-CN">');
    expect((await read('/reset?lang=tlh')).headers.get('set-cookie')).toBeNull();
  });

  it('V14.2.1 repeats nothing of the query', async () => {
    const { text } = await read('/reset?token=hf_ln_secret&next=https://evil.example&next=//evil.example&lang=en');
    expect(text).not.toContain('hf_ln_secret');
    expect(text).not.toContain('evil.example');
    expect((await read('/sign-in?next=/case&reason=fresh')).text).toContain(
      '?lang=zh-CN&amp;next=%2Fcase&amp;reason=fresh',
    );
  });

  it('V3.5.3 is only read: nothing is posted to a page', async () => {
    const answer = await h.post('/freeze', { token: 'some-token' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it.each(Object.keys(problems))('explains the problem %s', async (code) => {
    const answer = await read(`/problems/${code}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(code);
  });

  it.each(['/problems/', '/problems/no-such-problem', '/problems/toString', '/no-such-page'])(
    'has no %s',
    async (path) => {
      expect((await read(path)).status).toBe(404);
    },
  );

  it('has no text that no page uses', async () => {
    const served = await Promise.all([...pages, '/dev/inbox'].map(async (path) => (await read(path)).text));
    const all = served.join('\n').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
    const elsewhere = /^page\.(problem|noscript|skip|inbox)/;
    const texts = Object.entries(en).filter(([key]) => key.startsWith('page.') && !elsewhere.test(key));
    const unused = texts.filter(([, value]) => !all.includes(value) && !/\{(service|contact)\}/.test(value));
    expect(unused.map(([key]) => key)).toEqual([]);
  });
});

describe('files of the pages', () => {
  it('are typed, kept for good under the hash of their content, and small', async () => {
    const urls = [
      ...new Set((await Promise.all(pages.map((path) => read(path)))).flatMap(({ text }) => filesOf(text))),
    ];
    expect(urls.length).toBeGreaterThan(10);
    for (const url of urls) {
      const { status, headers } = await read(url, { 'accept-encoding': 'gzip' });
      expect([url, status]).toEqual([url, 200]);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('content-encoding')).toBe('gzip');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toMatch(/^(text\/css|text\/javascript); charset=utf-8$|^image\/svg\+xml$/);
    }
    expect((await read(urls.find((url) => url.endsWith('pages.css')) ?? '')).text).toContain(
      'prefers-color-scheme: dark',
    );
  });

  it('V13.4.7 are those on the list and no others', async () => {
    const folder = filesOf((await read('/')).text)[0]?.replace(/[^/]+$/, '') ?? '';
    for (const name of ['tsconfig.json', '../assets.ts', '..%2fassets.ts', '%2e%2e%2froutes.ts', '', 'toString']) {
      expect([name, (await read(`${folder}${name}`)).status]).toEqual([name, 404]);
    }
    expect((await read('/assets/0000000000000000/pages.css')).status).toBe(404);
  });
});

describe('the inbox of development', () => {
  it('lists mails as JSON, newest first', async () => {
    const [first, second] = [someEmail(), someEmail()];
    for (const email of [first, second]) {
      await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
      await h.mails();
    }
    const { body } = await read('/dev/inbox', { accept: 'application/json' });
    expect(body.items.slice(0, 2).map((mail: { to: string }) => mail.to)).toEqual([second, first]);
    expect(Object.keys(body.items[0]).sort()).toEqual(['at', 'id', 'subject', 'text', 'to']);
  });

  it('shows a mail as text with its links, and its HTML part in a sandbox', async () => {
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    const [mail] = await h.mails(email);
    const shown = await read(`/dev/inbox/${mail?.id}`);
    expect(shown.text).toContain(`/confirm#token=${tokenIn(mail, 'confirm')}">`);
    expect(shown.text).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(shown.headers.get('content-security-policy')).toContain("frame-src 'self'");
    const part = await read(`/dev/inbox/${mail?.id}/html`);
    expect(part.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups [^;]*; default-src 'none'/);
    expect(part.headers.get('content-security-policy')).not.toContain('script-src');
  });

  it('escapes what strangers put into mails', async () => {
    const inbox = h.instance.ctx.inbox;
    const hostile = '<img src=x onerror=alert(1)> http://x.example/"><script>alert(1)</script>';
    const mail = await inbox?.put({
      from: 'a@b.c',
      to: hostile,
      subject: hostile,
      text: hostile,
      html: '<head>',
      messageId: 'x',
    });
    for (const path of ['/dev/inbox', `/dev/inbox/${mail?.id}`]) {
      expect((await read(path)).text).not.toMatch(/<script>alert|<img src=x/);
    }
  });

  it('V13.4.5 is not there in production, nor is the contract', async () => {
    for (const path of ['/dev/inbox', '/dev/inbox/00000000000000-0', '/docs', '/openapi.yaml']) {
      expect([path, (await production.get(path)).status]).toEqual([path, 404]);
    }
    const page = await production.get('/sign-up');
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('/dev/inbox');
    const folder = filesOf(page.text)[0]?.replace(/[^/]+$/, '') ?? '';
    expect((await production.get(`${folder}swagger-ui-bundle.js`)).status).toBe(404);
  });

  it('has no mail it was not sent', async () => {
    for (const id of ['none', '..%2f..%2fsecret', '00000000000000-00000000000000000000000000000000']) {
      expect((await read(`/dev/inbox/${id}`)).status).toBe(404);
    }
  });
});

describe('the contract', () => {
  it('is shown by our own files under a policy without inline code', async () => {
    const docs = await read('/docs');
    expect(docs.status).toBe(200);
    expect(docs.headers.get('content-security-policy')).toMatch(/script-src 'self'; style-src 'self'/);
    expect(docs.text).not.toMatch(/https?:\/\//);
    for (const url of filesOf(docs.text)) expect((await read(url)).status).toBe(200);
    const contract = await read('/openapi.yaml');
    expect(contract.headers.get('content-type')).toBe('application/yaml; charset=utf-8');
    expect(contract.text).toContain('operationId: signIn');
  });
});
