import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  readonly at: number;
  readonly to: readonly string[];
  readonly subject: string;
  /** Header and body as they came over the wire. */
  readonly raw: string;
}

/** A real SMTP server on loopback that keeps what it is sent. */
export class Mailbox {
  readonly mails: Mail[] = [];
  /** Answers this instead of taking a mail. */
  refuseWith: { code: number; message: string } | undefined;
  readonly #server: SMTPServer;

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (this.refuseWith) {
            const { code, message } = this.refuseWith;
            return done(Object.assign(new Error(message), { responseCode: code }));
          }
          const raw = Buffer.concat(chunks).toString();
          const to = session.envelope.rcptTo.map(({ address }) => address);
          this.mails.push({ at: Date.now(), to, subject: subjectOf(raw), raw });
          done();
        });
      },
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server.server, 'listening');
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(resolve);
    await promise;
  }
}

/** Folded lines joined; encoded words (RFC 2047) decoded. */
function subjectOf(raw: string): string {
  const folded = /^subject:\s*((?:.|\r?\n[ \t])*)/im.exec(raw)?.[1] ?? '';
  return folded
    .replace(/\r?\n[ \t]+/g, ' ')
    .replace(/=\?utf-8\?b\?([^?]*)\?=\s*/gi, (_, text: string) => Buffer.from(text, 'base64').toString())
    .replace(/=\?utf-8\?q\?([^?]*)\?=\s*/gi, (_, text: string) =>
      decodeURIComponent(text.replace(/_/g, ' ').replace(/=/g, '%')),
    );
}
