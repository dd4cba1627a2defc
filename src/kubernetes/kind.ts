import type * as z from 'zod';

/** A kind of object as the API server's paths and a Role call it. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Its objects are in no namespace. */
  readonly isClusterWide?: true;
}

/** A kind with the facts of its objects that matter here; everything else of an object is dropped at once. */
export interface Resource<Facts extends Named> extends Kind {
  readonly schema: z.ZodType<Facts>;
  /** True if nothing changed that this program uses. */
  same(left: Facts, right: Facts): boolean;
}

export interface Named {
  readonly name: string;
}

/** Path of the API server's description of a group and version. */
export function versionPath({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Path of all objects of a kind in a namespace, which one that is cluster-wide has not. */
export function pathOf(kind: Kind, namespace: string): string {
  const { plural } = kind;
  if (kind.isClusterWide === true) return `${versionPath(kind)}/${plural}`;
  return `${versionPath(kind)}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}
