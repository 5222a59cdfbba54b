import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Kills, rollouts and statistics: too long for every run, always part of CI. */
export default defineConfig({ test: { ...base.test, include: ['test/**/*.campaign.ts'], testTimeout: 120_000 } });
