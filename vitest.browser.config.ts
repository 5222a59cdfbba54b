import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The pages in a real Chromium: a command of its own, always part of CI. */
export default defineConfig({ test: { ...base.test, include: ['test/**/*.browser.ts'], testTimeout: 120_000 } });
