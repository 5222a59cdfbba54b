import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { mailedCode, newWithTotp, psd2 } from './support/enrolling.ts';
import { PASSWORD, totpCode } from './support/harness.ts';
import { newAccount } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { ...psd2, 'limits.mailPerRecipient': 100 } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where pictures of the steps are put for somebody to look at; nowhere unless asked for. */
const pictures = process.env['PICTURES'];

async function fillAndSend(page: Page, form: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

/** Waits for a step, and holds it to WCAG. */
async function shown(page: Page, step: string): Promise<void> {
  await page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });
  const lang = await page.locator('html').getAttribute('lang');
  if (pictures) await page.screenshot({ path: `${pictures}/${lang}-${step}.png`, fullPage: true });
  await page.evaluate(axe);
  const findings = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id))`,
  );
  expect(findings, step).toEqual([]);
}

async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto('/sign-in');
  await fillAndSend(page, 'sign-in', { identifier: email, password });
}

describe.each(['en', 'zh-CN'])('an owner without the second factor that is required, in %s', (locale) => {
  it('comes by a mailed code to an authenticator, its recovery codes and a session', { timeout: 120_000 }, async () => {
    const { page, context } = await h.visit({ locale, bypassCSP: true, viewport: { width: 390, height: 844 } });
    const { email } = await newAccount(h, { locale });
    await signIn(page, email);
    await shown(page, 'totp');
    await page.locator('[data-step=totp] [data-show=email-code]').click();
    await shown(page, 'email-code');
    await expect.poll(() => mailedCode(h, email), { timeout: 10_000 }).toMatch(/^\d{6}$/);
    await page.locator('[data-send-mail]').click();
    await page.locator('[data-mail-sent]').waitFor({ state: 'visible' });
    await fillAndSend(page, 'email-code', { code: (await mailedCode(h, email)) as string });
    await page.locator('[data-enrol-qr][src^="data:image/svg+xml,"]').waitFor();
    await shown(page, 'enrol');
    expect(await context.cookies()).toEqual([]);
    const secret = (await page.locator('#enrol-secret').textContent()) as string;
    await fillAndSend(page, 'enrol-totp', { code: '000000' });
    await page.locator('[data-form=enrol-totp] .error:not([hidden])').first().waitFor();
    await fillAndSend(page, 'enrol-totp', { code: totpCode(secret, h.clock.now()) });
    await shown(page, 'enrolled');
    const codes = ((await page.locator('#enrolled-codes').textContent()) as string).split('\n');
    expect(new Set(codes).size).toBe(10);
    expect(await page.locator('#enrol-secret').textContent()).toBe('');
    await page.locator('[data-enrolled-go-on]').click();
    await page.waitForURL('**/security');
    await page.getByText(email).first().waitFor();
    await context.close();
  });
});

describe('a hidden second step, in a browser', () => {
  it('asks whoever comes, and tells what was wrong of nobody', { timeout: 120_000 }, async () => {
    const { page, context } = await h.visit({ bypassCSP: true });
    const owner = await newWithTotp(h);
    const told: (string | null)[] = [];
    for (const [email, password] of [
      ['nobody@example.com', PASSWORD],
      [owner.email, 'not the right one'],
      [owner.email, PASSWORD],
    ] as const) {
      await signIn(page, email, password);
      await shown(page, 'totp');
      await fillAndSend(page, 'totp', { code: '000000' });
      await page.locator('[data-notice]:not([hidden])').waitFor();
      told.push(await page.locator('[data-notice]').textContent());
    }
    await shown(page, 'password');
    expect(new Set(told).size).toBe(1);
    expect(told[0]).toMatch(/we do not say which/);
    await signIn(page, owner.email);
    await fillAndSend(page, 'totp', { code: totpCode(owner.secret, h.clock.now()) });
    await page.waitForURL('**/security');
    await context.close();
  });

  it('lets a passkey be bound instead of an authenticator', { timeout: 120_000 }, async () => {
    const { page, context } = await h.visit();
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true } as const;
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...options, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const { email } = await newAccount(h);
    await signIn(page, email);
    await page.locator('[data-step=totp] [data-show=email-code]').click();
    await expect.poll(() => mailedCode(h, email), { timeout: 10_000 }).toMatch(/^\d{6}$/);
    await fillAndSend(page, 'email-code', { code: (await mailedCode(h, email)) as string });
    await page.locator('[data-form=enrol-passkey] [type=submit]').click();
    await page.locator('[data-step=enrolled]').waitFor({ state: 'visible' });
    await page.locator('[data-enrolled-go-on]').click();
    await page.waitForURL('**/security');
    await context.close();
  });
});
