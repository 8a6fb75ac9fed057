import { AppError, type Check } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import { isLoopback, serverUrl } from '../api/credentials.ts';
import type { Context } from '../context.ts';
import { remedyOf } from '../error-report.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { printResult } from '../output/print.ts';
import { styleFor } from '../output/style.ts';
import { localChecks } from '../up/local-checks.ts';

/** The server's own checks where it answers; what can be seen from here where it does not. 1 when anything failed. */
export async function doctor(context: Context): Promise<number> {
  const checks = await gather(context);
  await printResult(context, { checks }, () => checks.map((check) => checkLines(context, check)).join(''));
  return checks.some(({ status }) => status === 'failed') ? 1 : 0;
}

async function gather(context: Context): Promise<Check[]> {
  const { t } = context;
  const url = serverUrl(context);
  try {
    const { checks } = await (await connect(context)).doctor();
    return [{ name: t.doctor.server, status: 'ok', message: t.doctor.serverAnswers(url.origin) }, ...checks];
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'bug') throw error;
    const failed: Check = {
      name: t.doctor.server,
      status: 'failed',
      message: error.message,
      remedy: remedyOf(error, t),
    };
    return isLoopback(url) ? [failed, ...(await localChecks(context))] : [failed];
  }
}

function checkLines({ io, t }: Context, { name, status, message, remedy }: Check): string {
  const style = styleFor(io, io.stdout);
  const marks = { ok: style('green', '✓'), warning: style('yellow', '!'), failed: style('red', '✗') };
  const line = `${marks[status]} ${neutraliseLine(name)}: ${neutraliseLine(message)}\n`;
  return remedy === undefined || status === 'ok' ? line : `${line}  ${t.errors.remedy}${neutraliseLine(remedy)}\n`;
}
