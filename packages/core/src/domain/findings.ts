import type { Finding } from './condition.ts';
import type { Observation } from './observation.ts';

/** How the planner words what it saw. Reasons are part of the API; messages are for people. */

export function routeFindings({ route }: Observation): Finding[] {
  if (!route) return [];
  const detail = route.detail ?? '';
  const routed: Finding = route.live
    ? { type: 'Routed', status: 'True', reason: 'Live', message: 'The ingress serves this host' }
    : {
        type: 'Routed',
        status: 'False',
        reason: 'NotLive',
        message: detail || 'The ingress does not serve this host yet',
      };
  return [routed, certified(route.certificate, detail)];
}

function certified(certificate: 'not-needed' | 'issued' | 'waiting' | 'failed', detail: string): Finding {
  switch (certificate) {
    case 'not-needed':
      return { type: 'Certified', status: 'True', reason: 'NotNeeded', message: 'Plain HTTP on this machine' };
    case 'issued':
      return { type: 'Certified', status: 'True', reason: 'Issued', message: detail || 'The certificate is valid' };
    case 'waiting':
      return {
        type: 'Certified',
        status: 'False',
        reason: 'Waiting',
        message: detail || 'The certificate is on its way',
      };
    case 'failed':
      return { type: 'Certified', status: 'False', reason: 'Failed', message: detail || 'No certificate was issued' };
  }
}

/** Whether a running instance was seen healthy since its start, and answering through the ingress. */
export function isAnswering({ engine, health, route }: Observation): boolean {
  const { instanceId, startedAt, started, rpc } = health ?? {};
  const isUp = engine.instances.some(
    (one) => one.state === 'running' && one.id === instanceId && one.startedAt === startedAt,
  );
  return isUp && started === 'yes' && rpc === 'yes' && route?.live === true && route.answers === 'yes';
}

export function readiness({ route }: Observation): Finding {
  if (!route?.live) return notReady('NotRouted', route?.detail ?? 'The ingress does not serve this host yet');
  if (route.certificate === 'waiting' || route.certificate === 'failed') {
    return notReady('NoCertificate', route.detail ?? 'There is no certificate for this host yet');
  }
  if (route.answers !== 'yes') {
    return notReady('NotReachable', route.detail ?? 'The agent was not seen answering through the ingress yet');
  }
  return { type: 'Ready', status: 'True', reason: 'Answering', message: 'Answers through the ingress' };
}

export const provisioned = (ok: boolean, reason: string, message: string): Finding => ({
  type: 'Provisioned',
  status: ok ? 'True' : 'False',
  reason,
  message,
});
export const configured = (ok: boolean, reason: string, message: string): Finding => ({
  type: 'Configured',
  status: ok ? 'True' : 'False',
  reason,
  message,
});
export const running = (ok: boolean, reason: string, message: string): Finding => ({
  type: 'Running',
  status: ok ? 'True' : 'False',
  reason,
  message,
});
export const unhealthy = (reason: string, message: string): Finding => ({
  type: 'Healthy',
  status: 'False',
  reason,
  message,
});
export const stalled = (reason: string, message: string): Finding => ({
  type: 'Stalled',
  status: 'True',
  reason,
  message,
});
export const notStalled = (): Finding => ({ type: 'Stalled', status: 'False', reason: 'Progressing', message: '' });
export const notReady = (reason: string, message: string): Finding => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});
