import { serve } from '@hono/node-server';
import { createClient, createVerifier } from 'holdfast/client';
import { createShop } from './shop.ts';

const { HOLDFAST_URL: baseUrl = 'http://localhost:3000', HOLDFAST_API_KEY: apiKey, HOLDFAST_ISSUER } = process.env;
if (!apiKey) throw new Error('HOLDFAST_API_KEY is missing: npm run example makes one');

const holdfast = createClient({ baseUrl, apiKey });
const verifier = createVerifier({
  baseUrl,
  apiKey,
  ...(HOLDFAST_ISSUER === undefined ? {} : { issuer: HOLDFAST_ISSUER }),
  onError: (error) => console.error('verifier:', error instanceof Error ? error.message : error),
});
const shop = createShop(holdfast, verifier);
const server = serve(
  { fetch: shop.fetch, port: Number(process.env['SHOP_PORT'] ?? 0), hostname: '127.0.0.1' },
  (info) => {
    console.log(`The shop is open at http://localhost:${info.port}`);
  },
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    void verifier.close();
  });
}
