import { type Agreement, newAgreement } from './agreement.ts';

/** The agreements with all others, by uid. */
export interface Agreements {
  /** A new one where there was none. Those with earlier pods of the same name are forgotten. */
  begin(uid: string, pod: string): Agreement;
  get(uid: string): Agreement | undefined;
  ofPod(pod: string): Agreement | undefined;
  set(uid: string, agreement: Agreement): void;
  /** Forgets those with pods that are not among these. */
  keep(pods: ReadonlySet<string>): void;
}

export function createAgreements(own: { uid: string; start: string }): Agreements {
  const all = new Map<string, { readonly pod: string; agreement: Agreement }>();
  return {
    begin(uid, pod) {
      for (const [each, entry] of all) if (entry.pod === pod && each !== uid) all.delete(each);
      const agreement = all.get(uid)?.agreement ?? newAgreement(own, uid);
      all.set(uid, { pod, agreement });
      return agreement;
    },
    get: (uid) => all.get(uid)?.agreement,
    ofPod: (pod) => [...all.values()].find((entry) => entry.pod === pod)?.agreement,
    set(uid, agreement) {
      const entry = all.get(uid);
      if (entry !== undefined) entry.agreement = agreement;
    },
    keep(pods) {
      for (const [uid, { pod }] of all) if (!pods.has(pod)) all.delete(uid);
    },
  };
}
