import { setTimeout as sleep } from 'node:timers/promises';
import { generateSync } from 'otplib';

const PERIOD = 30;
const MARGIN = 5;

/** Shows each code once, as the service takes it: of the present time step or, while it still counts, the one before. */
export class Authenticator {
  readonly #secret: string;
  #lastStep = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  async nextCode(): Promise<string> {
    for (;;) {
      const seconds = Date.now() / 1000;
      const present = Math.floor(seconds / PERIOD);
      const isBeforeGood = (present + 1) * PERIOD - seconds > MARGIN;
      const step = Math.max(isBeforeGood ? present - 1 : present, this.#lastStep + 1);
      if (step <= present) {
        this.#lastStep = step;
        return generateSync({ secret: this.#secret, epoch: step * PERIOD });
      }
      await sleep(1_000);
    }
  }
}
