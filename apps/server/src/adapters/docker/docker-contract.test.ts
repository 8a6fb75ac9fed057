import {
  anInstallation,
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
      nextBlock: freeBlock,
      speak: () => undefined,
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
