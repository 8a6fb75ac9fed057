import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface Question {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  /** As they are: repeated, oddly written, with a `Host` of their own. */
  readonly headers?: OutgoingHttpHeaders | readonly string[];
  readonly body?: string;
  /** The address the server sees. */
  readonly from?: string;
  readonly maxHeaderSize?: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request over a real socket, and the whole answer. */
export async function ask(question: Question): Promise<Answer> {
  const { port, path, method = 'GET', headers = {}, body, from, maxHeaderSize, signal } = question;
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers,
        agent: false,
        ...(from && { localAddress: from }),
        ...(maxHeaderSize && { maxHeaderSize }),
        ...(signal && { signal }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
