const PATIENCE_MS = 2_000;

/** The operator's own CAPTCHA. Undefined where its service does not answer: then the caller asks for work instead. */
export type Captcha = { verify(response: string, ip: string): Promise<boolean | undefined> };

/** Asks `url` as the siteverify services do: `secret`, `response` and `remoteip` as a form, `{ success }` as JSON. */
export function openCaptcha({ url, secret }: { url: string; secret: string }): Captcha {
  return {
    async verify(response, ip) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          body: new URLSearchParams({ secret, response, remoteip: ip }),
          redirect: 'error',
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        if (!answer.ok) return undefined;
        const verdict = (await answer.json()) as { success?: unknown };
        return verdict.success === true;
      } catch {
        return undefined;
      }
    },
  };
}
