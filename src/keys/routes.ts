import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';

/** Less than the least `keys.announce`: a key signs only when every cache of this knows it. */
const CACHED = { 'cache-control': 'public, max-age=300' };

/** Public keys, for whoever verifies what this service signed (RFC 7517). */
export function keyRoutes(ctx: Context): Router {
  const routes = router();
  routes.get('/.well-known/jwks.json', (c) => {
    return c.json({ keys: ctx.keys.publishedKeys(ctx.clock.now()) }, 200, CACHED);
  });
  // Apart from the first: an old key must not make anybody believe an access token.
  routes.get('/.well-known/receipt-keys.json', (c) => c.json({ keys: ctx.keys.receiptKeys() }, 200, CACHED));
  return routes;
}
