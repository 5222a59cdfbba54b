import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';

export function webRoutes(_ctx: Context): Router {
  return router();
}
