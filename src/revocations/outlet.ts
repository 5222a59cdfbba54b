const MOST_BYTES = 256 * 1024;
const PATIENCE_MS = 30_000;

/** A stream of text that is written to, whose reader must keep up. */
type Outlet = {
  stream: ReadableStream<Uint8Array>;
  write(text: string): void;
  /** Until the reader has taken what was written. One that takes too long is cut. */
  room(): Promise<void>;
  isOver(): boolean;
  /** Ends it behind what was written. */
  end(): void;
  /** Ends it at once. */
  cut(): void;
};

type Parts = { /** Drops the connection. */ cut(): void /** Called once, however it ends. */; onEnd(): void };

/** Holds at most 256 KiB that nobody has read: past it the reader is cut, and comes back to where it was. */
export function openOutlet({ cut: drop, onEnd }: Parts): Outlet {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let taken: PromiseWithResolvers<void> | undefined;
  let isOver = false;

  function finish(): boolean {
    if (isOver) return false;
    isOver = true;
    taken?.resolve();
    onEnd();
    return true;
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        taken?.resolve();
        taken = undefined;
      },
      cancel: () => void finish(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BYTES }),
  );
  const left = () => controller?.desiredSize ?? 0;

  function cut(): void {
    if (!finish()) return;
    controller?.error(new Error('the reader is too slow'));
    drop();
  }

  return {
    stream,
    write(text) {
      if (isOver || text === '') return;
      if (left() <= 0) return cut();
      controller?.enqueue(encoder.encode(text));
    },
    async room() {
      if (isOver || left() > 0) return;
      taken ??= Promise.withResolvers();
      const timer = setTimeout(cut, PATIENCE_MS);
      await taken.promise;
      clearTimeout(timer);
    },
    isOver: () => isOver,
    end() {
      if (finish()) controller?.close();
    },
    cut,
  };
}
