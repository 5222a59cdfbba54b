const WHO = 9;
const WHAT = 46;

type Who = 'owner' | 'thief' | 'host' | 'agent' | 'service';
export type Teller = {
  /** Acts, and prints the step with its time and what `act` returns. A step that fails is named and ends the story. */
  step(who: Who, what: string, act: () => Promise<string>): Promise<void>;
  close(): void;
};

export function openTeller(): Teller {
  const began = performance.now();
  let count = 0;
  return {
    async step(who, what, act) {
      count += 1;
      const number = String(count).padStart(2);
      const started = performance.now();
      try {
        const outcome = await act();
        const time = `${Math.round(performance.now() - started)} ms`.padStart(8);
        console.log(`✓ ${number}${time}  ${who.padEnd(WHO)}${what.padEnd(WHAT)}${outcome}`);
      } catch (error) {
        console.log(`✗ ${number}${''.padStart(8)}  ${who.padEnd(WHO)}${what}`);
        throw error;
      }
    },
    close() {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`\nThe story holds: ${count} steps in ${seconds} s`);
    },
  };
}
