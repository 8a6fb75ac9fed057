import { spawn } from 'node:child_process';
import { AppError } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';

export interface OpenOptions {
  readonly browser: boolean;
}

/** Prints the address, and opens it where there is a desktop to open it on. */
export async function open(context: Context, ref: string, options: OpenOptions): Promise<number> {
  const { io, t, flags } = context;
  const client = await connect(context);
  const agent = await client.getAgent(ref);
  const url = new URL(agent.url);
  if (!/^https?:$/.test(url.protocol)) throw new AppError('unavailable', 'UnexpectedAnswer', t.open.notWeb(agent.url));
  await printResult(context, { url: url.href }, () => `${url.href}\n`);
  if (agent.state !== 'ready') await hint(context, t.open.notReady(agent.ref, t.states[agent.state]));

  const remote = Boolean(io.env['SSH_CONNECTION']);
  if (remote && url.hostname.endsWith('.localhost')) {
    const port = url.port || '80';
    await hint(context, t.open.tunnel(tunnelCommand(io.env, port), url.href));
    if (Number(port) < 1024) await hint(context, t.open.lowPort);
    return 0;
  }
  const desktop = process.platform === 'darwin' || Boolean(io.env['DISPLAY'] || io.env['WAYLAND_DISPLAY']);
  if (remote || !desktop || !options.browser || flags.quiet) return 0;
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  if (!(await launch(opener, url.href, io.env))) await hint(context, t.open.noBrowser(opener));
  return 0;
}

/** Same port on both ends: log-in redirects name it. */
function tunnelCommand(env: Context['io']['env'], port: string): string {
  const [, , address = 'server', sshPort = '22'] = env['SSH_CONNECTION']?.split(' ') ?? [];
  const target = `${env['USER'] ?? 'root'}@${address}`;
  return neutraliseLine(
    ['ssh', '-L', `${port}:127.0.0.1:${port}`, ...(sshPort === '22' ? [] : ['-p', sshPort]), target].join(' '),
  );
}

/** Whether it could be started; the browser outlives us. */
function launch(file: string, url: string, env: Context['io']['env']): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, [url], { stdio: 'ignore', detached: true, env });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
