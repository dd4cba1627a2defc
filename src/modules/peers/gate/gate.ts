import { gate } from '../../../gate/gate.ts';
import type { Rules } from '../../../gate/rule.ts';
import type { Decision } from '../../../model/decision.ts';
import { delays } from './delays.ts';
import {
  type PeersFacts,
  type PeersGateInput,
  type PeersGateSettings,
  peersFactsOf,
} from './facts.ts';
import { forbids } from './forbids.ts';
import { order } from './reload-order.ts';

/** Every reload empties or hands over the tables, whatever it is for, so these rules apply to all reloads. */
export const peersRules: Rules<PeersFacts> = { forbids, delays, order };

/** The decision of the gate by the rules of the peers. */
export function peersGate(
  input: PeersGateInput,
  settings: PeersGateSettings,
  nowMs: number,
): Decision {
  return gate(peersFactsOf(input, settings, nowMs), peersRules);
}
