type Timer = ReturnType<typeof setTimeout>;

/** Does not keep a process alive where timers could. */
export function quietly(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

/** Ends early when `signal` does. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = quietly(setTimeout(done, ms));
    signal.addEventListener('abort', done);
  });
}
