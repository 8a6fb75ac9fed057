/** Telegram puts the token of a bot into its addresses, so that errors repeat it. */
const botToken = /(?<!\d)\d{5,16}:[\w-]{20,100}/g;
const slackToken = /\bx(?:ox[a-z]|app)-[\w-]{8,200}/g;

/** Text of the agent's without the tokens of channels, which AgentPod does not know by themselves. */
export function hideTokens(text: string): string {
  return text.replace(botToken, '[token]').replace(slackToken, '[token]');
}
