import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness, type Visit } from './support/browser.ts';
import { PASSWORD } from './support/harness.ts';
import { mailedToken, newAccount } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'limits.factorChangesPerAccount': 100 } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shown = (page: Page, step: string) => page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });
const arrived = async (page: Page) => {
  await page.waitForURL('**/security');
  await shown(page, 'overview');
};
const card = (page: Page) => page.locator('[data-passkeys]');

async function send(page: Page, form: string, values: Record<string, string> = {}): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

type Key = { cdp: CDPSession; authenticatorId: string };

/** Chromium's own authenticator, which knows nothing of ours. It answers at once, or waits for `press`. */
async function plugIn({ context, page }: Visit): Promise<Key> {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2' as const,
    transport: 'internal' as const,
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  return { cdp, authenticatorId };
}

/** A browser that suggests no passkeys: this authenticator would take each suggestion up at once. */
async function visitWithoutSuggestions(options?: BrowserContextOptions): Promise<Visit> {
  const visit = await h.visit(options);
  await visit.context.addInitScript(
    'if (self.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false',
  );
  return visit;
}

/** Whether somebody is there to answer at once. */
async function attend({ cdp, authenticatorId }: Key, enabled: boolean): Promise<void> {
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
}

async function enterByPassword(page: Page, identifier: string): Promise<void> {
  await page.goto('/sign-in');
  await send(page, 'sign-in', { identifier, password: PASSWORD });
}

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const findings = await page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'] }).then(
    ({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes.map((node) => node.html).join(' | ')))`);
  expect(findings).toEqual([]);
}

/** Somebody signed in whose browser holds a passkey of the account. */
async function withPasskey(visit: Visit): Promise<{ email: string; key: Key }> {
  const { email } = await newAccount(h);
  const key = await plugIn(visit);
  await enterByPassword(visit.page, email);
  await arrived(visit.page);
  await visit.page.locator('[data-passkey-add]').click();
  await visit.page.locator('#passkey-codes').waitFor();
  await visit.page.locator('[data-passkey-codes-kept]').click();
  await card(visit.page).locator('li').first().waitFor();
  await attend(key, false);
  return { email, key };
}

describe('V6.3.3 an owner with Chromium’s authenticator', () => {
  it('adds a passkey, signs in with it alone, names and removes it', async () => {
    const visit = await visitWithoutSuggestions({ bypassCSP: true });
    const { page } = visit;
    const { email, key } = await withPasskey(visit);
    await expectAccessible(page);
    expect(await card(page).locator('li').count()).toBe(1);

    await page.locator('[data-sign-out]').click();
    await page.waitForURL('**/sign-in**');
    await attend(key, true);
    await send(page, 'passkey');
    await arrived(page);
    await page.getByText(email).first().waitFor();

    await card(page)
      .getByRole('button', { name: /Rename/ })
      .click();
    await send(page, 'passkey-name', { name: 'Test key' });
    await card(page).getByText('Test key', { exact: true }).waitFor();
    await card(page).getByRole('button', { name: 'Remove “Test key”' }).click();
    await expectAccessible(page);
    await page.locator('[data-form=passkey-remove] [data-passkey-proof]').click();
    await page.locator('[data-no-passkeys]:visible').waitFor();
    expect(await h.mails(email).then((mails) => mails[0]?.subject)).toContain('Passkey removed');

    await page.locator('[data-sign-out]').click();
    await page.waitForURL('**/sign-in**');
    await send(page, 'passkey');
    await page.locator('[data-form=passkey] [data-error]:visible').waitFor();
    await visit.context.close();
  }, 120_000);

  it('is suggested among the names, and taken up without a press', async () => {
    const visit = await h.visit();
    const { key } = await withPasskey(visit);
    await visit.page.locator('[data-sign-out]').click();
    await visit.page.waitForURL('**/sign-in**');
    await attend(key, true);
    await visit.page.reload();
    await arrived(visit.page);
    await visit.context.close();
  }, 120_000);

  it('uses it as the second step, and to set a new password by mail', async () => {
    const visit = await visitWithoutSuggestions({ locale: 'zh-CN', colorScheme: 'dark', bypassCSP: true });
    const { page } = visit;
    const { email, key } = await withPasskey(visit);
    await page.locator('[data-sign-out]').click();
    await page.waitForURL('**/sign-in**');
    await enterByPassword(page, email);
    await shown(page, 'passkey');
    await expectAccessible(page);
    await attend(key, true);
    await send(page, 'passkey-step');
    await arrived(page);

    await h.post('/v1/auth/password-reset', { identifier: email });
    await attend(key, false);
    await page.goto(`/reset#token=${await mailedToken(h, email, 'reset')}`);
    await send(page, 'choose', { newPassword: `${PASSWORD} anew` });
    await page.locator('[data-form=choose] [data-passkey-proof]:visible').waitFor();
    await expectAccessible(page);
    await attend(key, true);
    await page.locator('[data-form=choose] [data-passkey-proof]').click();
    await shown(page, 'done');
    await visit.context.close();
  }, 120_000);

  it('proves other changes with it: a new password, new recovery codes, a further passkey', async () => {
    const visit = await visitWithoutSuggestions();
    const { page } = visit;
    const { key } = await withPasskey(visit);
    await page.locator('[data-sign-out]').click();
    await page.waitForURL('**/sign-in**');
    await attend(key, true);
    await send(page, 'passkey');
    await arrived(page);
    await page.locator('[data-open=ask-codes]').click();
    await page.locator('[data-form=codes] [data-passkey-proof]').click();
    await page.locator('#recovery-codes').waitFor();
    await page.locator('[data-codes-kept]').click();
    await page.locator('[data-open=ask-password]').click();
    const fields = page.locator('[data-form=password]');
    await fields.locator('[name=currentPassword]').fill(PASSWORD);
    await fields.locator('[name=newPassword]').fill(`${PASSWORD} anew`);
    await fields.locator('[data-passkey-proof]').click();
    await page.locator('[data-password-changed]:visible').waitFor();
    await page.locator('[data-passkey-add]').click();
    await page.locator('[data-form=passkey-add] [data-passkey-proof]').click();
    await page.getByText('This device has a passkey for your account already.').waitFor();
    await visit.context.close();
  }, 120_000);
});
