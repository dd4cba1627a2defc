import type { HeardTable } from '../../../aggregate/codec/hear.ts';
import type { Ledger } from '../../../aggregate/store/ledger.ts';
import { epochTable } from '../../../config-text/sums-section.ts';
import type { Leg } from '../../relay/legs/open-leg.ts';
import { chooseEpoch, type Epoch, epochMessages, newEpoch, tagOf } from './epoch.ts';
import type { SessionTables } from './tables.ts';

export interface NamingOptions {
  readonly leg: Pick<Leg, 'write'>;
  readonly ledger: Ledger;
  readonly tables: SessionTables;
  /** HAProxy was told something of the table of epochs: all that comes next would be of that, too. */
  readonly turnedAway: () => void;
  readonly close: (why: string) => void;
}

/** What HAProxy is called, as its lesson says it. */
export interface Naming {
  /** Another lesson begins. */
  begin(): void;
  /** It has brought an entry of the table of epochs, whose values are in `table`. */
  heard(table: HeardTable, origin: string): void;
  /** All of it has come. */
  choose(): void;
  /** Goes on with the end of the lesson, at which HAProxy is told its name. True: none waits for it. */
  end(): boolean;
}

export function createNaming({ leg, ledger, tables, turnedAway, close }: NamingOptions): Naming {
  let epochs = new Map<string, number>();
  let chosen: Epoch | null = null;
  return {
    begin() {
      epochs = new Map();
      chosen = null;
    },
    heard(table, origin) {
      const tag = tagOf(table);
      epochs.set(origin, tag === undefined ? 0 : (table.words[tag] ?? 0));
    },
    choose() {
      if (tables.epochs === undefined || tagOf(tables.epochs) === undefined) {
        close(`the section has no table ${epochTable} with gpt0`);
        return;
      }
      const found = [...epochs].map(([origin, generation]): Epoch => ({ origin, generation }));
      chosen = chooseEpoch(found) ?? newEpoch();
    },
    end() {
      if (chosen === null || tables.epochs === undefined) return true;
      if (!ledger.mayEndLesson()) return false;
      const { origin, generation: before } = chosen;
      chosen = null;
      const generation = ledger.endLesson(origin, before);
      if (generation === null) close('more origins than there is room for');
      else {
        leg.write(epochMessages(tables.epochs, { origin, generation }));
        turnedAway();
      }
      return true;
    },
  };
}
