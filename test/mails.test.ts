import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { locales } from '../src/languages/languages.ts';
import { openInbox } from '../src/notices/inbox.ts';
import { isSingleAddress } from '../src/notices/mail-address.ts';
import { MailError } from '../src/notices/mail-error.ts';
import type { MailValues, Template } from '../src/notices/mail-values.ts';
import { type Mailer, openMailer } from '../src/notices/mailer.ts';
import { renderMail } from '../src/notices/render.ts';
import { templates } from '../src/notices/templates.ts';

const publicUrl = 'https://id.example.com';
const secret = (name: string) => `${name}-${'x'.repeat(43 - name.length)}`;
const shared = {
  publicUrl,
  service: 'Acme Wallet',
  contact: 'security@acme.example',
  account: 'alice@example.com',
  at: new Date('2026-11-22T04:28:00Z'),
  phrase: 'seven blue teapots',
  device: 'Firefox on Windows',
  ip: '203.0.113.7',
};
const freezable = { ...shared, freezeToken: secret('freeze') };
const inCase = { ...shared, caseReference: 'HF-7Q2K-9XWD', caseToken: secret('case') };
const staff = {
  ...shared,
  change: 'reset',
  agent: 'kim@example.org',
  role: 'lead' as const,
  by: '',
  note: 'Lost phone',
};
const until = new Date('2026-11-22T04:43:00Z');

const samples: MailValues = {
  'confirm-email': { ...shared, token: secret('confirm') },
  'already-registered': shared,
  'reset-password': { ...shared, token: secret('reset'), expiresInSeconds: 1800 },
  'report-confirm': { ...shared, token: secret('report') },
  'watch-began': { ...freezable, until },
  'watch-ended': freezable,
  'recovery-link': { ...shared, token: secret('recover'), expiresInSeconds: 86400 },
  'unfreeze-code': { ...shared, code: '493817', expiresInSeconds: 1800 },
  'sign-in-code': { ...freezable, code: '493817', expiresInSeconds: 600 },
  'password-changed': freezable,
  'password-reset-done': freezable,
  'totp-added': freezable,
  'totp-removed': freezable,
  'sms-added': freezable,
  'sms-removed': freezable,
  'totp-replaced': freezable,
  'totp-warning': { ...freezable, failures: 50, limit: 100 },
  'totp-disabled': { ...freezable, failures: 100, passwordDisabled: true },
  'passkey-added': freezable,
  'passkey-removed': freezable,
  'passkey-copied': freezable,
  'account-exported': freezable,
  'recovery-codes-issued': freezable,
  'recovery-codes-removed': freezable,
  'transaction-resolved': freezable,
  'recovery-code-used': { ...freezable, left: 3 },
  'new-device-sign-in': freezable,
  'refresh-reuse': freezable,
  'grant-altered': freezable,
  'sign-in-locked': { ...freezable, until, unlockToken: secret('unlock') },
  'lockout-warning': { ...freezable, failures: 50, limit: 100 },
  'password-disabled': { ...freezable, failures: 100 },
  'password-exposed': { ...freezable, failures: 10 },
  'password-breached': { ...freezable, resetToken: secret('reset'), expiresInSeconds: 1800 },
  'password-stuffed': { ...freezable, resetToken: secret('reset'), expiresInSeconds: 1800 },
  'password-reset-required': { ...shared, resetToken: secret('reset'), expiresInSeconds: 1800 },
  'second-factor-guessing': freezable,
  'second-factor-locked': { ...freezable, until },
  'second-factor-reset-scheduled': { ...freezable, until, vetoToken: secret('veto') },
  'second-factor-reset-cancelled': { ...freezable, by: 'vetoed' },
  'second-factor-reset-done': freezable,
  'confirm-new-email': { ...shared, token: secret('confirm'), expiresInSeconds: 3600 },
  'email-in-use': shared,
  'contact-change-requested': { ...freezable, changed: 'phone', newContact: '+49…67' },
  'contact-changed': { ...freezable, changed: 'email', newContact: 'b…@example.org', undoToken: secret('undo') },
  'contact-change-undone': { ...shared, changed: 'username', newContact: 'ana' },
  'confirm-notice-address': { ...shared, token: secret('confirm'), expiresInSeconds: 3600 },
  'notice-address-added': { ...freezable, newContact: 'b…@example.org' },
  'notice-address-removed': { ...freezable, newContact: 'b…@example.org' },
  'account-frozen': { ...inCase, by: 'rule' },
  'hold-placed': { ...shared, scope: 'withdrawals', until },
  'hold-release-scheduled': { ...shared, until, vetoToken: secret('veto') },
  'hold-release-cancelled': { ...shared, by: 'vetoed' },
  'break-glass-used': shared,
  'staff-change-requested': { ...staff, doer: 'ada@example.org', by: 'second', until },
  'staff-changed': { ...staff, doer: 'bo@example.org' },
  'staff-change-ended': { ...staff, doer: 'bo@example.org', by: 'rejected' },
  'own-access-changed': { ...staff, change: 'disable' },
  'agent-enrolment': { ...shared, role: 'lead', code: secret('hf_ae'), expiresInSeconds: 259_200 },
  'hold-released': { ...freezable, scope: 'all' },
  'case-update': inCase,
  'case-closed': inCase,
};
const names = Object.keys(templates) as Template[];
const everyMail = names.flatMap((name) => locales.map((locale) => ({ name, locale })));

const links: Partial<Record<Template, string[]>> = {
  'confirm-email': [`/confirm#token=${secret('confirm')}`],
  'already-registered': ['/sign-in', '/reset'],
  'reset-password': [`/reset#token=${secret('reset')}`],
  'report-confirm': [`/report#token=${secret('report')}`],
  'recovery-link': [`/recover#token=${secret('recover')}`],
  'unfreeze-code': [],
  'sign-in-locked': [`/unlock#token=${secret('unlock')}`, `/freeze#token=${secret('freeze')}`],
  'lockout-warning': ['/reset', `/freeze#token=${secret('freeze')}`],
  'totp-warning': ['/reset', `/freeze#token=${secret('freeze')}`],
  'totp-disabled': ['/reset', `/freeze#token=${secret('freeze')}`],
  'recovery-code-used': ['/sign-in', `/freeze#token=${secret('freeze')}`],
  'password-disabled': ['/reset', `/freeze#token=${secret('freeze')}`],
  'password-exposed': ['/reset', `/freeze#token=${secret('freeze')}`],
  'password-breached': [`/reset#token=${secret('reset')}`, '/reset', `/freeze#token=${secret('freeze')}`],
  'password-stuffed': [`/reset#token=${secret('reset')}`, '/reset', `/freeze#token=${secret('freeze')}`],
  'password-reset-required': [`/reset#token=${secret('reset')}`, '/reset'],
  'second-factor-reset-scheduled': [`/veto#token=${secret('veto')}`, `/freeze#token=${secret('freeze')}`],
  'second-factor-reset-done': ['/sign-in', `/freeze#token=${secret('freeze')}`],
  'confirm-new-email': [`/confirm-address#token=${secret('confirm')}`],
  'email-in-use': [],
  'contact-changed': [`/undo#token=${secret('undo')}`, `/freeze#token=${secret('freeze')}`],
  'contact-change-undone': [],
  'confirm-notice-address': [`/confirm-notice-address#token=${secret('confirm')}`],
  'account-frozen': [`/case#token=${secret('case')}`],
  'hold-placed': ['/sign-in'],
  'hold-release-scheduled': [`/veto#token=${secret('veto')}`],
  'hold-release-cancelled': [],
  'break-glass-used': [],
  'staff-change-requested': [],
  'staff-changed': [],
  'staff-change-ended': [],
  'own-access-changed': [],
  'agent-enrolment': [],
  'case-update': [`/case#token=${secret('case')}`],
  'case-closed': [`/case#token=${secret('case')}`],
};

describe.each(everyMail)('the mail $name in $locale', ({ name, locale }) => {
  const mail = renderMail(name, locale, samples[name]);
  const lines = mail.text.split('\n');

  it('has its links whole, alone on their lines, and no other', () => {
    const expected = [...(links[name] ?? [`/freeze#token=${secret('freeze')}`]), '/report'];
    expect(lines.filter((line) => line.includes('://'))).toEqual(expected.map((path) => publicUrl + path));
  });

  it('shows each link in the HTML too, and fetches nothing', () => {
    for (const url of lines.filter((line) => line.includes('://'))) expect(mail.html).toContain(`>${url}</a>`);
    expect(mail.html).not.toMatch(/<img|<script|<link|src=|url\(|@import/i);
    expect(mail.html).toContain(`<html lang="${locale}">`);
  });

  it('NB-N2: says who wrote, when, to whom, the phrase and whom to contact', () => {
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain('Acme Wallet');
      expect(part).toContain('a***@example.com');
      expect(part).not.toContain('alice@');
      expect(part).toContain(locale === 'en' ? '22 November 2026, 04:28 UTC' : '2026年11月22日 04:28（UTC）');
      expect(part).toContain('seven blue teapots');
      expect(part).toContain('203.0.113.7');
      expect(part).toContain('security@acme.example');
    }
  });

  it('leaves no placeholder and nothing undefined', () => {
    expect(mail.subject + mail.text + mail.html.replace(/<style>[\s\S]*<\/style>/, '')).not.toMatch(
      /[{}]|undefined|null|NaN|\[object/,
    );
    expect(mail.subject).not.toMatch(/\p{Cc}/u);
  });

  it('escapes what others wrote', () => {
    const written = (by: string) =>
      renderMail(name, locale, {
        ...samples[name],
        service: by,
        contact: by,
        account: `${by}@example.com`,
        phrase: by,
        caseReference: by,
        device: by,
        ip: by,
      }).html;
    const html = written(`"'><script>alert(1)</script>&`);
    expect(html).toContain('&lt;script&gt;');
    for (const mark of ['<', '>', '"', "'"]) expect(count(html, mark)).toBe(count(written('calm'), mark));
  });
});

describe('what strangers can write into a mail', () => {
  const withDevice = (device: string) => renderMail('new-device-sign-in', 'en', { ...freezable, device });

  it('never starts a line of its own', () => {
    const mail = withDevice('Firefox\r\nhttps://evil.example/reset\u2028now\u202e');
    expect(mail.text.split('\n').filter((line) => line.includes('evil'))).toEqual([
      'Device: Firefox https: evil example reset now',
    ]);
  });

  it.each(['https://evil.example', 'www.evil.example', 'evil。example', 'mail me@evil.example', 'evil.例子'])(
    'holds no address to press: %s',
    (device) => {
      expect(withDevice(device).text).not.toMatch(/evil[.。]|@evil|:\/\/evil/);
    },
  );

  it('keeps the versions of an honest device', () => {
    expect(withDevice('Chrome 142.0 on macOS 15.1').text).toContain('Device: Chrome 142.0 on macOS 15.1');
  });

  it('is cut', () => {
    expect(withDevice('x'.repeat(5000)).text.length).toBeLessThan(2500);
  });

  it('cannot leave the fragment of a link', () => {
    const mail = renderMail('confirm-email', 'en', { ...shared, token: 'a b"\n?x=y' });
    expect(mail.text).toContain(`${publicUrl}/confirm#token=a%20b%22%0A%3Fx%3Dy\n`);
  });
});

describe('values a template may go without', () => {
  it('leaves the rows and the phrase out', () => {
    const mail = renderMail('password-changed', 'en', {
      ...freezable,
      phrase: undefined,
      device: undefined,
      ip: undefined,
    });
    expect(mail.text).not.toMatch(/phrase|Device|IP address|Case/);
  });

  it('links to the bare case page without a token', () => {
    const mail = renderMail('case-update', 'en', { ...inCase, caseToken: undefined });
    expect(mail.text.split('\n')).toContain(`${publicUrl}/case`);
    expect(mail.subject).toContain('HF-7Q2K-9XWD');
  });

  it('names an end only where there is one', () => {
    expect(renderMail('hold-placed', 'en', { ...shared, scope: 'payments' }).text).not.toContain('ends on');
  });
});

describe('V1.3.11 recipients', () => {
  const hijacks = [
    'u@example.com <evil@x.yz>',
    '<evil@x.yz>',
    'u@example.com,evil@x.yz',
    'u@example.com;evil@x.yz',
    'u@example.com evil@x.yz',
    'u@example.com\r\nBcc: evil@x.yz',
    'u@example.com\n',
    'u@example.com\0',
    '"u@example.com"@x.yz',
    '"u@example.com> <evil"@x.yz',
    'u(comment)@example.com',
    'u@evil.example@example.com',
    'group:u@example.com;',
    'u%evil.example@example.com',
    '@evil.example:u@example.com',
    'u@exаmple.com',
    'ü@example.com',
    'u@example。com',
    'u＠example.com',
    '\u202eu@example.com',
    'u\u200b@example.com',
    'u@[203.0.113.7]',
    `${'u'.repeat(250)}@example.com`,
    '',
  ];

  it.each(hijacks.map((to) => ({ to, shown: JSON.stringify(to).slice(0, 60) })))('refuses $shown', async ({ to }) => {
    const put = { count: 0 };
    const inbox = {
      put: async () => Promise.reject(new Error(`put ${++put.count}`)),
      list: async () => [],
      get: async () => undefined,
    };
    const mailer = await openMailer({ from: 'security@localhost', inbox });
    await expect(mailer.send(outgoing({ to }))).rejects.toMatchObject({ code: 'recipient-invalid', permanent: true });
    expect(put.count).toBe(0);
  });

  it.each(['alice@example.com', "o'brien+wallet@mail.example.co.uk"])('accepts %s', (to) => {
    expect(isSingleAddress(to)).toBe(true);
  });
});

describe('sending by SMTP', () => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function mailerAt(smtpUrl: string): Promise<Mailer> {
    const mailer = await openMailer({ smtpUrl, from: 'Acme Wallet <security@acme.example>', inbox: undefined });
    open.push(() => mailer.close());
    return mailer;
  }

  it.each(locales)('delivers both parts in %s to exactly one recipient', async (locale) => {
    const server = await startServer(open);
    const mail = renderMail('reset-password', locale, samples['reset-password']);
    await (await mailerAt(server.url)).send(outgoing({ ...mail, messageId: 'delivery-1' }));

    const [received] = server.received;
    expect(received?.recipients).toEqual(['alice@example.com']);
    expect(received?.sender).toBe('security@acme.example');
    const parsed = await PostalMime.parse(received?.raw ?? '');
    expect(parsed.subject).toBe(mail.subject);
    expect(parsed.to).toEqual([{ name: '', address: 'alice@example.com' }]);
    expect(parsed.from).toMatchObject({ name: 'Acme Wallet', address: 'security@acme.example' });
    expect(parsed.text?.trim()).toBe(mail.text.trim());
    expect(parsed.html?.trim()).toBe(mail.html.trim());
    expect(parsed.messageId).toBe('<delivery-1@acme.example>');
    expect(parsed.date).toBeDefined();
    expect(parsed.headers.find((header) => header.key === 'auto-submitted')?.value).toBe('auto-generated');
    expect(parsed.text?.split(/\r?\n/)).toContain(`${publicUrl}/reset#token=${secret('reset')}`);
  });

  it('refuses a subject with a line break', async () => {
    const server = await startServer(open);
    const attempt = (await mailerAt(server.url)).send(outgoing({ subject: 'Hello\r\nBcc: evil@x.yz' }));
    await expect(attempt).rejects.toMatchObject({ code: 'subject-invalid', permanent: true });
    expect(server.received).toEqual([]);
  });

  it('calls a refused mail permanent and a busy server not', async () => {
    const refusing = await startServer(open, 550);
    await expect((await mailerAt(refusing.url)).send(outgoing())).rejects.toMatchObject({
      code: 'smtp-550',
      permanent: true,
    });
    const busy = await startServer(open, 451);
    await expect((await mailerAt(busy.url)).send(outgoing())).rejects.toMatchObject({
      code: 'smtp-451',
      permanent: false,
    });
  });

  it('calls a server that is down retryable, and works again when it is back', async () => {
    const port = await freePort();
    const mailer = await mailerAt(`smtp://127.0.0.1:${port}`);
    await expect(mailer.send(outgoing())).rejects.toMatchObject({ permanent: false });
    const server = await startServer(open, undefined, port);
    await mailer.send(outgoing());
    expect(server.received).toHaveLength(1);
  });

  it('keeps login and the words of the server out of its errors', async () => {
    const server = await startServer(open, 550);
    const url = server.url.replace('smtp://', 'smtp://post:hunter2-secret@');
    const error = await (await mailerAt(url)).send(outgoing()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ permanent: false });
    const seen = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(seen).not.toMatch(/hunter2|alice|refused-because|password/);
    expect((error as MailError).cause).toBeUndefined();
  });

  it('will not send in clear text to another machine', async () => {
    const server = await startServer(open);
    const mailer = await mailerAt(server.url.replace('127.0.0.1', '0.0.0.0'));
    await expect(mailer.send(outgoing())).rejects.toMatchObject({ permanent: false });
    expect(server.received).toEqual([]);
  });

  it.each(['http://127.0.0.1', 'mail.example.com', 'smtp://', 'sendmail:///bin/sh'])(
    'does not open %s',
    async (smtpUrl) => {
      await expect(openMailer({ smtpUrl, from: 'a@b.cd', inbox: undefined })).rejects.toThrow('SMTP_URL');
    },
  );

  it('needs somewhere to put mails', async () => {
    await expect(openMailer({ from: 'a@b.cd', inbox: undefined })).rejects.toThrow('SMTP_URL');
    await expect(openMailer({ from: 'a@b.cd\r\nBcc: e@x.yz', inbox: undefined })).rejects.toThrow('MAIL_FROM');
  });
});

describe('the development inbox', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function openTemporary() {
    const folder = join(await mkdtemp(join(tmpdir(), 'inbox-')), 'mails');
    folders.push(folder);
    return { folder, inbox: openInbox(folder) };
  }

  it('is empty before the first mail', async () => {
    const { inbox } = await openTemporary();
    expect(await inbox.list()).toEqual([]);
  });

  it('keeps what the mailer sends, newest first, for its owner alone', async () => {
    const { folder, inbox } = await openTemporary();
    const mailer = await openMailer({ from: 'security@localhost', inbox });
    for (const subject of ['one', 'two', 'three']) await mailer.send(outgoing({ subject }));
    const mails = await inbox.list();
    expect(mails.map((mail) => mail.subject)).toEqual(['three', 'two', 'one']);
    expect(await inbox.get(mails[0]?.id ?? '')).toEqual(mails[0]);
    const files = await readdir(folder);
    expect(files).toHaveLength(3);
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  it.each(['../secret', '..%2fsecret', 'x', '', '/etc/passwd', `${'0'.repeat(14)}-${'0'.repeat(32)}/../../secret`])(
    'does not read %j',
    async (id) => {
      const { folder, inbox } = await openTemporary();
      await inbox.put({ ...outgoing(), from: 'a@b.cd' });
      await writeFile(join(folder, '..', 'secret.json'), '{}');
      expect(await inbox.get(id)).toBeUndefined();
    },
  );

  it('keeps the last 500', async () => {
    const { inbox } = await openTemporary();
    for (let count = 1; count <= 503; count++)
      await inbox.put({ ...outgoing({ subject: `${count}` }), from: 'a@b.cd' });
    const mails = await inbox.list();
    expect(mails).toHaveLength(500);
    expect([mails.at(0)?.subject, mails.at(-1)?.subject]).toEqual(['503', '4']);
  });

  it('takes many mails at once', async () => {
    const { inbox } = await openTemporary();
    await Promise.all(Array.from({ length: 40 }, () => inbox.put({ ...outgoing(), from: 'a@b.cd' })));
    expect(new Set((await inbox.list()).map((mail) => mail.id)).size).toBe(40);
  });
});

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}

function outgoing(changes: Partial<Parameters<Mailer['send']>[0]> = {}): Parameters<Mailer['send']>[0] {
  return {
    to: 'alice@example.com',
    subject: 'Hello',
    text: 'Hello\n',
    html: '<p>Hello</p>',
    messageId: '<0199-7@acme.example>',
    ...changes,
  };
}

async function startServer(open: (() => unknown)[], refusal?: number, port = 0) {
  const received: { sender: string; recipients: string[]; raw: string }[] = [];
  const options: SMTPServerOptions = {
    authOptional: true,
    closeTimeout: 100,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) =>
      done(Object.assign(new Error('refused-because password'), { responseCode: 535 })),
    onRcptTo: (address, _session, done) => {
      if (!refusal) return done();
      return done(Object.assign(new Error(`refused-because ${address.address}`), { responseCode: refusal }));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          sender: mailFrom ? mailFrom.address : '',
          recipients: rcptTo.map((recipient) => recipient.address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  };
  const server = new SMTPServer(options);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  open.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return { url: `smtp://127.0.0.1:${actual}`, received };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return typeof address === 'object' && address ? address.port : 0;
}
