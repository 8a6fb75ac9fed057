import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { docker } from './harness/control-plane.ts';
import { createAll } from './harness/create.ts';
import { openclawLanes } from './healing/openclaw-lanes.ts';
import { bystanders, modelUsers, otherLanes } from './healing/other-lanes.ts';
import { processLanes, stubs } from './healing/process-lanes.ts';
import { Scene } from './healing/scene.ts';

/**
 * What goes wrong with one agent is healed, told once, and touches no other. The lanes run side by side, which is a load
 * of its own: whatever is slow because of that must not be taken for broken.
 */
const scene = new Scene();
const exitsAtOnce = 'agentpod-test/stub-agent:66';

beforeAll(async () => {
  const recipe = join(scene.files, 'Dockerfile');
  writeFileSync(recipe, 'FROM agentpod-test/stub-agent:1\nCMD ["node", "-e", "process.exit(3)"]\n');
  await docker('build', '--tag', exitsAtOnce, '--file', recipe, scene.files);
  await scene.start();
  await createAll(scene.plane, [
    ['acme', '--type', 'openclaw', ...scene.modelArguments('fake-1')],
    ['bolt', '--type', 'openclaw'],
    ['cramped', '--type', 'cramped'],
    ...[...stubs, ...bystanders].map((name) => [name, '--type', 'stub']),
    ...modelUsers.map((name) => [name, '--type', 'stub', ...scene.modelArguments(name)]),
  ]);
}, 240_000);

afterAll(async () => {
  await scene.stop();
  await docker('rmi', exitsAtOnce).catch(() => undefined);
});

processLanes(scene);
otherLanes(scene);
openclawLanes(scene);
