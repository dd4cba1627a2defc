import type { Caller } from './caller.ts';
import { named } from './caller.ts';
import { badAnswer } from './failure.ts';
import { type Call, parseJson } from './http.ts';
import { rawV2Schema, type Transaction, transactionSchema, transactionsSchema } from './schema.ts';

export interface RawConfiguration {
  /** The file on disk. */
  readonly text: string;
  /** The version in the API's memory. */
  readonly version: string;
}

export interface Committed {
  readonly reloaded: true;
  readonly transaction: string;
  /** Of the configuration afterwards. */
  readonly version: string;
}

/** The configuration as a whole, and transactions on it. */
export interface Transactions {
  readonly raw: (signal: AbortSignal) => Promise<RawConfiguration>;
  /** What a commit of `transaction` would write, as the API has it now. */
  readonly rawOf: (transaction: string, signal: AbortSignal) => Promise<string>;
  readonly begin: (version: string, signal: AbortSignal) => Promise<string>;
  /**
   * Resolves to the new version after a reload that the API has checked. Cannot be aborted, because its result would
   * then be unknown.
   */
  readonly commit: (transaction: string) => Promise<string>;
  /** Replaces `version` by `text`, checked by HAProxy and without a reload. Cannot be aborted. */
  readonly post: (text: string, version: string) => Promise<void>;
  /** Has HAProxy check `text`, without a write. Throws `DATAPLANE_REJECTED` with HAProxy's message. */
  readonly validate: (text: string, version: string, signal: AbortSignal) => Promise<void>;
  /** Removes a transaction; true if it existed. */
  readonly drop: (transaction: string) => Promise<boolean>;
  readonly open: (signal: AbortSignal) => Promise<readonly Transaction[]>;
}

const rawPath = '/configuration/raw';

export function createTransactions({ version, call }: Caller): Transactions {
  async function getRaw(
    request: Pick<Call, 'stage' | 'query'>,
    signal: AbortSignal,
  ): Promise<RawConfiguration> {
    const answer = await call({ ...request, method: 'GET', path: rawPath, expect: [200], signal });
    if ((await version(signal)) === 'v3') return answer;
    const parsed = rawV2Schema.safeParse(parseJson(answer.text));
    if (!parsed.success) throw badAnswer(request.stage, `GET ${rawPath}`, 'no "data" in it');
    return { text: parsed.data.data, version: answer.version };
  }

  /** `text` in place of all of version `current`; waits for the check of HAProxy. */
  async function postRaw(
    request: Pick<Call, 'stage' | 'query' | 'expect' | 'signal'>,
    text: string,
    current: string,
  ): Promise<void> {
    const query = { ...request.query, version: current };
    await call({ ...request, method: 'POST', path: rawPath, text, query }, 'slow');
  }

  return {
    async raw(signal) {
      const answer = await getRaw({ stage: 'read' }, signal);
      if (answer.version === '') {
        throw badAnswer('read', `GET ${rawPath}`, 'no Configuration-Version header');
      }
      return answer;
    },

    async rawOf(transaction, signal) {
      const query = { transaction_id: transaction };
      return (await getRaw({ stage: 'check', query }, signal)).text;
    },

    async begin(current, signal) {
      const path = '/transactions';
      const answer = await call({
        stage: 'begin',
        method: 'POST',
        path,
        query: { version: current },
        expect: [201],
        signal,
      });
      const parsed = transactionSchema.safeParse(parseJson(answer.text));
      if (!parsed.success) throw badAnswer('begin', `POST ${path}`, 'no transaction id');
      return parsed.data.id;
    },

    async commit(transaction) {
      const path = named('/transactions', transaction);
      const answer = await call(
        {
          stage: 'commit',
          method: 'PUT',
          path,
          query: { force_reload: 'true' },
          expect: [200],
        },
        'slow',
      );
      const parsed = transactionSchema.safeParse(parseJson(answer.text));
      if (!parsed.success || parsed.data.status !== 'success') {
        throw badAnswer('commit', `PUT ${path}`, 'its status is not "success"');
      }
      return answer.version;
    },

    post: (text, current) =>
      postRaw({ stage: 'commit', query: { skip_reload: 'true' }, expect: [201] }, text, current),

    validate: (text, current, signal) =>
      postRaw(
        { stage: 'check', query: { only_validate: 'true' }, expect: [202], signal },
        text,
        current,
      ),

    async drop(transaction) {
      const answer = await call({
        stage: 'clean',
        method: 'DELETE',
        path: named('/transactions', transaction),
        expect: [204, 404],
      });
      return answer.status === 204;
    },

    async open(signal) {
      const path = '/transactions';
      const query = { status: 'in_progress' };
      const answer = await call({
        stage: 'clean',
        method: 'GET',
        path,
        query,
        expect: [200],
        signal,
      });
      const parsed = transactionsSchema.safeParse(parseJson(answer.text));
      if (!parsed.success) throw badAnswer('clean', `GET ${path}`, 'not a list of transactions');
      return parsed.data ?? [];
    },
  };
}
