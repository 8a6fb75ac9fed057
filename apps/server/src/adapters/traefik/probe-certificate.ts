import { connect } from 'node:tls';

export type SeenCertificate =
  | { readonly kind: 'valid'; readonly issuer: string; readonly validTo: Date }
  /** Traefik's built-in certificate, another host's or one that has expired. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unreachable'; readonly detail: string };

const timeoutMs = 5000;

/** Which certificate a browser would get for this host from the proxy on this machine. */
export function probeCertificate(target: {
  host: string;
  port: number;
  signal: AbortSignal;
}): Promise<SeenCertificate> {
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: target.port,
      servername: target.host,
      // We look at it ourselves: the authority need not be one that this process trusts.
      rejectUnauthorized: false,
    });
    const signal = AbortSignal.any([target.signal, AbortSignal.timeout(timeoutMs)]);
    const give = (seen: SeenCertificate): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(seen);
    };
    const giveUp = (): void => give({ kind: 'unreachable', detail: `Traefik does not answer on port ${target.port}` });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    socket.once('error', (error) =>
      give({ kind: 'unreachable', detail: `Traefik does not answer on port ${target.port}: ${error.message}` }),
    );
    socket.once('secureConnect', () => {
      const leaf = socket.getPeerX509Certificate();
      const fits = leaf?.checkHost(target.host, { subject: 'never' }) !== undefined;
      if (!leaf || !fits || leaf.validToDate.getTime() < Date.now()) return give({ kind: 'other' });
      const issuer = /^(?:O|CN)=(.+)$/m.exec(leaf.issuer)?.[1] ?? leaf.issuer;
      give({ kind: 'valid', issuer, validTo: leaf.validToDate });
    });
  });
}
