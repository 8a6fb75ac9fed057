import { describe } from 'vitest';

/**
 * A suite that needs a real part (engine, proxy, certificate authority). On a machine without it the suite says so and
 * is skipped; where `AGENTPOD_REAL_PARTS=required` (scripts/test.sh, CI) its absence is a failure.
 */
export function describeReal(title: string, missing: string | undefined, suite: () => void): void {
  if (missing === undefined) {
    describe(title, suite);
  } else if (process.env['AGENTPOD_REAL_PARTS'] === 'required') {
    throw new Error(`${title}: ${missing}`);
  } else {
    describe.skip(`${title} (skipped: ${missing})`, suite);
  }
}
