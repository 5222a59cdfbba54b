import { createTransport } from 'nodemailer';

/** Options in the URL's query are not read: they could switch certificate checks or file access on and off. */
export function openSmtp(smtpUrl: string) {
  const url = parseSmtpUrl(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const loopback = isLoopback(host);
  return createTransport({
    pool: true,
    host,
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && !loopback,
    ignoreTLS: !secure && loopback,
    ...(url.username && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    dnsTimeout: 5_000,
    socketTimeout: 15_000,
    // The outbox retries; a second queue in memory would send what it already gave up.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function parseSmtpUrl(smtpUrl: string): URL {
  const url = URL.parse(smtpUrl);
  if (!url?.hostname || !['smtp:', 'smtps:'].includes(url.protocol)) {
    throw new Error('SMTP_URL must look like smtp://user:password@host:port or smtps://…');
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
