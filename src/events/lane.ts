import type { Context } from '../context.ts';
import { type Claimed, claimDeliveries, DeliveryError, markDelivered, markFailed } from './deliveries.ts';

/** One kind of delivery on its way: what hangs in one lane holds up no other. */
type Lane = {
  /** Delivers what is due until nothing is. */
  wake(): Promise<void>;
  underWay(): string[];
  /** Takes no more; ends when what is under way has. */
  stop(): Promise<void>;
};

type Work = { kind: Claimed['kind']; atOnce: number; deliver(delivery: Claimed): Promise<void> };

export function openLane(ctx: Context, worker: string, { kind, atOnce, deliver }: Work): Lane {
  const underWay = new Map<string, Promise<void>>();
  let isStopping = false;
  let running: Promise<void> | undefined;
  let ring = Promise.withResolvers<void>();
  let isRung = false;

  async function attempt(delivery: Claimed): Promise<void> {
    try {
      await deliver(delivery);
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
    const claimed = await claimDeliveries(ctx, worker, kind, atOnce - underWay.size);
    for (const delivery of claimed) {
      underWay.set(
        delivery.id,
        attempt(delivery).finally(() => underWay.delete(delivery.id)),
      );
    }
    return claimed.length > 0;
  }

  /** Ends when nothing is due or under way. A delivery that takes long does not keep new ones waiting. */
  async function work(): Promise<void> {
    while (!isStopping) {
      isRung = false;
      ring = Promise.withResolvers<void>();
      const isFull = underWay.size >= atOnce;
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

  return {
    wake,
    underWay: () => [...underWay.keys()],
    async stop() {
      isStopping = true;
      ring.resolve();
      // What is being claimed this moment counts as under way.
      await running;
      await Promise.allSettled(underWay.values());
    },
  };
}
