import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newOwner, openHarness, PASSWORD, someEmail, tokenIn } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

describe('sign-up', () => {
  it('opens an account once the address is confirmed, and not before', async () => {
    const email = someEmail();
    expect((await h.post('/v1/auth/sign-up', { email, password: PASSWORD })).status).toBe(202);
    expect((await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD })).body.code).toBe(
      'invalid-credentials',
    );
    const token = tokenIn((await h.mails(email))[0], 'confirm');
    expect((await h.post('/v1/auth/email-confirmation', { token })).status).toBe(204);
    const signedIn = await h.post('/v1/auth/sign-in', { identifier: email.toUpperCase(), password: PASSWORD });
    expect(signedIn.status).toBe(200);
    expect(signedIn.body).toMatchObject({ status: 'signed-in', expiresIn: 300 });
  });

  it('redeems a confirmation once among sixteen callers', async () => {
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    const token = tokenIn((await h.mails(email))[0], 'confirm');
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => h.post('/v1/auth/email-confirmation', { token })),
    );
    expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1);
    expect(answers.filter((answer) => answer.body?.code === 'invalid-token')).toHaveLength(15);
  });

  it('V6.3.8 answers the same bytes for a known address and mails its owner instead', async () => {
    const owner = await newOwner(h);
    const known = await h.post('/v1/auth/sign-up', { email: owner.email, password: PASSWORD });
    const unknown = await h.post('/v1/auth/sign-up', { email: someEmail(), password: PASSWORD });
    expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).not.toContain('#token=');
    expect((await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).status).toBe(200);
  });
});
