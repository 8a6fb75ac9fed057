import manifest from '../package.json' with { type: 'json' };

/** Of this release of AgentPod. */
export const version: string = manifest.version;
