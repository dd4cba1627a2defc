import type { Configuration, Edit } from '../../apply/edit.ts';
import { AppError } from '../../errors.ts';
import type { Version } from './version.ts';

/** What is known of the template. */
export interface State {
  /** What HAProxy runs with; null: nobody has noted it. */
  readonly inForce: Version | null;
  /** What haproxy.cfg may have been made from since, loaded or not. */
  readonly written: Version | null;
  /** False: an earlier run of this program has left open whether that was loaded. */
  readonly isCertain: boolean;
  readonly refused: Version | null;
  /** Key of what was written when HAProxy was reloaded last, by us. */
  readonly loaded: string | null;
}

/** HAProxy runs with it; `isNew`: since now. */
export interface InForce {
  readonly kind: 'in-force';
  readonly version: Version;
  readonly isNew: boolean;
}

/** To be written and loaded. */
interface Load {
  readonly kind: 'load';
  readonly version: Version;
  readonly edit: Edit;
}

/** What was refused stands in haproxy.cfg, and goes before anybody loads it. */
interface TakeOut {
  readonly kind: 'take-out';
  readonly edit: Edit;
}

/** What was to be written is not there. */
interface NotWritten {
  readonly kind: 'not-written';
}

interface Rest {
  readonly kind: 'rest';
}

export type Decision = InForce | Load | TakeOut | NotWritten | Rest;

export type MakeEdit = (bases: readonly Version[], next: Version) => Edit;

/** What to do for the template that is mounted. Throws `AppError` TEMPLATE_CONFLICT where somebody else's change would be lost. */
export function decide(
  mounted: Version,
  state: State,
  configuration: Configuration,
  makeEdit: MakeEdit,
): Decision {
  const { inForce, written, isCertain, refused, loaded } = state;
  const all = [inForce, written, refused].filter((each) => each !== null);
  const bases = all.filter(({ rendered }) => rendered !== '');

  const isWritten = (version: Version) =>
    makeEdit(bases, version).remaining(configuration) === null;

  function stands(version: Version): boolean {
    try {
      return isWritten(version);
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  function load(version: Version): Decision {
    const edit = makeEdit(bases, version);
    // Throws where somebody else's change would be lost: then nothing is asked for.
    edit.remaining(configuration);
    return { kind: 'load', version, edit };
  }

  if (written !== null && loaded === written.key && stands(written))
    return { kind: 'in-force', version: written, isNew: true };
  if (inForce === null)
    return refused?.key !== mounted.key && isWritten(mounted)
      ? { kind: 'in-force', version: mounted, isNew: false }
      : { kind: 'rest' };
  if (!isCertain && stands(inForce)) return { kind: 'in-force', version: inForce, isNew: false };
  const target = refused?.key === mounted.key ? inForce : mounted;
  if (target.key !== inForce.key || !isCertain) return load(target);
  if (written !== null) return stands(inForce) ? { kind: 'not-written' } : load(inForce);
  const isLeft = refused !== null && refused.rendered !== '' && !stands(inForce) && stands(refused);
  return isLeft ? { kind: 'take-out', edit: makeEdit(bases, inForce) } : { kind: 'rest' };
}
