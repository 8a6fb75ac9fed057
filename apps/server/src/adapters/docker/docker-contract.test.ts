import {
  anInstallation,
  docker,
  entriesOf,
  freeBlock,
  missingEngine,
  removeAllOf,
  stubImageId,
  stubShape,
} from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { runtimeContract } from '../../testing/runtime-contract.ts';
import { stubImage } from '../../testing/stub-image.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('Docker', missingEngine, () => {
  runtimeContract('the real engine keeps the contract', async () => {
    const [ours, theirs] = [anInstallation(), anInstallation()];
    return {
      runtime: new DockerRuntime(ours),
      stranger: new DockerRuntime(theirs),
      image: { reference: stubImage, id: stubImageId },
      shape: stubShape,
      judge: ['/bin/sh', '-c', 'grep -q good /checked/verdict || { echo "× not good" >&2; exit 1; }'],
      nextBlock: freeBlock,
      speak: () => undefined,
      crash: async (name) => {
        const { State } = await docker.getContainer(name).inspect();
        process.kill(State.Pid, 'SIGKILL');
      },
      readVolume: async (name) => {
        const files = Object.entries(await entriesOf(name)).filter(([, { folder }]) => !folder);
        return Object.fromEntries(files.map(([path, { content, mode, user }]) => [path, { content, mode, user }]));
      },
      dispose: async () => {
        await removeAllOf(ours.installation);
        await removeAllOf(theirs.installation);
      },
    };
  });
});
