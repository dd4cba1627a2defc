import { badAnswer, type Stage } from './failure.ts';
import { type Http, parseJson } from './http.ts';
import { infoSchema } from './schema.ts';

export type ApiVersion = 'v3' | 'v2';

/** Finds out which API listens: v3 answers `/v3/info`, v2 (2.x) answers 404 there and 200 on `/v2/info`. */
export async function detectApi(
  http: Http,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ApiVersion> {
  const stage: Stage = 'detect';
  for (const version of ['v3', 'v2'] as const) {
    const path = `/${version}/info`;
    const answer = await http({
      stage,
      method: 'GET',
      path,
      expect: [200, 404],
      timeoutMs,
      signal,
    });
    if (answer.status === 404) continue;
    if (infoSchema.safeParse(parseJson(answer.text)).success) return version;
    throw badAnswer(stage, `GET ${path}`, 'not the info of a Data Plane API');
  }
  throw badAnswer(stage, 'GET /v3/info, /v2/info', 'neither exists');
}
