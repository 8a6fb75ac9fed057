import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../program/build-program.ts';
import { aTerminal } from '../testing/terminal.ts';
import { en } from './en.ts';
import { type Messages, zh } from './zh.ts';

function program(t: Messages): Command {
  const { io } = aTerminal();
  return buildProgram({ io, t, displayWidth: (text) => text.length, run: () => Promise.resolve() });
}

function commandsOf(command: Command, path = ''): (readonly [path: string, command: Command])[] {
  return command.commands.flatMap((child) => {
    const childPath = `${path} ${child.name()}`.trim();
    return [[childPath, child] as const, ...commandsOf(child, childPath)];
  });
}

const chinese = /\p{Script=Han}/u;

test.each([
  ['zh', zh],
  ['en', en],
] as const)('every command has its help in %s, and every help text its command', (language, t) => {
  const commands = commandsOf(program(t));
  expect(commands.map(([path]) => path).toSorted()).toEqual(Object.keys(t.help.commands).toSorted());
  for (const [path, command] of commands) {
    const texts = [command, ...command.options, ...command.registeredArguments].map((part) =>
      'description' in part && typeof part.description === 'string' ? part.description : command.description(),
    );
    for (const text of texts) {
      expect(text, `${path} in ${language}`).not.toBe('');
      expect(chinese.test(text), `${path}: "${text}" in ${language}`).toBe(language === 'zh');
    }
  }
});

test('no English sentence speaks Chinese, and the two dictionaries have the same shape', () => {
  const shape = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
      : typeof value;
  const { of: _zhTitles, ...zhTitles } = zh.help.titles;
  const { of: _enTitles, ...enTitles } = en.help.titles;
  expect(shape({ ...en, help: { ...en.help, titles: enTitles } })).toEqual(
    shape({ ...zh, help: { ...zh.help, titles: zhTitles } }),
  );
  expect(chinese.test(JSON.stringify(en))).toBe(false);
});
