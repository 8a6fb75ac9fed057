/**
 * Adds up the test reports of one run and prints the line that sums it up.
 * Usage: count-tests.ts <1 if a step without tests failed, else 0> <vitest JSON report>…
 */
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const [stepFailed = '1', ...files] = process.argv.slice(2);
let passed = 0;
let failed = stepFailed === '0' || files.length > 0 ? 0 : 1;
for (const file of files) {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  passed += report.numPassedTests;
  // A suite that could not even be loaded has no tests to fail, and a skipped one did not run: both are failures here.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  failed += report.numFailedTests + unloaded.length + report.numPendingTests + report.numTodoTests;
}
if (passed === 0) failed += 1;
if (stepFailed !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
