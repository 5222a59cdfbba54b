import { randomUUID } from 'node:crypto';
import type { Context } from './context.ts';
import type { Bell } from './db/bell.ts';
import {
  type Claimed,
  claimDeliveries,
  DeliveryError,
  handBack,
  LEASE,
  markDelivered,
  markFailed,
  renewLeases,
} from './events/deliveries.ts';
import { deliverMail } from './notices/deliver-mail.ts';
import type { Mailer } from './notices/mailer.ts';
import { deliverTicket, openHelpdesk } from './tickets/tickets.ts';

const AT_ONCE = 8;
const POLL_MS = 1_000;

export type Worker = {
  /** Delivers what is due until nothing is. */
  drain(): Promise<void>;
  /** Takes no more, lets what is under way finish for at most `patience` ms, and hands the rest back. */
  stop(patience: number): Promise<void>;
};

/** Claims deliveries and brings them where they go; a ring wakes it, a poll covers what a ring missed. */
export function startWorker(ctx: Context, mailer: Mailer, bell: Bell | undefined): Worker {
  const id = randomUUID();
  const helpdesk = openHelpdesk(ctx);
  const underWay = new Map<string, Promise<void>>();
  let isStopping = false;
  let running: Promise<void> | undefined;
  let ring = Promise.withResolvers<void>();
  let isRung = false;

  const handlers = {
    mail: (delivery: Claimed) => deliverMail(ctx, mailer, delivery),
    ticket: (delivery: Claimed) => deliverTicket(ctx, helpdesk, delivery),
  };

  async function deliver(delivery: Claimed): Promise<void> {
    try {
      await handlers[delivery.kind](delivery);
      await markDelivered(ctx, delivery.id);
    } catch (error) {
      const isExpected = error instanceof DeliveryError;
      if (!isExpected) ctx.log.error({ delivery: delivery.id, err: error }, 'delivery failed');
      await markFailed(ctx, delivery, isExpected ? error : new DeliveryError('internal error')).catch((failure) => {
        // The lease runs out and another attempt follows.
        ctx.log.error({ delivery: delivery.id, err: failure }, 'delivery not marked');
      });
    }
  }

  async function fill(): Promise<boolean> {
    const claimed = await claimDeliveries(ctx, id, AT_ONCE - underWay.size);
    for (const delivery of claimed) {
      underWay.set(
        delivery.id,
        deliver(delivery).finally(() => underWay.delete(delivery.id)),
      );
    }
    return claimed.length > 0;
  }

  /** Ends when nothing is due or under way. A delivery that takes long does not keep new ones waiting. */
  async function work(): Promise<void> {
    while (!isStopping) {
      isRung = false;
      ring = Promise.withResolvers<void>();
      const isFull = underWay.size >= AT_ONCE;
      if (!isFull && (await fill())) continue;
      if (underWay.size > 0) await Promise.race(isFull ? underWay.values() : [...underWay.values(), ring.promise]);
      else if (!isRung) return;
    }
  }

  async function run(): Promise<void> {
    try {
      await work();
    } catch (error) {
      ctx.log.error({ err: error }, 'worker cannot claim');
      isRung = false;
    } finally {
      running = undefined;
    }
    if (isRung && !isStopping) await wake();
  }

  function wake(): Promise<void> {
    isRung = true;
    ring.resolve();
    running ??= run();
    return running;
  }

  bell?.onRing(() => void wake());
  const poll = bell && setInterval(() => void wake(), POLL_MS);
  const renewal = setInterval(() => {
    renewLeases(ctx, id, [...underWay.keys()]).catch((error) => ctx.log.warn({ err: error }, 'leases not renewed'));
  }, LEASE / 3);
  renewal.unref();

  return {
    drain: wake,
    async stop(patience) {
      isStopping = true;
      ring.resolve();
      clearInterval(poll);
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      // What is being claimed this moment counts as under way.
      await Promise.race([Promise.resolve(running).then(() => Promise.allSettled(underWay.values())), timeout]);
      clearInterval(renewal);
      await handBack(ctx, id);
    },
  };
}
