import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentView } from '@agentpod/core';
import { ControlPlane } from '../harness/control-plane.ts';
import { EngineWatch } from '../harness/engine-watch.ts';
import { FakeProvider } from '../harness/fake-provider.ts';
import { FakeTelegram } from '../harness/fake-telegram.ts';
import { Told } from '../harness/told.ts';
import { Visitor } from '../harness/visitor.ts';

/** Everything that the lanes of the healing suite share. Each lane has agents of its own. */
export class Scene {
  readonly files = mkdtempSync(join(tmpdir(), 'agentpod-healing-'));
  readonly keyFile = join(this.files, 'key');
  readonly plane = new ControlPlane({ slot: 8, env: { AGENTPOD_AGENT_TYPES: join(this.files, 'types') } });
  readonly visitor = new Visitor(this.plane);
  readonly told = new Told();
  readonly engine = new EngineWatch();
  readonly provider = new FakeProvider();
  readonly telegram = new FakeTelegram();

  async start(): Promise<void> {
    writeFileSync(this.keyFile, 'sk-healing\n', { mode: 0o600 });
    this.#writeTypes();
    await Promise.all([this.told.start(), this.provider.start(), this.plane.start()]);
    this.engine.start(this.plane);
    await this.visitor.logIn();
    await this.told.subscribe(this.plane);
  }

  #writeTypes(): void {
    const types = join(this.files, 'types');
    mkdirSync(types);
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    writeFileSync(join(types, 'stub.yaml'), read('../agent-types/stub.yaml'));
    const openclaw = read('../../agent-types/openclaw.yaml');
    // The same, but nobody keeps a person from giving it less memory than it needs.
    const cramped = openclaw
      .replace('name: openclaw\n', 'name: cramped\n')
      .replaceAll(/minMemory: .*/g, 'minMemory: 640Mi');
    writeFileSync(join(types, 'cramped.yaml'), cramped);
  }

  agent(ref: string): Promise<AgentView> {
    return this.plane.client.getAgent(ref);
  }

  async isReady(ref: string): Promise<boolean> {
    return (await this.agent(ref)).state === 'ready';
  }

  /** What people can read afterwards about one agent. */
  async reasonsOf(ref: string): Promise<string[]> {
    return (await this.plane.client.events(ref)).items.map(({ reason }) => reason);
  }

  modelArguments(name: string): string[] {
    const { provider, keyFile } = this;
    return `--model openai-compatible/${name} --model-base-url ${provider.baseUrl} --model-key-file ${keyFile}`.split(
      ' ',
    );
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    await this.plane.destroy();
    await this.told.stop();
    await this.provider.stop();
    this.telegram.stop();
    rmSync(this.files, { recursive: true, force: true });
  }
}
