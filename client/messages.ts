/** One block of a stream of server-sent events; `id` and `data` where it has them. */
export type Message = { event: string; data: string | undefined; id: string | undefined };

const MOST_UNREAD = 1024 * 1024;

/** Reads server-sent events (WHATWG HTML 9.2.6), comments included: they are somebody's heartbeat. */
export async function* readMessages(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let unread = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      unread += decoder.decode(value, { stream: true });
      const blocks = unread.split(/\r?\n\r?\n/);
      unread = blocks.pop() ?? '';
      if (unread.length > MOST_UNREAD) throw new Error('a message without end');
      for (const block of blocks) yield parse(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): Message {
  const message: Message = { event: 'message', data: undefined, id: undefined };
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') message.event = value;
    if (field === 'id') message.id = value;
    if (field === 'data') message.data = message.data === undefined ? value : `${message.data}\n${value}`;
  }
  return message;
}
