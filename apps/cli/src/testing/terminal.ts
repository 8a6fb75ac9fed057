import { PassThrough } from 'node:stream';
import type { Input, Io, Output } from '../io.ts';
import { run } from '../run.ts';

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A person sits in front of it. */
  readonly tty?: boolean;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly proc?: string;
  readonly interrupted?: AbortSignal;
  /** How many times faster waiting goes than the clock says. */
  readonly hurry?: number;
  /** Called with all that was written to stdout or stderr so far, whenever something was. */
  readonly onOutput?: (text: string) => void;
}

/** A terminal of its own: what is typed goes in, what the command says can be read afterwards. */
export function aTerminal({ env = {}, tty = false, hurry = 100, ...options }: TerminalOptions = {}) {
  const stdout = capture(tty, options.onOutput);
  const stderr = capture(tty, options.onOutput);
  const stdin: Input & PassThrough = Object.assign(new PassThrough(), { isTTY: tty, setRawMode: () => stdin });
  // A pipe ends; a person stays.
  if (options.stdin !== undefined) stdin.write(options.stdin);
  if (!tty) stdin.end();
  const interrupted = options.interrupted ?? new AbortController().signal;
  let elapsed = 0;
  const io: Io = {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    // Nothing of the machine that runs the tests, except where its programs are.
    env: { PATH: process.env['PATH'], AGENTPOD_DATA_DIR: '/nonexistent', ...env },
    cwd: options.cwd ?? '/',
    proc: options.proc ?? '/nonexistent',
    now: () => Date.parse('2026-11-01T00:05:00.000Z') + elapsed,
    timeZone: () => 'Asia/Shanghai',
    sleep: async (milliseconds, signal) => {
      await wait(milliseconds / hurry, signal ? AbortSignal.any([signal, interrupted]) : interrupted);
      elapsed += milliseconds;
    },
    interrupted,
  };
  return { io, stdin, stdout: stdout.text, stderr: stderr.text };
}

/** One run of the command line from outside. */
export async function agentpod(argv: readonly string[], options: TerminalOptions & { readonly url?: string } = {}) {
  const terminal = aTerminal(options);
  const place = options.url === undefined ? [] : ['--url', options.url];
  const exitCode = await run([...argv, ...place], terminal.io);
  return { exitCode, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

function capture(tty: boolean, onOutput: ((text: string) => void) | undefined) {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    onOutput?.(text);
  });
  const output: Output = Object.assign(stream, { isTTY: tty, columns: 120 });
  return { stream: output, text: () => text };
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const fail = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
