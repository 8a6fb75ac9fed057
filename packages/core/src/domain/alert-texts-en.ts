import type { TroubleText, zhTroubles, zhWords } from './alert-texts-zh.ts';

const retries = 'It tries again with growing pauses, and has changed no data.';
const watchesOn = 'It restarted nothing, because a restart does not help here. It goes on watching.';

export const enTroubles: Record<keyof typeof zhTroubles, TroubleText> = {
  exited: {
    what: 'ended unexpectedly',
    did: 'It started the agent again; should it end again, the pauses grow.',
    can: 'Look in its log for why it ended:',
  },
  outOfMemory: {
    what: 'ran out of memory and was ended by the system',
    did: 'It started the agent again; its data is as it was.',
    can: 'If that repeats, give it more memory. See what it uses:',
  },
  hung: {
    what: 'does not respond and uses no CPU',
    did: 'It restarted the agent by force.',
    can: 'Look in its log for what it hung on:',
  },
  hungBusy: {
    what: 'is busy for long and does not respond',
    did: 'It waited for a minute and then restarted the agent.',
    can: 'See what it is busy with; if that is usual, give it more CPU:',
  },
  busy: {
    what: 'is busy and does not respond for now',
    did: 'It waits for the work to end, and restarts the agent only after a minute.',
    can: 'See what it is busy with:',
  },
  crashLoop: {
    what: 'crashes again and again',
    did: 'It stopped restarting the agent in a row and now tries once every ten minutes.',
    can: 'Look in its log; when it is mended, "agentpod restart" tries at once:',
  },
  configRejected: {
    what: 'cannot use its new configuration and runs with the last good one',
    did: 'It put the last good configuration back; what you wrote is kept as it is, without effect.',
    can: 'See what it rejects, and correct that:',
  },
  configRefused: {
    what: 'refuses its configuration or data and has stopped',
    did: 'It did not start the agent again, because that cannot help.',
    can: 'Look in its log, correct the configuration, then use "agentpod restart":',
  },
  configInvalid: {
    what: 'has a configuration that its own software refuses, and no earlier one to run',
    did: 'It did not start the agent, and changed none of its data.',
    can: 'See what it refuses, and correct that:',
  },
  instanceGone: {
    what: 'lost its container: somebody removed it',
    did: 'It makes the container anew, with the same data.',
    can: 'If that was not you, see what happened:',
  },
  networkGone: {
    what: 'lost its network: somebody removed it',
    did: 'It makes network and container anew, with the same data.',
    can: 'If that was not you, see what happened:',
  },
  engineRestarted: {
    what: 'was interrupted by a restart of the container engine or of the machine',
    did: 'It starts the agents one after another.',
    can: 'See which are back:',
  },
  startingLong: {
    what: 'takes longer than usual to start',
    did: 'It goes on starting the agent and has not given up.',
    can: 'See where it stands:',
  },
  startDeadline: {
    what: 'did not finish starting in the time that it has',
    did: 'It acts by the restart policy; where there is an older configuration that worked, it puts that back.',
    can: 'Look in the log of its start:',
  },
  notAnswering: {
    what: 'runs, but does not answer as it should',
    did: 'It goes on checking, and restarts the agent only once it is sure that it hangs.',
    can: 'Look in its log:',
  },
  notReachable: {
    what: 'runs, but cannot be reached at its address',
    did: 'It writes the routes again and checks them. It did not restart the agent, which is not to blame.',
    can: 'Check domain, proxy and certificate:',
  },
  paused: {
    what: 'is paused: somebody paused its container',
    did: 'It left the container alone, because it was paused outside of AgentPod.',
    can: 'Bring it back:',
  },
  stopped: {
    what: 'was stopped or deleted on request',
    did: 'It did what was asked for and does not watch the agent any more.',
    can: 'If that is not what you want, look at its status:',
  },
  dataMissing: {
    what: 'lost the volume with its data',
    did: 'It stopped here and made no empty volume, because an empty agent would look like a working one.',
    can: 'Restore the volume, or delete the agent. See which volume it is:',
  },
  addressTaken: {
    what: 'has a network address that another network took',
    did: 'It moves the agent to a free address.',
    can: 'Check the networks of this machine:',
  },
  objectInTheWay: {
    what: 'is held up by something in the container engine that is not its own, or still in use',
    did: `It left that alone. ${retries}`,
    can: 'See what is in the way:',
  },
  stepFailed: {
    what: 'is held up by a step that failed',
    did: retries,
    can: 'See which step failed and why:',
  },
  startRefused: {
    what: 'cannot start: the container engine refuses its container',
    did: 'It does not try again, because every try would be refused.',
    can: 'See what the engine says, correct it, then use "agentpod restart":',
  },
  imageMissing: {
    what: 'has an image that cannot be had',
    did: `The old container, if there is one, goes on serving. ${retries}`,
    can: 'Check the image registry, or build the image here with "agentpod image build":',
  },
  secretMissing: {
    what: 'has a model key that is not there or cannot be opened',
    did: 'It started no new container. Keys are never written to a log.',
    can: 'Set model and key again:',
  },
  ownMistake: {
    what: 'met a mistake in AgentPod or in the agent type',
    did: `It wrote the details to the log of the control plane. ${retries}`,
    can: 'Check the control plane, and report this alert to us:',
  },
  channel: {
    what: 'lost a message channel',
    did: watchesOn,
    can: 'See which channel it is and why:',
  },
  channelRejected: {
    what: 'has a message channel whose credentials the provider refuses',
    did: watchesOn,
    can: 'Give the channel another token. See which it is:',
  },
  channelNeedsLink: {
    what: 'has a message channel that has to be linked again',
    did: 'It does not log in again by itself, because a loop of log-ins gets the customer banned.',
    can: 'Link it, for example by scanning a code. See which it is:',
  },
  channelRecovering: {
    what: 'lost a message channel and reconnects',
    did: 'It restarted nothing; the agent reconnects by itself.',
    can: 'If it stays away, see which channel it is and why:',
  },
  modelKey: {
    what: 'has a model key that the provider rejects',
    did: watchesOn,
    can: 'Give a valid key with "agentpod model set". See the present model:',
  },
  modelQuota: {
    what: 'has a model account without credit or quota',
    did: watchesOn,
    can: 'Top it up at the provider, or give another key. See the present model:',
  },
  modelUnknown: {
    what: 'has a wrong model name or address',
    did: watchesOn,
    can: 'Correct it with "agentpod model set". See the present model:',
  },
  modelBusy: {
    what: 'gets nothing but "too many requests" from its model provider',
    did: watchesOn,
    can: 'Wait, raise the limit, or choose another model. See the present model:',
  },
  modelAway: {
    what: 'gets no answers from its model',
    did: watchesOn,
    can: 'Look at the status page of the provider; if it stays away, choose another model. See the present model:',
  },
  memoryGrowing: {
    what: 'uses more and more memory',
    did: 'This is a warning only; it restarted nothing.',
    can: 'Restart it when it suits you, before it runs out of memory when it does not:',
  },
  certificate: {
    what: 'has no valid certificate yet',
    did: 'It is ordered again by itself; one that is there is used until it expires.',
    can: 'Check that the domain points to this machine and that ports 80 and 443 can be reached:',
  },
  engineAway: {
    what: 'the container engine does not answer',
    did: 'It touched no container: what is not seen is not the same as what is not there. It tries again.',
    can: 'Check the container engine and the control plane:',
  },
  gatewayDown: {
    what: 'the gateway does not answer; log-in checks and model calls fail',
    did: 'It goes on checking. The gateway is not restarted by the controller.',
    can: 'Start the containers of the control plane again (safe to repeat):',
  },
  proxyDown: {
    what: "the ingress proxy does not answer; customers' addresses do not open",
    did: 'It goes on checking. The proxy is not restarted by the controller.',
    can: 'Start the containers of the control plane again (safe to repeat):',
  },
  diskLow: {
    what: 'disk space runs low',
    did: 'It deleted nothing; volumes are never pruned.',
    can: 'Free some space, or enlarge the disk. See the checks:',
  },
  masterKey: {
    what: 'the master key file cannot be read',
    did: 'Agents that run are not affected; whatever has to open a secret fails.',
    can: 'Put your copy of master.key back into the data directory. See the checks:',
  },
  noAddressLeft: {
    what: 'gets no network address: the supernet is used up',
    did: retries,
    can: 'Delete agents that are not used, or choose a larger supernet:',
  },
  unknown: {
    what: 'is in trouble',
    did: 'It wrote it down, goes on watching, and acts by itself where it can.',
    can: 'See the details:',
  },
};

export const enWords: typeof zhWords = {
  titles: {
    firing: { critical: 'AgentPod critical', warning: 'AgentPod warning' },
    escalated: { critical: 'AgentPod escalation', warning: 'AgentPod escalation' },
    resolved: { critical: 'AgentPod resolved', warning: 'AgentPod resolved' },
    test: { critical: 'AgentPod test notice', warning: 'AgentPod test notice' },
  },
  host: 'host',
  who: (name, tenant) => (tenant === undefined ? `Subject: ${name}` : `Subject: agent ${name} (tenant ${tenant})`),
  what: (what, reason) => `What: ${what} (${reason})`,
  since: (time, lasted) => `Since: ${time}, for ${lasted}`,
  lasted: (from, to, lasted) => `Lasted: ${from} to ${to}, ${lasted}`,
  did: (did) => `What AgentPod did: ${did}`,
  can: (can, command) => `What you can do: ${can}\n    ${command}`,
  url: (url) => `Console: ${url}`,
  message: (message) => `Details: ${message}`,
  lastError: (error) => `Its last error: ${error}`,
  flapping: 'It comes and goes: until it has been quiet for a while, you are not told each time.',
  ended: {
    well: { what: 'is well again', sentence: 'It is well again. There is nothing you have to do.' },
    gone: { what: 'was stopped or deleted', sentence: 'It was stopped or deleted and is not watched any more.' },
  },
  testBody: 'This is a test: that you read it means that alerts arrive here. No agent is in trouble.',
  units: { day: ' d', hour: ' h', minute: ' min', second: ' s' },
};
