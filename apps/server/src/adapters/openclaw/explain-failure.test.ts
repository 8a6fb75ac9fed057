import type { LogLine } from '@agentpod/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainFailure } from './explain-failure.ts';

const time = '2026-11-25T04:11:17.138+00:00';
const at = (line: string, stream: LogLine['stream'] = 'stderr'): LogLine => ({ time, stream, line });
const json = (message: string, level = 'error', more: object = {}) =>
  at(JSON.stringify({ ...more, time, level, message }));

const explain = (lines: readonly LogLine[], exitCode: number | undefined = 1, outOfMemory = false) =>
  explainFailure({ lines, exitCode, outOfMemory });
const kindOf = (...lines: LogLine[]) => explain(lines)?.kind;

describe('what OpenClaw 2026.9.6 says when it does not start', () => {
  test('an unknown key', () => {
    const lines = [
      json('loading configuration…', 'info'),
      json(
        'Gateway failed to start: Invalid config at /etc/openclaw/openclaw.json:\n<root>: Unrecognized key: "bogus"\nRun "openclaw doctor --fix" to repair, then retry.\nIf startup is still blocked, inspect the adjacent .bak backup before restoring it manually.',
      ),
      json('Run "openclaw doctor --fix" to repair the config, then retry.'),
    ];
    expect(explain(lines, 78)).toEqual({
      kind: 'ConfigInvalid',
      message: 'Its configuration is invalid: <root>: Unrecognized key: "bogus"',
      transient: false,
    });
  });

  test('the same as plain lines, as it writes them before it has read how to log', () => {
    const lines = [
      at(`${time} [gateway] loading configuration…`, 'stdout'),
      at(`${time} Gateway failed to start: Invalid config at /etc/openclaw/openclaw.json:`),
      at('<root>: Unrecognized key: "bogus"'),
      at('Run "openclaw doctor --fix" to repair, then retry.'),
    ];
    expect(explain(lines, 78)).toMatchObject({
      kind: 'ConfigInvalid',
      message: 'Its configuration is invalid: <root>: Unrecognized key: "bogus"',
    });
  });

  const maintenance =
    ' | gateway.maintenance_required. Stop the service with openclaw gateway stop (or its service owner), then run openclaw doctor --fix, then start it again with openclaw gateway start.';
  const unreadable = (why: string) =>
    `Gateway failed to start: Doctor cannot repair this state: shared state database is unreadable at /home/node/.openclaw/state/openclaw.sqlite: ${why}. Stop OpenClaw processes, then restore this file from a verified backup; the unreadable database was left unchanged.${maintenance}`;

  test.each([
    [
      'a channel it does not take',
      'OpenClaw config is invalid; run "openclaw doctor --fix" before startup.',
      'ConfigInvalid',
    ],
    [
      'broken JSON',
      'Gateway start blocked: existing config is missing gateway.mode. Treat this as suspicious or clobbered config. Re-run `openclaw onboard --mode local`',
      'ConfigUnreadable',
    ],
    [
      'a token beside the proxy',
      'Gateway failed to start: gateway auth mode is trusted-proxy, but a shared token is also configured; remove gateway.auth.token',
      'ConfigContradictory',
    ],
    [
      'data of somebody else',
      unreadable("EACCES: permission denied, stat '/home/node/.openclaw/state/openclaw.sqlite'"),
      'DataNotAccessible',
    ],
    ['a damaged database', unreadable('file is not a database'), 'DataDamaged'],
    ['a full disk', 'Gateway failed to start: database or disk is full: code=ERR_SQLITE_ERROR', 'DiskFull'],
    [
      'data of an older version',
      'Gateway failed to start: Auth profile store requires legacy credential migration; run openclaw doctor --fix',
      'MigrationNeeded',
    ],
    [
      'data of a newer version',
      'Refusing to run automatic gateway startup migrations because this OpenClaw binary (2026.6.11) is older than the config last written by OpenClaw 2026.9.6.',
      'VersionTooOld',
    ],
    ['a port that is taken', 'listen EADDRINUSE: address already in use 0.0.0.0:18789', 'PortInUse'],
    [
      'a full heap',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      'HeapExhausted',
    ],
  ])('%s', (_what, message, kind) => {
    expect(kindOf(json(message))).toBe(kind);
    expect(kindOf(at(`${time} ${message}`))).toBe(kind);
    expect(explain([json(message)])?.transient).toBe(false);
  });

  test('all that its own check found, as plain lines and as JSON', () => {
    const said = [
      'OpenClaw config is invalid: /etc/openclaw/openclaw.json',
      '  × channels.feishu.domain: invalid config: must be equal to one of the allowed values (allowed: "feishu", "lark")',
      '  × tools.x: Unrecognized key: "x"',
      '',
      'Run `openclaw doctor --fix` to repair, or fix the keys above manually.',
      'Inspect with openclaw config validate.',
    ];
    const message =
      'Its configuration is invalid: channels.feishu.domain: invalid config: must be equal to one of the allowed values (allowed: "feishu", "lark"); tools.x: Unrecognized key: "x"';
    expect(explain(said.map((line) => at(line)))).toMatchObject({ kind: 'ConfigInvalid', message });
    expect(explain(said.map((line) => json(line)))).toMatchObject({ kind: 'ConfigInvalid', message });
  });

  test('an owner that is dead, but not for the lease: that passes, and is no crash loop', () => {
    const lease =
      'Gateway failed to start: Another Gateway owner lease is still active for this state directory. Run openclaw gateway status --deep for diagnostics.';
    expect(explain([json('wrote stability bundle: /x.json', 'warn'), json(lease)])).toMatchObject({
      kind: 'OwnerLeaseHeld',
      transient: true,
    });
  });

  test('names the newer version that wrote the data', () => {
    const line = json('this OpenClaw binary is older than the config last written by OpenClaw 2026.9.6.');
    expect(explain([line])?.message).toContain('newer version 2026.9.6,');
  });
});

describe('what it says while it runs', () => {
  const running = (...lines: LogLine[]) => explainFailure({ lines, exitCode: undefined, outOfMemory: false });

  test.each([
    [
      '401',
      [
        json('embedded run failover decision', 'warn', { failoverReason: 'auth' }),
        json('lane task error: lane=main durationMs=856 error="Authentication failed (provider returned HTTP 401)."'),
        json(
          'Embedded agent failed before reply: Authentication failed (provider returned HTTP 401). Your provider token may have expired',
        ),
        json('message processed: channel=webchat outcome=error duration=4698ms'),
      ],
      'ModelKeyRejected',
    ],
    ['402', [json('Embedded agent failed before reply: ⚠️ tenant quota exceeded')], 'ModelQuotaExhausted'],
    [
      '429 with insufficient_quota',
      [
        json(
          'Embedded agent failed before reply: ⚠️ gw1 (m1) returned a billing error — your API key has run out of credits',
        ),
      ],
      'ModelQuotaExhausted',
    ],
    [
      'a key that is held back',
      [
        json(
          'Embedded agent failed before reply: Inline API key for provider "gw1" is temporarily disabled after a provider auth/billing failure.',
        ),
      ],
      'ModelKeyHeldBack',
    ],
    [
      'a revoked bot token',
      [json('[default] channel exited: Unauthorized | Telegram ingress worker exited with code 1')],
      'ChannelRejected',
    ],
    [
      'channels held back',
      [json('gateway restart-loop breaker tripped: 3 unclean boot(s) within 300000ms')],
      'ChannelsHeldBack',
    ],
  ])('%s', (_what, lines, kind) => {
    expect(running(...lines)?.kind).toBe(kind);
    expect(explain(lines, 1), 'it is no reason for an end').toBeUndefined();
  });

  test('what a person wrote, or an agent says of itself at a low level, is no failure', () => {
    expect(running(json('bot says: authentication failed, HTTP 401', 'info'))).toBeUndefined();
    expect(running(at('file is not a database', 'stdout'))).toBeUndefined();
  });
});

describe('the rest', () => {
  test('running out of memory is told by the engine: the process has no time for a word', () => {
    expect(explain([json('something else')], 137, true)?.kind).toBe('OutOfMemory');
  });

  test('a clean end has no failure, whatever was wrong before', () => {
    expect(explain([json('Something broke')], 0)).toBeUndefined();
  });

  test('an end from outside has none of its own words, unless they can be the reason', () => {
    expect(explain([json('Something broke')], 137)).toBeUndefined();
    expect(explain([json('database or disk is full')], 137)?.kind).toBe('DiskFull');
    expect(explain([json('Something broke')], 134)?.kind).toBe('Unclassified');
  });

  test('the newest line that nobody knows is shown, without advice for other people', () => {
    const lines = [
      json('database or disk is full'),
      json('Gateway failed to start: the moon is\nfull. Run openclaw gateway status --deep for diagnostics.'),
      json('Automatic triage is preparing a report'),
      json('Debugging prompt written'),
      json('Next steps: look'),
      json('wrote stability bundle: x', 'warn'),
    ];
    expect(explain(lines)).toEqual({
      kind: 'Unclassified',
      message: 'Gateway failed to start: the moon is full.',
      transient: false,
    });
  });

  test('of a stack trace it is the line with the error', () => {
    const lines = [
      '/app/dist/x.mjs:10',
      "    throw new Error('x')",
      '    ^',
      '',
      'Error: it is over',
      '    at main (/app/dist/x.mjs:10:3)',
      '',
      'Node.js v24.21.0',
    ];
    expect(explain(lines.map((line) => at(line)))?.message).toBe('Error: it is over');
  });

  test('lines that cannot be read are passed over', () => {
    const lines = [
      json('database or disk is full'),
      at('{"level":"error","message":'),
      at('{"level":1,"message":[]}'),
      at('{}'),
    ];
    expect(explain(lines)?.kind).toBe('DiskFull');
    expect(explain([])).toBeUndefined();
  });

  test('no sentence is longer than 300 characters, holds a token, or takes over a terminal', () => {
    const long = `\u001b[2J${'x'.repeat(5000)}`;
    const message = explain([json(long)])?.message ?? '';
    expect(message).toHaveLength(300);
    expect(message).not.toMatch(/\u001b/);
    expect(explain([json('call to /bot123456789:AAfakefakefakefakefakefakefake123/getMe failed')])?.message).toBe(
      'call to /bot[token]/getMe failed',
    );
    const key = explain([json(`Invalid config at /x:\n${'y'.repeat(399)}`)])?.message ?? '';
    expect(key.length).toBeLessThanOrEqual(300);
  });

  test('whatever an agent writes, it is judged at once', { timeout: 30_000 }, () => {
    const parts = [
      'Invalid config at ',
      '× ',
      'EACCES: permission denied, ',
      ' ',
      '\n',
      '\\',
      '"',
      '{',
      'a',
      'authentication failed',
      'Unrecognized key: ',
      ':',
      '.js:',
      '[gateway] ',
      'ENOTFOUND ',
      'Inline API key for provider ',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.constantFrom(...parts), fc.boolean(), (one, other, asJson) => {
        const text = (one + other).repeat(16_384 / (one.length + other.length));
        const lines = Array.from({ length: 300 }, () => (asJson ? json(text) : at(text)));
        const began = performance.now();
        explain(lines);
        expect(performance.now() - began).toBeLessThan(1500);
      }),
      { numRuns: 60 },
    );
  });
});
