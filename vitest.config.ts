import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    isolate: false,
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    // Real processes, browsers and clocks on a shared machine: once more, and only once, before a failure counts.
    retry: process.env['CI'] ? 1 : 0,
    hookTimeout: 60_000,
    globals: false,
  },
});
