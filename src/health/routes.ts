import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';
import { findMissing } from './health.ts';

/** For the machines around the service; not part of the contract with clients. */
export function healthRoutes(ctx: Context): Router {
  const routes = router();
  routes.get('/health/live', (c) => c.json({ status: 'live' }));
  routes.get('/health/ready', async (c) => {
    const missing = await findMissing(ctx);
    return missing.length === 0 ? c.json({ status: 'ready' }) : c.json({ status: 'not-ready', missing }, 503);
  });
  return routes;
}
