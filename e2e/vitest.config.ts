import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    root: new URL('..', import.meta.url).pathname,
    // Real engines and browsers on a small machine: one suite after the other, and patience.
    fileParallelism: false,
    // Lanes of one suite that mostly wait, for agents that boot and for alerts that are held.
    maxConcurrency: 24,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    bail: 0,
  },
});
