import type { TransportKind } from '../../ports/alert-transport.ts';
import { dingtalkTransport } from './dingtalk.ts';
import { feishuTransport } from './feishu.ts';
import { thisMachine, type Network } from './network.ts';
import { slackTransport } from './slack.ts';
import { smtpTransport } from './smtp.ts';
import { telegramTransport } from './telegram.ts';
import { webhookTransport } from './webhook.ts';
import { wecomTransport } from './wecom.ts';

/** Every way in which AgentPod can reach a person. */
export function transportKinds(network: Network = thisMachine): readonly TransportKind[] {
  return [
    webhookTransport(network),
    smtpTransport(network),
    feishuTransport(network),
    dingtalkTransport(network),
    wecomTransport(network),
    slackTransport(network),
    telegramTransport(network),
  ];
}
