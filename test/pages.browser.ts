import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { enrolTotp, newOwner, PASSWORD, someEmail, tokenIn, totpCode } from './support/harness.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

async function fillAndSend(page: Page, form: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await fillAndSend(page, 'sign-in', { identifier: email, password: PASSWORD });
}

const shown = (page: Page, step: string) => page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });
const textOf = async (page: Page, value: string) =>
  (await page.locator(`[data-value=${value}]:visible`).first().textContent()) ?? '';

/** A page of its own, past what it has to fetch; a fragment alone would not load it anew. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(path);
  await page.locator('[data-step=wait]:not([hidden])').waitFor({ state: 'detached' });
}

describe('an owner in a browser', () => {
  it('signs up, protects the account, freezes it and writes to the case', async () => {
    const { page, context } = await h.visit();
    const email = someEmail();

    await page.goto('/sign-up');
    await fillAndSend(page, 'sign-up', { email, password: 'too short' });
    await page.getByText('Use at least 15 characters').waitFor();
    expect(await page.locator('#password').getAttribute('aria-invalid')).toBe('true');
    await fillAndSend(page, 'sign-up', { email, password: PASSWORD });
    await shown(page, 'done');

    await h.mails(email);
    await page.goto('/dev/inbox');
    await page.locator('.cases a').first().click();
    const opened = context.waitForEvent('page');
    await page.frameLocator('iframe.mail').getByRole('link', { name: 'Confirm my address' }).click();
    const confirmation = await opened;
    await shown(confirmation, 'press');
    expect(confirmation.url()).toBe(`${h.origin}/confirm`);
    await fillAndSend(confirmation, 'confirm', {});
    await shown(confirmation, 'done');

    await signIn(page, email);
    await page.waitForURL('**/security');
    expect(await textOf(page, 'email')).toBe(email);
    const cookies = await context.cookies();
    expect(cookies.map((cookie) => [cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite]).sort()).toEqual([
      ['__Host-holdfast-device', true, true, 'Strict'],
      ['__Host-holdfast-refresh', true, true, 'Strict'],
    ]);

    await page.locator('[data-enrol]').click();
    await page.locator('[data-qr][src^="data:image/svg+xml,"]').waitFor();
    const secret = await textOf(page, 'secret');
    await fillAndSend(page, 'totp-confirm', { code: '000000' });
    await page.getByText('That code is wrong').waitFor();
    await fillAndSend(page, 'totp-confirm', { code: totpCode(secret, h.clock.now()) });
    await page.locator('#recovery-codes').waitFor();
    const codes = (await page.locator('#recovery-codes').textContent())?.split('\n') ?? [];
    expect(codes).toHaveLength(10);
    const saved = page.waitForEvent('download');
    await page.locator('[data-download=recovery-codes]').click();
    expect(readFileSync(await (await saved).path(), 'utf8')).toBe(`${codes.join('\n')}\n`);
    await page.locator('[data-codes-kept]').click();
    await page.getByText('10 recovery codes are left').waitFor();
    await page.getByText('Withdrawals are stopped.').waitFor();
    await page.locator('[data-sign-out]').click();
    await page.getByText('You are signed out.').waitFor();

    h.clock.advance(30_000);
    await signIn(page, email);
    await shown(page, 'totp');
    await fillAndSend(page, 'totp', { code: '000000' });
    await page.getByText('That code is wrong').waitFor();
    await fillAndSend(page, 'totp', { code: totpCode(secret, h.clock.now()) });
    await page.waitForURL('**/security');

    await page.locator('[data-open=ask-freeze]').click();
    await fillAndSend(page, 'freeze', { message: 'I lost my phone.' });
    await shown(page, 'frozen');
    const reference = await textOf(page, 'reference');
    expect(await page.locator('#receipt').inputValue()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);

    await signIn(page, email);
    await shown(page, 'totp');
    await page.locator('[data-step=totp] [data-show=recovery-code]').click();
    await fillAndSend(page, 'recovery-code', { code: codes[0] ?? '' });
    await shown(page, 'held');
    expect(await textOf(page, 'reference')).toBe(reference);

    await page.locator('[data-step=held] a[href="/case"]').click();
    await page.locator('[data-list=cases] button', { hasText: reference }).click();
    await fillAndSend(page, 'message', { message: 'It is still me. <b>Please help.</b>' });
    await page.getByText('It is still me. <b>Please help.</b>').waitFor();
    await page.getByText('Not yet verified that this came from you.').waitFor();
    await context.close();
  });

  it('sets a new password by mail, with the second factor', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const { page, context } = await h.visit();
    await page.goto('/reset');
    await fillAndSend(page, 'request', { identifier: owner.email });
    await shown(page, 'requested');
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    await page.goto(`/reset#token=${token}`);
    await shown(page, 'choose');
    expect(page.url()).toBe(`${h.origin}/reset`);
    await fillAndSend(page, 'choose', { newPassword: `${PASSWORD} again` });
    await page.getByText('This account has a second step').waitFor();
    await fillAndSend(page, 'choose', { code: totpCode(secret, h.clock.now()) });
    await shown(page, 'done');
    const signedIn = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: `${PASSWORD} again` });
    expect(signedIn.body.status).toBe('second-factor-required');
    await context.close();
  });

  it('freezes by a mailed link only when pressed', async () => {
    const owner = await newOwner(h);
    await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    const token = tokenIn((await h.mails(owner.email))[0], 'freeze');
    const { page, context } = await h.visit();
    await page.goto(`/freeze#token=${token}`);
    await shown(page, 'press');
    expect(page.url()).toBe(`${h.origin}/freeze`);
    expect(await page.content()).not.toContain(token);
    expect((await h.get('/v1/me', owner.accessToken)).body.holds).toEqual([]);
    await page.locator('[data-language][lang=zh-CN]').click();
    await page.getByText('立即冻结我的账户').click();
    await shown(page, 'done');
    expect(await textOf(page, 'reference')).not.toBe('');
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    await page.goto(`/freeze#token=${token}`);
    await shown(page, 'stale');
    await context.close();
  });

  it('lets this browser in by the mailed link while strangers have locked the account', async () => {
    const owner = await newOwner(h);
    for (let guess = 0; guess < 5; guess += 1) {
      await h.post('/v1/auth/sign-in', { identifier: owner.email, password: `guess number ${guess}` });
    }
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    await page.getByText('Try again in 15 minutes').waitFor();
    const token = tokenIn((await h.mails(owner.email))[0], 'unlock');
    await page.goto(`/unlock#token=${token}`);
    await fillAndSend(page, 'unlock', {});
    await shown(page, 'done');
    await signIn(page, owner.email);
    await page.waitForURL('**/security');
    await context.close();
  });

  it('V7.5.1 asks who it is before a change, goes on with it, and comes back only to pages of ours', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await page.goto('/security');
    await page.getByText('Please sign in to go on.').waitFor();
    await fillAndSend(page, 'sign-in', { identifier: owner.email, password: PASSWORD });
    await page.waitForURL('**/security');
    h.clock.advance(16 * 60_000);
    await page.locator('[data-enrol]').click();
    await page.getByText('Confirm it is you').waitFor();
    await fillAndSend(page, 'step-up', { password: PASSWORD });
    await page.locator('[data-qr][src^="data:image/svg+xml,"]').waitFor();
    await page.goto('/sign-in?next=https://evil.example/&reason=%3Cb%3E');
    await fillAndSend(page, 'sign-in', { identifier: owner.email, password: PASSWORD });
    await page.waitForURL(`${h.origin}/security`);
    await context.close();
  });

  it('keeps the session when its page is left while tokens are traded', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    await page.waitForURL('**/security');
    for (let hasty = 0; hasty < 6; hasty += 1) {
      await page.goto('/security', { waitUntil: 'commit' });
      await page.waitForTimeout(30 + hasty * 20);
    }
    await page.goto('/security');
    await shown(page, 'overview');
    const mails = await h.mails(owner.email);
    expect(mails.filter((mail) => mail.subject.includes('ended a session'))).toEqual([]);
    await context.close();
  });

  it('reports from a case mail, without signing in', async () => {
    const owner = await newOwner(h);
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    const mails = await h.mails(owner.email);
    const token = tokenIn(
      mails.find((mail) => mail.text.includes('/case#token=')),
      'case',
    );
    const { page, context } = await h.visit();
    await page.goto(`/case#token=${token}`);
    await page.locator('[data-step=list] [data-show=report]').click();
    await page.getByLabel('I was tricked into paying').check();
    await fillAndSend(page, 'report', { message: 'Somebody on the phone made me pay.' });
    await shown(page, 'reported');
    await page.locator('[data-open-case]').click();
    await page.getByText('Somebody on the phone made me pay.').waitFor();
    await context.close();
  });
});

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const paths = [
  '/',
  '/sign-up',
  '/sign-in',
  '/confirm#token=some-token-or-other',
  '/reset',
  '/recover',
  '/reset#token=some-token-or-other',
  '/freeze#token=some-token-or-other',
  '/unlock#token=some-token-or-other',
  '/case',
  '/case#report',
  '/report',
  '/problems/account-held',
  '/dev/inbox',
];

describe('every page', () => {
  it.each([
    ['en-GB', 'light'],
    ['zh-CN', 'dark'],
  ] as const)(
    'has no serious accessibility finding in %s, %s',
    async (locale, colorScheme) => {
      const owner = await newOwner(h);
      const [mail] = await h.mails(owner.email);
      const { page, context } = await h.visit({ locale, colorScheme, bypassCSP: true });
      const found: string[] = [];
      const look = async (what: string) => {
        await page.evaluate(axe);
        const findings = await page.evaluate<string[]>(seriousFindings);
        found.push(...findings.map((finding) => `${what}: ${finding}`));
      };
      await signIn(page, owner.email);
      await page.waitForURL('**/security');
      await shown(page, 'overview');
      for (const path of [...paths, `/dev/inbox/${mail?.id}`]) {
        await open(page, path);
        expect(await page.locator('html').getAttribute('lang')).toBe(locale === 'en-GB' ? 'en' : locale);
        await look(path);
      }

      await open(page, '/security');
      await page.locator('[data-open=ask-freeze]').click();
      await page.locator('[data-enrol]').click();
      await page.locator('[data-qr][src]').waitFor();
      await look('enrolment');
      await fillAndSend(page, 'totp-confirm', { code: '000000' });
      await page.locator('[data-form=totp-confirm] [data-error]:visible').waitFor();
      const code = totpCode(await textOf(page, 'secret'), h.clock.now());
      await fillAndSend(page, 'totp-confirm', { code });
      await page.locator('#recovery-codes').waitFor();
      await look('recovery codes');
      await page.locator('[data-codes-kept]').click();
      await page.locator('[data-list=authenticators] [data-open=ask-remove]').click();
      await look('second factor on');
      await fillAndSend(page, 'freeze', {});
      await shown(page, 'frozen');
      await look('frozen');
      const mails = await h.mails(owner.email);
      const token = tokenIn(
        mails.find((each) => each.text.includes('/case#token=')),
        'case',
      );
      await open(page, `/case#token=${token}`);
      await page.locator('[data-list=cases] button').click();
      await fillAndSend(page, 'message', { message: 'Hello.' });
      await page.locator('.messages .doubt').waitFor();
      await look('case');
      expect(found).toEqual([]);
      await context.close();
    },
    60_000,
  );

  it('V3.4.3 keeps to its policy', async () => {
    const { page, context } = await h.visit();
    for (const path of paths) await open(page, path);
    await context.close();
  });

  it('shows the contract at /docs without a violation', async () => {
    const { page, context } = await h.visit();
    await page.goto('/docs');
    await page.locator('.swagger-ui .opblock').first().waitFor();
    await context.close();
  });
});

const seriousFindings = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ' ' + nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')))`;
