import type { Io, Output } from './io.ts';

const interruptedExit = 130;

/** The real terminal, environment and clock. Each part is opened when it is used: `--help` needs only one of them. */
export function processIo(): Io {
  let interrupted: AbortSignal | undefined;
  const signal = () => (interrupted ??= onInterrupt());
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return forgiving(process.stdout);
    },
    get stderr() {
      return forgiving(process.stderr);
    },
    env: process.env,
    get cwd() {
      return process.cwd();
    },
    proc: '/proc',
    now: Date.now,
    timeZone: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
    sleep: (milliseconds, own) => delay(milliseconds, own ? AbortSignal.any([own, signal()]) : signal()),
    get interrupted() {
      return signal();
    },
  };
}

function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    // The second Ctrl-C is meant: whatever hangs is left behind.
    if (controller.signal.aborted) process.exit(interruptedExit);
    controller.abort();
  });
  return controller.signal;
}

const forgiven = new WeakSet<Output>();

/** `agentpod logs acme | head`: a reader that has enough ends us, and that is no failure. */
function forgiving(output: Output): Output {
  if (forgiven.has(output)) return output;
  forgiven.add(output);
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return output;
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', fail);
      resolve();
    }, milliseconds);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
