import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addressReader } from '../src/client-address.ts';
import { ConfigError, isLoopback, readConfig } from '../src/config.ts';
import { openHarness } from './support/harness.ts';

const SECRET = randomBytes(32).toString('base64');
const production = {
  NODE_ENV: 'production',
  HOLDFAST_SECRET: SECRET,
  SMTP_URL: 'smtps://mail.example',
  PUBLIC_URL: 'https://wallet.example',
};

function refusal(env: Record<string, string | undefined>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('the environment', () => {
  it('needs nothing outside production', () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      databaseUrl: undefined,
      dataDir: 'data',
      secret: undefined,
      trustedProxies: [],
      helpdesk: { provider: 'builtin' },
    });
  });

  it('counts an empty variable as unset', () => {
    expect(readConfig({ PORT: '', HOLDFAST_SECRET: '', SMTP_URL: '' })).toMatchObject({
      port: 3000,
      smtpUrl: undefined,
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['PUBLIC_URL', 'wallet.example'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['REDIS_URL', 'http://localhost'],
    ['MAX_CONNECTIONS', '10'],
    ['SMTP_URL', 'http://mail.example'],
    ['HOLDFAST_SECRET', 'short'],
    ['HOLDFAST_SECRET_PREVIOUS', 'short'],
    ['HOLDFAST_SECRET', randomBytes(16).toString('base64')],
    ['HOLDFAST_SECRET', randomBytes(33).toString('base64')],
    ['TRUSTED_PROXIES', '10.0.0.0/8,proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', '2001:db8::/129'],
    ['HELPDESK', 'paper'],
    ['HELPDESK', 'webhook'],
    ['PASSKEY_RP_ID', 'example'],
    ['CAPTCHA_VERIFY_URL', 'ftp://captcha.example'],
    ['CAPTCHA_SECRET', 'short'],
    ['SMS_HOOK_URL', 'ftp://sms.example'],
    ['SMS_HOOK_SECRET', 'whsec_short'],
    ['HOLDFAST_POLICY', '/no/such/file.yaml'],
  ])('V11.2.3 %s=%s stops the start with its name', (name, value) => {
    expect(refusal({ [name]: value })).toMatch(new RegExp(`^${name}: `));
  });

  it('names everything that is wrong at once, one line each, without showing a secret', () => {
    const message = refusal({ PORT: 'x', HOLDFAST_SECRET: 'not-so-secret', SMTP_URL: 'x' });
    expect(message.split('\n').map((line) => line.split(':')[0])).toEqual(['PORT', 'HOLDFAST_SECRET', 'SMTP_URL']);
    expect(message).not.toContain('not-so-secret');
  });

  it.each(['HOLDFAST_SECRET', 'SMTP_URL', 'PUBLIC_URL'])('production does not start without %s', (name) => {
    expect(refusal(production)).toBe('accepted');
    expect(refusal({ ...production, [name]: undefined })).toBe(`${name}: required in production`);
  });

  it('V12.2.1 production does not start on a public address without TLS', () => {
    expect(refusal({ ...production, PUBLIC_URL: 'http://wallet.example' })).toMatch(/^PUBLIC_URL: must be https/);
    const captcha = { CAPTCHA_VERIFY_URL: 'http://captcha.example', CAPTCHA_SECRET: 'a secret of theirs' };
    expect(refusal({ ...production, ...captcha })).toMatch(/^CAPTCHA_VERIFY_URL: must be https/);
    expect(refusal({ ...captcha, CAPTCHA_SECRET: undefined })).toMatch(/^CAPTCHA_SECRET: /);
    expect(refusal({ ...production, PUBLIC_URL: 'http://localhost:3000' })).toBe('accepted');
  });

  it('tells whether only this machine can reach the service', () => {
    expect(['127.0.0.1', '::1', 'localhost'].map((HOST) => isLoopback(readConfig({ HOST })))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['0.0.0.0', '::', '10.0.0.1'].map((HOST) => isLoopback(readConfig({ HOST })))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('V4.1.3 V15.3.4 the caller’s address', () => {
  const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.1'];
  it.each<[string, string[], string | undefined, string | undefined, string]>([
    ['is the socket’s', [], '203.0.113.9', undefined, '203.0.113.9'],
    ['is the socket’s where no proxy is trusted', [], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is the socket’s where that is no proxy', proxies, '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is the one the proxy saw', proxies, '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [
      'is the rightmost stranger, whatever stands left of it',
      proxies,
      '10.1.2.3',
      '1.1.1.1, 10.9.9.9, 198.51.100.1',
      '198.51.100.1',
    ],
    [
      'is read through a chain of proxies',
      proxies,
      '10.1.2.3',
      '1.1.1.1, 198.51.100.1, 192.0.2.1, 10.0.0.7',
      '198.51.100.1',
    ],
    ['is the last believable hop where the rest is no address', proxies, '10.1.2.3', 'unknown, 10.0.0.7', '10.0.0.7'],
    ['is the proxy’s where the nearest hop is no address', proxies, '10.1.2.3', '198.51.100.1, nonsense', '10.1.2.3'],
    ['is the proxy’s where it forwards for nobody', proxies, '10.1.2.3', '', '10.1.2.3'],
    ['is plain IPv4 on a dual-stack socket', proxies, '::ffff:10.1.2.3', '::ffff:198.51.100.1', '198.51.100.1'],
    ['is IPv6 without zone and brackets', proxies, '2001:db8:ffff::1', '[2001:db8:1::7]:443', '2001:db8:1::7'],
    ['is loopback where there is no socket', [], undefined, undefined, '127.0.0.1'],
  ])('%s', (_name, trusted, socket, forwarded, address) => {
    expect(addressReader(trusted)(socket, forwarded)).toBe(address);
  });

  it('a spoofed header changes no limit: the eleventh reset of one caller is refused all the same', async () => {
    const h = await openHarness({ env: { TRUSTED_PROXIES: '10.0.0.0/8' } });
    try {
      const statuses = [];
      for (let n = 0; n < 11; n++) {
        const headers = { 'x-forwarded-for': `192.0.2.${n}, 203.0.113.77`, 'x-real-ip': `192.0.2.${n}` };
        const body = { identifier: `nobody${n}@example.com` };
        statuses.push((await h.post('/v1/auth/password-reset', body, { ip: '10.0.0.1', headers })).status);
      }
      expect(statuses).toEqual([...Array(10).fill(202), 429]);
    } finally {
      await h.close();
    }
  });
});
