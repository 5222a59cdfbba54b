import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type InboxMail = { from: string; to: string; subject: string; text: string; html: string; messageId: string };
export type StoredMail = InboxMail & { id: string; at: string };

export type Inbox = {
  put(mail: InboxMail): Promise<StoredMail>;
  /** Newest first. */
  list(): Promise<StoredMail[]>;
  get(id: string): Promise<StoredMail | undefined>;
};

const kept = 500;
// The time makes ids sort, the random part makes them unguessable, the pattern keeps them from being paths.
const idPattern = /^\d{14}-[0-9a-f]{32}$/;

export function openInbox(folder: string): Inbox {
  let lastStamp = 0;
  const fileOf = (id: string) => join(folder, `${id}.json`);

  async function ids(): Promise<string[]> {
    const names = await readdir(folder).catch(ignoreMissing);
    return (names ?? [])
      .map((name) => name.replace(/\.json$/, ''))
      .filter((name) => idPattern.test(name))
      .sort()
      .reverse();
  }

  async function get(id: string): Promise<StoredMail | undefined> {
    if (!idPattern.test(id)) return undefined;
    const content = await readFile(fileOf(id), 'utf8').catch(ignoreMissing);
    return content === undefined ? undefined : (JSON.parse(content) as StoredMail);
  }

  return {
    get,
    async put(mail) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const now = new Date();
      lastStamp = Math.max(now.getTime(), lastStamp + 1);
      const id = `${String(lastStamp).padStart(14, '0')}-${randomBytes(16).toString('hex')}`;
      const stored: StoredMail = { id, at: now.toISOString(), ...mail };
      const draft = join(folder, `.${id}.draft`);
      await writeFile(draft, JSON.stringify(stored), { mode: 0o600, flag: 'wx' });
      await rename(draft, fileOf(id));
      const old = (await ids()).slice(kept);
      await Promise.all(old.map((each) => rm(fileOf(each), { force: true })));
      return stored;
    },
    async list() {
      const mails = await Promise.all((await ids()).map(get));
      return mails.filter((mail) => mail !== undefined);
    },
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
