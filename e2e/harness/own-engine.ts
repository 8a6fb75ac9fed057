import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, run } from './control-plane.ts';
import { Program, until } from './processes.ts';

/** Its default network. Without one of its own an engine takes `docker0`, or with `none` even deletes it. */
const bridge = { name: 'docker-e2e', address: '10.229.0.1/24' };

/**
 * A second, real container engine beside the machine's, which a test may stop and start: nobody else's containers are on
 * it. It leaves the host's packet filter alone, because two engines that both own that undo each other's rules.
 */
export class OwnEngine {
  readonly #place = mkdtempSync(join(tmpdir(), 'agentpod-engine-'));
  #daemon: Program | undefined;

  get socket(): string {
    return join(this.#place, 'docker.sock');
  }

  /** Containers that ran do not run afterwards: only their policies and their owners bring them back. */
  async start(): Promise<void> {
    const at = (name: string) => join(this.#place, name);
    await makeBridge();
    this.#daemon = new Program(
      'dockerd',
      [
        `--host=unix://${this.socket}`,
        `--data-root=${at('data')}`,
        `--exec-root=${at('exec')}`,
        `--pidfile=${at('pid')}`,
        `--bridge=${bridge.name}`,
        '--iptables=false',
        '--ip6tables=false',
      ],
      { logFile: at('log') },
    );
    await until('the second engine answers', 60, async () => (await this.#docker('version')).code === 0);
  }

  async copyImage(reference: string): Promise<void> {
    const archive = join(this.#place, 'image.tar');
    for (const result of [
      await run('docker', ['save', '--output', archive, reference], {}),
      await this.#docker('load', '--input', archive),
    ]) {
      succeeded(result);
    }
    rmSync(archive);
  }

  /** SIGTERM: as a package upgrade or `systemctl restart docker` does. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#daemon?.stop(signal);
  }

  async destroy(): Promise<void> {
    await this.stop();
    await run('ip', ['link', 'delete', bridge.name], {});
    rmSync(this.#place, { recursive: true, force: true });
  }

  async #docker(...args: string[]) {
    return run('docker', args, { DOCKER_HOST: `unix://${this.socket}` });
  }
}

async function makeBridge(): Promise<void> {
  const ip = (...args: string[]) => run('ip', args, {});
  if ((await ip('link', 'show', bridge.name)).code === 0) return;
  succeeded(await ip('link', 'add', bridge.name, 'type', 'bridge'));
  succeeded(await ip('address', 'add', bridge.address, 'dev', bridge.name));
  succeeded(await ip('link', 'set', bridge.name, 'up'));
}

function succeeded({ code, stderr }: CommandResult): void {
  if (code !== 0) throw new Error(stderr);
}
