// A stand-in for an agent in AgentPod's tests: small, quick to boot, and it shows what reached it.
//   GET  /healthz, /startupz          {"ok":true,"status":…,"since":…}
//   ANY  /echo                        method, path and headers as they arrived
//   WS   any path                     sends every text or binary frame back
//   POST /v1/chat/completions         asks the model gateway of agentpod.json, as a real agent would
//   POST /exit, /busy, /deadlock …    faults on request: see faults.mjs
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { answeredBadly, bootMs, exitIfAsked, fault, refusePoison } from './faults.mjs';

const port = 8080;
const configFile = '/etc/stub-agent/agentpod.json';
const longestBody = 1024 ** 2;
/** Tells one start from the next. */
const since = Date.now();

exitIfAsked();
refusePoison(configFile);
const boot = bootMs();

const server = createServer((request, response) => {
  if (/^\/(healthz|startupz)$/.test(request.url) && answeredBadly(response)) return;
  route(request).then(
    ({ status = 200, body }) => answer(response, status, body),
    (error) => answer(response, 502, { error: { message: error.message } }),
  );
});

async function route(request) {
  const url = new URL(request.url, 'http://stub');
  switch (url.pathname) {
    case '/healthz':
      return { body: { ok: true, status: 'live', since } };
    case '/startupz':
      if (Date.now() < since + boot) return { status: 503, body: { ok: false, status: 'starting', since } };
      return { body: { ok: true, status: 'started', since } };
    case '/':
      return { body: { agent: hostname() } };
    case '/echo':
      return { body: { method: request.method, path: request.url, headers: request.headers, agent: hostname() } };
    case '/v1/chat/completions':
      return await chat(JSON.parse(await read(request)));
    default:
      return fault(url) ?? { status: 404, body: { error: { message: 'not found' } } };
  }
}

async function chat({ messages, user }) {
  const { model } = JSON.parse(await readFile(configFile, 'utf8'));
  const asked = await fetch(`${model.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${model.key}` },
    body: JSON.stringify({ model: model.name, messages, user }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await asked.text();
  try {
    return { status: asked.status, body: JSON.parse(text) };
  } catch {
    return { status: 502, body: { error: { message: `the model gateway said HTTP ${asked.status}` } } };
  }
}

async function read(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > longestBody) throw new Error('the request is too long');
  }
  return text;
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'];
  if (!key) return socket.destroy();
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => socket.destroy());
  let buffered = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let frame = takeFrame(buffered); frame; frame = takeFrame(buffered)) {
      buffered = frame.rest;
      // 8 closes, 9 pings (10 answers it), 1 and 2 carry what is echoed.
      if (frame.opcode === 8) return socket.end(encode(8, frame.payload));
      socket.write(encode(frame.opcode === 9 ? 10 : frame.opcode, frame.payload));
    }
    if (buffered.length > longestBody) socket.destroy();
  });
});

/** The first whole frame of a client (masked, unfragmented, below 64 KiB), or undefined until it is whole. */
function takeFrame(data) {
  if (data.length < 6) return undefined;
  const short = data[1] & 0x7f;
  const start = short === 126 ? 4 : 2;
  if (short === 127) return undefined;
  const length = short === 126 ? data.readUInt16BE(2) : short;
  const end = start + 4 + length;
  if (data.length < end) return undefined;
  const mask = data.subarray(start, start + 4);
  const payload = Buffer.from(data.subarray(start + 4, end)).map((byte, index) => byte ^ mask[index % 4]);
  return { opcode: data[0] & 0x0f, payload, rest: data.subarray(end) };
}

function encode(opcode, payload) {
  const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.alloc(4);
  if (payload.length >= 126) {
    head[0] = 0x80 | opcode;
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

process.on('SIGTERM', () => process.exit(0));
setTimeout(() => server.listen(port, () => console.log(`stub agent ${hostname()} listens on ${port}`)), boot / 2);
