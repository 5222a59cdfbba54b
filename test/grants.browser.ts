import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { PASSWORD, totpCode } from './support/harness.ts';
import { decide, move, newPayer, type Payer, payment, verdictOf, wrongCode } from './support/payer.ts';

let h: BrowserHarness;
/** A wallet's own front end, on another origin of the same site. */
let wallet: Server;
let origin: string;
beforeAll(async () => {
  wallet = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Wallet</title>');
  });
  await new Promise<void>((resolve) => wallet.listen(0, '127.0.0.1', resolve));
  origin = `http://localhost:${(wallet.address() as AddressInfo).port}`;
  h = await openBrowserHarness({ env: { ALLOWED_ORIGINS: origin } });
}, 120_000);
afterAll(async () => {
  await h.close();
  wallet.close();
});
afterEach(() => expect(h.complaints()).toEqual([]));

/** What the wallet's script does: signs in with cookies, asks for a grant, leads to the page. */
async function openFromWallet(page: Page, payer: Payer, wish: object = {}): Promise<string> {
  await page.goto(origin);
  h.clock.advance(30_000);
  const code = totpCode(payer.secret, h.clock.now());
  const credentials = { identifier: payer.email, password: PASSWORD, code, tokens: 'cookie' };
  const body = { ...payment, returnTo: `${origin}/paid?order=7`, ...wish };
  const grantId = await page.evaluate(`(async () => {
    const send = async (path, body, token) => (await fetch('${h.origin}' + path, {
      method: 'POST', credentials: 'include', body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) },
    })).json();
    const { accessToken } = await send('/v1/auth/sign-in', ${JSON.stringify(credentials)});
    return (await send('/v1/me/grants', ${JSON.stringify(body)}, accessToken)).grantId;
  })()`);
  await page.goto(`/grant#token=${grantId}`);
  return String(grantId);
}

async function enter(page: Page, code: string): Promise<void> {
  await page.locator('[data-form=totp] [name=code]').fill(code);
  await page.locator('[data-form=totp] [type=submit]').click();
}

describe('the page where a payer confirms', () => {
  it.each([
    ['en-GB', 'Confirm this payment', 'EUR 12.50', 'That code'],
    ['zh-CN', '确认这笔付款', 'EUR 12.50', '验证码'],
  ] as const)(
    'OW-TX1 PS-5.2 shows amount and payee as the server keeps them, in %s',
    async (locale, title, amount, refusal) => {
      const payer = await newPayer(h);
      const { page, context } = await h.visit({ locale });
      await openFromWallet(page, payer);
      await page.getByRole('heading', { name: title }).waitFor();
      expect(page.url(), 'nothing stays in the address').toBe(`${h.origin}/grant`);
      expect((await page.locator('[data-value=amount]').textContent())?.replace(/\s/g, ' ')).toBe(amount);
      expect(await page.locator('[data-value=payee-name]').textContent()).toBe('Shoe Shop');
      expect(await page.locator('[data-value=payee-id]').textContent()).toBe('DE02120300000000202051');
      expect(await page.locator('[data-way=passkey]').isVisible()).toBe(false);

      await enter(page, wrongCode(h, payer));
      expect(await page.getByRole('alert').filter({ visible: true }).textContent()).toContain(refusal);
      h.clock.advance(30_000);
      await enter(page, totpCode(payer.secret, h.clock.now()));
      const back = page.locator('[data-back]');
      await back.waitFor({ state: 'visible' });
      await back.click();
      await page.waitForURL(`${origin}/paid?order=7#grant=*`);
      const grant = new URL(page.url()).hash.slice('#grant='.length);
      expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('allow');
      await context.close();
    },
  );

  it('shows what a payee’s name says as text, and gives nothing once it was cancelled', async () => {
    const payer = await newPayer(h);
    const { page, context } = await h.visit();
    const name = '<b>Shoe</b> {shop}';
    await openFromWallet(page, payer, { payee: { id: 'x-1', name }, amount: '1234567.8', currency: 'USD' });
    await page.getByRole('heading', { name: 'Confirm this payment' }).waitFor();
    expect(await page.locator('[data-value=payee-name]').textContent()).toBe(name);
    expect((await page.locator('[data-value=amount]').textContent())?.replace(/\s/g, ' ')).toBe('USD 1,234,567.80');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    const { rows } = await h.pool.query('select void_reason from grants where account_id = $1', [payer.accountId]);
    expect(rows).toEqual([{ void_reason: 'cancelled' }]);
    await context.close();
  });

  it('is over after five wrong codes, for another session, and without a way back', async () => {
    const payer = await newPayer(h);
    const { page, context } = await h.visit();
    const grantId = await openFromWallet(page, payer);
    await page.getByRole('heading', { name: 'Confirm this payment' }).waitFor();
    for (let guess = 0; guess < 5; guess++) {
      await enter(page, wrongCode(h, payer));
      await page.getByRole('alert').filter({ visible: true }).waitFor();
    }
    h.clock.advance(30_000);
    await enter(page, totpCode(payer.secret, h.clock.now()));
    await page.getByRole('heading', { name: 'This request is over' }).waitFor();
    await openFromWallet(page, payer, { returnTo: undefined });
    await page.getByText('confirmed in the app that made it').waitFor();
    const stranger = await newPayer(h);
    const other = await h.visit();
    await openFromWallet(other.page, stranger);
    await other.page.getByRole('heading', { name: 'Confirm this payment' }).waitFor();
    await other.page.goto('about:blank');
    await other.page.goto(`/grant#token=${grantId}`);
    await other.page.getByRole('heading', { name: 'This request is over' }).waitFor();
    await Promise.all([context.close(), other.context.close()]);
  });

  it('PS-5.1 is confirmed with a passkey, which signs the hash of the payment', async () => {
    const payer = await newPayer(h);
    const { page, context } = await h.visit();
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
    } as const;
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, isUserVerified: true } });
    await page.goto('/sign-in');
    // Bound on our own page, by the very browser that confirms later.
    const asked = await h.post(
      '/v1/me/passkeys/options',
      { code: payer.recoveryCodes[0] },
      { token: payer.accessToken },
    );
    const credential = await page.evaluate(`(async () => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(asked.body)});
      return (await navigator.credentials.create({ publicKey })).toJSON();
    })()`);
    const { id, rawId, type, response } = credential as Record<string, Record<string, unknown>>;
    const { clientDataJSON, attestationObject, transports } = response as Record<string, unknown>;
    const made = { id, rawId, type, response: { clientDataJSON, attestationObject, transports } };
    const added = await h.post('/v1/me/passkeys', { credential: made }, { token: payer.accessToken });
    expect(added.status, added.text).toBe(201);
    await h.pool.query('update holds set released_at = since where account_id = $1', [payer.accountId]);

    await openFromWallet(page, payer);
    await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
    await page.locator('[data-back]').waitFor({ state: 'visible' });
    const { rows } = await h.pool.query('select factor from grants where account_id = $1', [payer.accountId]);
    expect(rows).toEqual([{ factor: 'passkey' }]);
    await context.close();
  });

  it.each([
    ['en-GB', 'light'],
    ['zh-CN', 'dark'],
  ] as const)('has no serious accessibility finding in %s, %s', async (locale, colorScheme) => {
    const payer = await newPayer(h);
    const { page, context } = await h.visit({ locale, colorScheme, bypassCSP: true });
    await openFromWallet(page, payer);
    await page.locator('[data-form=totp]').waitFor({ state: 'visible' });
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const serious = `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;
    expect(await page.evaluate(serious)).toEqual([]);
    await context.close();
  });
});
