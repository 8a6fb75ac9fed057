import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { alertMessage, durationBetween } from './alert-message.ts';
import { commandFor, commandOf, troubleOf } from './alert-troubles.ts';
import type { AlertNotice } from './alerts/notice.ts';
import { alertRules } from './alerts/rules.ts';
import { harmless } from './harmless.ts';

function notice(over: Partial<AlertNotice> = {}): AlertNotice {
  return {
    id: 'n1',
    kind: 'firing',
    rule: 'AgentDown',
    severity: 'critical',
    subject: { kind: 'agent', ref: 'acme/hr', tenant: 'acme' },
    reason: 'Hung',
    since: '2026-11-25T03:00:00.000Z',
    at: '2026-11-25T03:02:05.000Z',
    message: 'No answer, no CPU',
    ...over,
  };
}

/** Every reason that the reference lists as bad: `False`, a `Stalled` that is true, or a failed step. */
function documentedReasons(): string[] {
  const page = readFileSync(new URL('../../../../docs/reference/conditions.md', import.meta.url), 'utf8');
  return page.split('\n## ').flatMap((section) =>
    section.split('\n').flatMap((line) => {
      const [, reason, second = ''] = /^\| `(\w+)` \| ([^|]*)/.exec(line) ?? [];
      const isBad = section.startsWith('Stalled') ? second.trim() === 'True' : !/^(True|Unknown)\s*$/.test(second);
      return reason !== undefined && isBad ? [reason] : [];
    }),
  );
}

describe('a message', () => {
  test('says who, what, since when, what AgentPod did and what one can do, in both languages', () => {
    const en = alertMessage(notice({ lastError: 'heap exhausted' }), 'en');
    expect(en.title).toBe('AgentPod critical · acme/hr: does not respond and uses no CPU');
    expect(en.body.split('\n')).toEqual([
      'Subject: agent acme/hr (tenant acme)',
      'What: does not respond and uses no CPU (Hung)',
      'Since: 2026-11-25 03:00:00 UTC, for 2 min 5 s',
      'What AgentPod did: It restarted the agent by force.',
      'What you can do: Look in its log for what it hung on:',
      '    agentpod logs acme/hr',
      'Details: No answer, no CPU',
      'Its last error: heap exhausted',
    ]);
    const zh = alertMessage(notice(), 'zh');
    expect(zh.title).toBe('AgentPod 严重告警 · acme/hr：失去响应，也不占用 CPU');
    expect(zh.body).toContain('已持续 2 分钟 5 秒');
    expect(zh.body).toContain('AgentPod 已做：已强制重启它。');
    expect(zh.body).toContain('\n    agentpod logs acme/hr');
  });

  test('of a recovery says how long it lasted and asks for nothing', () => {
    const { title, body } = alertMessage(notice({ kind: 'resolved' }), 'en');
    expect(title).toBe('AgentPod resolved · acme/hr: is well again');
    expect(body).toContain('2 min 5 s');
    expect(body).toContain('There is nothing you have to do.');
    expect(body).not.toContain('agentpod logs');
  });

  test('of an alert that ended with its agent does not claim that it is well', () => {
    const { title, body } = alertMessage(notice({ kind: 'resolved', reason: 'Deleted' }), 'en');
    expect(`${title}\n${body}`).not.toContain('well again');
    expect(title).toContain('was stopped or deleted');
  });

  test('of a test says that nothing is wrong', () => {
    expect(alertMessage(notice({ kind: 'test' }), 'en').body).toContain('No agent is in trouble');
    expect(alertMessage(notice({ kind: 'test' }), 'zh').title).toBe('AgentPod 测试通知');
  });

  test('about the machine names no agent and offers a command that needs none', () => {
    const host = { kind: 'host', ref: 'host' } as const;
    const { title, body } = alertMessage(
      notice({ subject: host, rule: 'EngineUnreachable', reason: 'EngineUnreachable' }),
      'en',
    );
    expect(title).toBe('AgentPod critical · host: the container engine does not answer');
    expect(body).toContain('\n    agentpod doctor');
    for (const trouble of Object.keys(commandOf)) expect(commandFor(trouble as never, host)).not.toContain('host');
  });

  test('of a reason nobody knows is still a whole message', () => {
    const { title, body } = alertMessage(notice({ rule: 'Novel', reason: 'NeverHeardOf' }), 'en');
    expect(title).toContain('is in trouble');
    expect(body).toContain('(NeverHeardOf)');
    expect(body).toContain('agentpod status acme/hr');
  });

  test('names that every object has are no reasons', () => {
    expect(troubleOf('constructor', 'toString')).toBe('unknown');
  });

  test('a reason that means something else elsewhere is told by its rule', () => {
    expect(troubleOf('CertificateFailing', 'Waiting')).toBe('certificate');
    expect(troubleOf('AgentDown', 'Waiting')).toBe('startingLong');
  });

  test.each(documentedReasons())('the documented reason %s has words of its own', (reason) => {
    expect(troubleOf('AgentDown', reason)).not.toBe('unknown');
  });

  test('the reference could be read', () => {
    expect(documentedReasons().length).toBeGreaterThan(40);
  });

  test.each(alertRules.filter((rule) => rule !== 'AgentDown'))('the rule %s has words of its own', (rule) => {
    expect(troubleOf(rule, 'NeverHeardOf')).not.toBe('unknown');
  });
});

describe('words that an agent chose', () => {
  const hostile = [
    'boom\r\nBcc: everyone@example.com\r\n\r\n# Heading',
    '<script>x</script> @all <at user_id="all">you</at> <!channel>',
    '[click](https://evil.com/login) www.evil.com evil.com/pay javascript:alert(1)',
    '\u001b[31mred\u202e',
  ].join('\n');

  test('stay on one line, at the end, and hold no link and no mention', () => {
    const { title, body } = alertMessage(notice({ message: `it says ${hostile}`, lastError: hostile }), 'en');
    expect(title).not.toMatch(/[\r\n]/);
    expect(body.split('\n')).toHaveLength(8);
    expect(body).not.toMatch(/@|:\/\/|www\.|evil\.com|javascript:|[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(body.split('\n').at(-1)).toContain('https[:]//evil[.]com/login');
  });

  test('are short, however long they were', () => {
    const { body } = alertMessage(notice({ message: 'x'.repeat(10_000), lastError: 'y'.repeat(10_000) }), 'zh');
    expect(body.length).toBeLessThan(1000);
  });

  test('in names and reasons are no more trusted', () => {
    const { title } = alertMessage(notice({ subject: { kind: 'agent', ref: 'a\r\nBcc: x@evil.com' } }), 'en');
    expect(title).toContain('a Bcc: x＠evil[.]com');
  });

  test('are left alone where nothing is linked: file names, keys and versions', () => {
    const text = 'config.py gateway.trustedProxies 2026.9.6 a.b.commit /data/openclaw.json';
    expect(harmless(text, 200)).toBe(text);
  });

  test('the address of the console is the only link, and only if it is one', () => {
    expect(alertMessage(notice({ url: 'https://console.example.com/agents/acme' }), 'en').body).toContain(
      'Console: https://console.example.com/agents/acme',
    );
    expect(alertMessage(notice({ url: 'javascript:alert(1)' }), 'en').body).not.toContain('Console');
  });
});

test.each([
  [0, '0 s', '0 秒'],
  [59, '59 s', '59 秒'],
  [60, '1 min', '1 分钟'],
  [3601, '1 h', '1 小时'],
  [90_061, '1 d 1 h', '1 天 1 小时'],
  [-5, '0 s', '0 秒'],
])('%i seconds are read as "%s"', (seconds, en, zh) => {
  const since = '2026-11-25T03:00:00.000Z';
  const at = new Date(Date.parse(since) + seconds * 1000).toISOString();
  expect(durationBetween(since, at, 'en')).toBe(en);
  expect(durationBetween(since, at, 'zh')).toBe(zh);
});
