import { type AppError, errorKinds } from '@agentpod/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Kind = 'not-found' | 'forbidden' | 'other';

const words: Readonly<Record<'zh' | 'en', Readonly<Record<Kind, readonly [title: string, text: string]>>>> = {
  zh: {
    'not-found': ['没有这个智能体', '这个地址上没有正在使用的智能体。请检查链接，或在控制台中查看。'],
    forbidden: ['无法打开', '请直接在浏览器窗口中打开智能体的地址。'],
    other: ['链接不完整', '请重新打开智能体的地址。'],
  },
  en: {
    'not-found': ['No such agent', 'No agent answers at this address. Check the link, or look in the console.'],
    forbidden: ['This cannot be opened here', 'Open the address of the agent in a browser window of its own.'],
    other: ['This link is not complete', 'Open the address of the agent again.'],
  },
};

/** A small page for people. It repeats nothing of the request. */
export function answerPage(error: AppError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = /^\s*zh\b/i.test(request.headers['accept-language'] ?? '') ? 'zh' : 'en';
  const kind = error.kind === 'not-found' || error.kind === 'forbidden' ? error.kind : 'other';
  const [title, text] = words[language][kind];
  request.log.info({ kind: error.kind, reason: error.reason }, 'hand-over refused');
  return reply
    .code(errorKinds[error.kind].http)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="${language}"><meta charset="utf-8">` +
        `<meta name="viewport" content="width=device-width"><title>${title}</title>` +
        `<h1>${title}</h1><p>${text}</p><p><a href="/">AgentPod</a></p></html>`,
    );
}
