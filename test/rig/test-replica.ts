import { onTestFinished } from 'vitest';
import { testFolder } from '../helpers/test-folder.ts';
import { createReplica, type Replica, type ReplicaSetting } from './replica.ts';

/** A replica of the test that runs. When that is over it is killed, and its log is printed if the test has failed. */
export function testReplica(
  setting: Omit<ReplicaSetting, 'directory'>,
  name: string,
  address: string,
): Replica {
  const replica = createReplica({ ...setting, directory: testFolder() }, name, address);
  onTestFinished(async ({ task }) => {
    await replica.kill();
    if (task.result?.state === 'fail') console.log(`${name}:\n${replica.log()}`);
  });
  return replica;
}
