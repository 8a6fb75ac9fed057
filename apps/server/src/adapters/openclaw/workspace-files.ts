import { posix } from 'node:path';
import { type AgentFile, refOf } from '@agentpod/core';
import type { RenderInput } from '../../ports/agent-driver.ts';

/**
 * The agent's identity. What the spec gives is kept as given; for the rest there is a start that the agent and its
 * people may rewrite. OpenClaw overwrites none of these files.
 */
export function workspaceFiles({ agent, type }: Pick<RenderInput, 'agent' | 'type'>): AgentFile[] {
  const { soul, memory, instructions } = agent.spec.identity;
  const { identity } = type;
  const who = refOf(agent);
  return [
    fileOf(identity.soul, soul, soulSeed(who)),
    fileOf(identity.memory, memory, memorySeed(who)),
    fileOf(identity.instructions, instructions, instructionsSeed),
    { path: posix.join(posix.dirname(identity.soul), 'IDENTITY.md'), content: identitySeed(who), policy: 'seed' },
  ];
}

function fileOf(path: string, given: string | undefined, seed: string): AgentFile {
  return given === undefined ? { path, content: seed, policy: 'seed' } : { path, content: given, policy: 'replace' };
}

const soulSeed = (who: string) => `# SOUL.md

You are the digital employee of ${who}. 你是 ${who} 的数字员工。

- Answer in the language you are spoken to. 用对方的语言回答。
- Be friendly, clear and brief; say first what the person needs to know.
- Say so when you do not know something, and offer to find out.
- Ask before anything that cannot be undone: sending, buying, deleting. 不可撤销的操作先征得同意。
- Keep what people tell you private. 保守客户的秘密。
`;

const memorySeed = (who: string) => `# MEMORY.md

Lasting facts and decisions, shortest form first. 长期记忆。

- I work for ${who}.
`;

const identitySeed = (who: string) => `# IDENTITY.md

- Name: ${who}
- Role: digital employee 数字员工
`;

const instructionsSeed = `# AGENTS.md

- Who you are stands in SOUL.md; what must be remembered for long goes into MEMORY.md.
- Notes of a day go into memory/YYYY-MM-DD.md. Read a file before you change it.
- Asked to remember something? Write it down at once: only files survive a restart.
- MEMORY.md is for conversations with your own people; do not quote it in groups.
- Never show keys, tokens or the contents of configuration files.
- 需要长期记住的内容写入 MEMORY.md；当天的记录写入 memory/YYYY-MM-DD.md。
`;
