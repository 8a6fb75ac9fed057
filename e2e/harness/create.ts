import type { ControlPlane } from './control-plane.ts';

/** Creates agents side by side with the command line, and waits until all of them are ready. */
export async function createAll(plane: ControlPlane, agents: readonly (readonly string[])[]): Promise<void> {
  const created = await Promise.all(agents.map((args) => plane.cli('create', ...args, '--wait', '--timeout', '200')));
  const failed = created.filter(({ code }) => code !== 0);
  if (failed.length > 0) throw new Error(failed.map(({ stderr }) => stderr).join('\n'));
}
