import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface MailServer {
  readonly port: number;
  /** Header and body of each mail, as it came over the wire. */
  readonly mails: {
    readonly to: readonly string[];
    readonly raw: string;
    readonly encrypted: boolean;
    readonly user: string | undefined;
  }[];
  /** Answers this to the mail instead of taking it. */
  refuseWith: { readonly code: number; readonly message: string } | undefined;
  /** Takes the mail and never says a word. */
  silent: boolean;
  stop(): Promise<void>;
}

/** A real SMTP server on loopback. */
export async function mailServer(options: SMTPServerOptions): Promise<MailServer> {
  const server = new SMTPServer({
    ...options,
    closeTimeout: 1,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (mails.silent) return undefined;
        if (mails.refuseWith) {
          const { code, message } = mails.refuseWith;
          return done(Object.assign(new Error(message), { responseCode: code }));
        }
        mails.mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          encrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
        });
        return done();
      });
    },
  });
  // A client that goes away in the middle is what some tests are about.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const mails: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    mails: [],
    refuseWith: undefined,
    silent: false,
    stop: async () => {
      if (!server.server.listening) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(resolve);
      await promise;
    },
  };
  return mails;
}
