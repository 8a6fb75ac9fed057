// Whatever can go wrong with an agent, on request. What has to outlive the process lies in files of the state volume,
// so that it happens again at every start until the file is removed.
//   POST /exit?code=n[&again=yes]     ends the process; `again`: at every start, too
//   POST /busy?seconds=n              event loop silent, processor busy
//   POST /deadlock                    event loop silent for ever, processor idle, deaf to SIGTERM
//   POST /boot?seconds=n              the next starts take so long: first no port, then a start-up check that says so
//   POST /leak?mb=n                   takes so much memory and keeps it
//   POST /health?as=ok|endless|huge|garbage|hanging      what its health answers from now on
import { readFileSync, writeFileSync } from 'node:fs';

const exitFile = '/state/exit-code';
const bootFile = '/state/boot-seconds';
const afterTheAnswerMs = 10;
const hugeBytes = 10 * 1024 ** 2;
const leaked = [];

let health = 'ok';

/** Refuses a configuration that names the model `poison`, as agents refuse what they cannot read: with 78. */
export function refusePoison(configFile) {
  const config = readOr(configFile, '{}');
  if (JSON.parse(config).model?.name !== 'poison') return;
  console.error('stub agent: the configuration is refused: model.name: must not be poison');
  process.exit(78);
}

/** Ends the process when an earlier request asked for that at every start. */
export function exitIfAsked() {
  const code = numberIn(exitFile);
  if (code === undefined) return;
  console.error(`stub agent: asked to end with ${code} at every start`);
  process.exit(code);
}

/** How long this start takes: half of it without a port, half of it saying so. */
export function bootMs() {
  return (numberIn(bootFile) ?? 0) * 1000;
}

/** Answers a health request in a bad way and says so; `false`: nothing was asked for. */
export function answeredBadly(response) {
  switch (health) {
    case 'ok':
      return false;
    case 'hanging':
      return true;
    case 'garbage':
      response.end('<!doctype html><title>\u0000 not JSON');
      return true;
    case 'huge':
      response.end(`{"ok":true,"status":"live","filler":"${'x'.repeat(hugeBytes)}"}`);
      return true;
    default: {
      response.write('{"ok":true,"status":"live","filler":"');
      const drip = setInterval(() => response.write('x'.repeat(1024)), 20);
      response.on('close', () => clearInterval(drip));
      return true;
    }
  }
}

/** Carries out a fault; `undefined` when the path names none. */
export function fault({ pathname, searchParams }) {
  const number = (name) => Number(searchParams.get(name) ?? 0);
  switch (pathname) {
    case '/exit':
      if (searchParams.get('again') === 'yes') writeFileSync(exitFile, String(number('code')));
      return later(() => process.exit(number('code')));
    case '/busy':
      return later(() => spin(number('seconds') * 1000));
    case '/deadlock':
      return later(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    case '/boot':
      writeFileSync(bootFile, String(number('seconds')));
      return { body: { ok: true } };
    case '/leak':
      return later(() => leak(number('mb')));
    case '/health':
      health = searchParams.get('as') ?? 'ok';
      return { body: { ok: true } };
    default:
      return undefined;
  }
}

/** The answer has to be out before the event loop is stuck. */
function later(act) {
  setTimeout(() => act(), afterTheAnswerMs);
  return { status: 202, body: { ok: true } };
}

function spin(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

/** In portions, as a leak does; filled, because memory that nobody wrote to is not taken. */
function leak(megabytes) {
  leaked.push(Buffer.alloc(1024 ** 2, 1));
  if (megabytes > 1) setTimeout(() => leak(megabytes - 1), 2);
}

function numberIn(file) {
  const text = readOr(file, undefined);
  return text === undefined ? undefined : Number(text);
}

function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No such file: nobody asked.
    return fallback;
  }
}
