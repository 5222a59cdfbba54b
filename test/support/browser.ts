import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import sparticuz from '@sparticuz/chromium';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Harness, type Options, openHarness } from './harness.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Visit = { context: BrowserContext; page: Page };

export type BrowserHarness = Harness & {
  origin: string;
  /** A browser of its own: no cookies, no storage. */
  visit(options?: BrowserContextOptions): Promise<Visit>;
  /** What pages complained about since the last look: violations of the policy, errors of scripts. */
  complaints(): string[];
};

/** A whole service on a real port, and Chromium to use it as people do. */
export async function openBrowserHarness(options: Options = {}): Promise<BrowserHarness> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const h = await openHarness({ ...options, env: { PUBLIC_URL: origin, ...options.env } });
  const server = serve({ fetch: h.instance.app.fetch, port, hostname: '127.0.0.1' });
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-browser-'));
  const executablePath = await sparticuz.executablePath();
  const browser = await chromium.launch({ executablePath, args: FLAGS, env: { ...process.env, HOME: profile } });
  const heard: string[] = [];

  return {
    ...h,
    origin,
    async visit(contextOptions = {}) {
      const context = await browser.newContext({ baseURL: origin, locale: 'en-GB', ...contextOptions });
      context.setDefaultTimeout(10_000);
      await context.exposeFunction('complain', (what: string) => void heard.push(what));
      await context.addInitScript(reportViolations);
      context.on('weberror', (error) => void heard.push(String(error.error())));
      context.on('console', (message) => {
        // Answers of the API with a status of 4xx are part of the story; Chromium logs each.
        const isRefusal = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
        if (message.type() === 'error' && !isRefusal) heard.push(message.text());
      });
      return { context, page: await context.newPage() };
    },
    complaints: () => heard.splice(0),
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
      await h.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Runs in every page before its own scripts. */
const reportViolations = `addEventListener('securitypolicyviolation', (event) =>
  complain(event.violatedDirective + ' ' + event.blockedURI + ' on ' + location.pathname));`;

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
