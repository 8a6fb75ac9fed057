import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'apps/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
    // Suites that use a real engine or proxy say in their file how long they need.
    testTimeout: 10_000,
    reporters: ['default'],
  },
});
