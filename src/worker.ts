import { randomUUID } from 'node:crypto';
import type { Context } from './context.ts';
import type { Bell } from './db/bell.ts';
import { handBack, LEASE, renewLeases } from './events/deliveries.ts';
import { openLane } from './events/lane.ts';
import { deliverMail } from './notices/deliver-mail.ts';
import { deliverText } from './notices/deliver-text.ts';
import type { Mailer } from './notices/mailer.ts';
import { openTexter } from './notices/texter.ts';
import { deliverTicket, openHelpdesk } from './tickets/tickets.ts';

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
  const texter = openTexter(ctx);
  const lanes = [
    openLane(ctx, id, { kind: 'ticket', atOnce: 4, deliver: (delivery) => deliverTicket(ctx, helpdesk, delivery) }),
    openLane(ctx, id, { kind: 'notice', atOnce: 6, deliver: (delivery) => deliverMail(ctx, mailer, delivery) }),
    openLane(ctx, id, { kind: 'text', atOnce: 4, deliver: (delivery) => deliverText(ctx, texter, delivery) }),
    openLane(ctx, id, { kind: 'mail', atOnce: 4, deliver: (delivery) => deliverMail(ctx, mailer, delivery) }),
  ];

  async function wake(): Promise<void> {
    await Promise.all(lanes.map((lane) => lane.wake()));
  }

  bell?.onRing('deliveries', () => void wake());
  const poll = bell && setInterval(() => void wake(), POLL_MS);
  const renewal = setInterval(() => {
    const ids = lanes.flatMap((lane) => lane.underWay());
    renewLeases(ctx, id, ids).catch((error) => ctx.log.warn({ err: error }, 'leases not renewed'));
  }, LEASE / 3);
  renewal.unref();

  return {
    drain: wake,
    async stop(patience) {
      clearInterval(poll);
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      await Promise.race([Promise.all(lanes.map((lane) => lane.stop())), timeout]);
      clearInterval(renewal);
      await handBack(ctx, id);
    },
  };
}
