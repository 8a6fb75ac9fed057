import { z } from 'zod';

/** A GET whose answer must match by body: some agents answer every path with 200 and their web page. */
export const HttpProbe = z.strictObject({
  path: z.string().startsWith('/'),
  /** Every key given here must be present with this value in the JSON answer. */
  body: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  timeoutSeconds: z.number().positive().default(3),
});
export type HttpProbe = z.infer<typeof HttpProbe>;
